use heartbeat_ebpf::ids::Incarnation;

use super::*;
use crate::config::PathIndex;

const INTERVAL: u64 = 100;

/// A path whose record is swept after each heartbeat.
struct Record {
    health: Health,
    arrival: Arrival,
    now: u64,
}

fn at(ms: u64) -> Timestamp {
    Timestamp::from_ns(ms * 1_000_000).expect("not zero")
}

impl Record {
    fn new() -> Self {
        let arrival = Arrival {
            path: PathIndex(0),
            last: Some(at(1000)),
            previous: None,
            arrivals: 1,
            lost: 0,
            reordered: 0,
            duplicates: 0,
            sequence: 0,
            sent: 0,
            agent_age: Duration::ZERO,
            unheard: None,
            announced_interval: Some(Duration::from_millis(INTERVAL)),
            incarnation: Incarnation(1),
            departure: None,
            digest: None,
            candidate: None,
            reply: None,
            missed: None,
            armed: false,
            armed_for_candidate: false,
        };
        let mut record = Record {
            health: Health::default(),
            arrival,
            now: 1000,
        };
        record.sweep();
        record
    }

    fn sweep(&mut self) {
        self.health.hear(at(self.now), &self.arrival);
    }

    /// A heartbeat comes, so many ms late, after so many that did not.
    fn hear(&mut self, lost: u64, late: u64) {
        self.now += (1 + lost) * INTERVAL;
        self.arrival.previous = self.arrival.last;
        self.arrival.last = Some(at(self.now + late));
        self.arrival.arrivals += 1;
        self.arrival.lost += lost;
        self.sweep();
    }

    /// So many heartbeats, of which every so many-th is lost.
    fn lose(&mut self, count: u64, every: u64) -> Condition {
        for _ in 0..count / every {
            for _ in 2..every {
                self.hear(0, 0);
            }
            self.hear(1, 0);
        }
        self.health.condition()
    }

    /// So many heartbeats, every other of them late.
    fn shake(&mut self, count: u64, late: u64) -> Condition {
        for number in 0..count {
            self.hear(0, number % 2 * late);
        }
        self.health.condition()
    }

    fn quiet(&mut self, count: u64) -> Condition {
        for _ in 0..count {
            self.hear(0, 0);
        }
        self.health.condition()
    }
}

#[test]
fn a_path_that_loses_nothing_is_good_and_so_is_one_that_was_never_heard() {
    assert_eq!(Health::default().condition(), Condition::Good);
    assert_eq!(Record::new().quiet(1000), Condition::Good);
}

#[test]
fn two_lost_heartbeats_are_no_pattern_and_three_are() {
    let mut record = Record::new();
    record.quiet(10);
    record.hear(2, 0);
    assert_eq!(record.health.condition(), Condition::Good);
    record.hear(1, 0);
    assert_eq!(record.health.condition(), Condition::Poor, "3 of 15");
}

#[test]
fn a_path_is_as_bad_as_the_share_it_loses() {
    assert_eq!(Record::new().lose(1200, 50), Condition::Good);
    assert_eq!(Record::new().lose(1200, 20), Condition::Worn);
    assert_eq!(Record::new().lose(1200, 5), Condition::Poor);
}

#[test]
fn what_is_worn_stays_so_until_it_loses_half_as_much() {
    let mut record = Record::new();
    assert_eq!(record.lose(1200, 30), Condition::Worn);
    assert_eq!(record.lose(1800, 45), Condition::Worn, "22 of a thousand");
    assert_eq!(record.lose(1800, 100), Condition::Good);
    assert_eq!(record.lose(1800, 45), Condition::Good, "22 of a thousand");
}

#[test]
fn a_minute_after_the_last_loss_a_path_is_good() {
    let mut record = Record::new();
    assert_eq!(record.lose(600, 5), Condition::Poor);
    assert_eq!(record.quiet(200), Condition::Poor);
    assert_eq!(record.quiet(500), Condition::Good);
}

#[test]
fn heartbeats_that_come_after_all_were_not_lost() {
    let mut record = Record::new();
    record.quiet(10);
    record.hear(5, 0);
    assert_eq!(record.health.condition(), Condition::Poor);
    record.arrival.lost = 0;
    record.arrival.arrivals += 5;
    record.sweep();
    assert_eq!(record.health.condition(), Condition::Good);
}

#[test]
fn after_an_outage_a_path_is_poor_for_a_minute() {
    let mut record = Record::new();
    record.quiet(100);
    record.hear(5000, 0);
    assert_eq!(record.health.condition(), Condition::Poor);
    assert_eq!(record.quiet(700), Condition::Good);
}

#[test]
fn a_path_is_as_bad_as_its_jitter() {
    assert_eq!(Record::new().shake(200, 5), Condition::Good);
    assert_eq!(Record::new().shake(200, 15), Condition::Worn);
    assert_eq!(Record::new().shake(200, 30), Condition::Poor);
    let mut record = Record::new();
    record.shake(200, 15);
    assert_eq!(
        record.shake(200, 8),
        Condition::Worn,
        "more than half as much"
    );
    assert_eq!(record.shake(200, 5), Condition::Good);
}

#[test]
fn jitter_below_the_smallest_tolerance_is_none() {
    let mut record = Record::new();
    record.arrival.announced_interval = Some(Duration::from_millis(4));
    assert_eq!(record.shake(200, 1), Condition::Good);
    assert!(0 < record.health.jitter);
}

#[test]
fn a_lost_heartbeat_is_no_jitter() {
    let mut record = Record::new();
    record.lose(100, 2);
    assert_eq!(record.health.shaking, Condition::Good);
    assert_eq!(record.health.losing, Condition::Poor);
}

/// A slot is zeroed before another path gets it, and numbers may jump as far as they can.
#[test]
fn counts_that_fall_or_leap_are_no_reason_to_break() {
    let mut record = Record::new();
    record.quiet(10);
    record.arrival.arrivals = 1;
    record.arrival.lost = u64::MAX;
    record.sweep();
    assert_eq!(record.health.condition(), Condition::Good);
    record.arrival.arrivals = u64::MAX;
    record.arrival.lost = 0;
    record.sweep();
    record.arrival.lost = u64::MAX;
    record.sweep();
    assert_eq!(record.health.condition(), Condition::Poor, "half of all");
}
