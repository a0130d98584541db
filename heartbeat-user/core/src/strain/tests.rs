extern crate std;
use core::num::NonZeroU32;
use std::vec::Vec;

use heartbeat_ebpf::ids::Incarnation;
use proptest::prelude::*;

use super::*;
use crate::config::PathIndex;
use crate::event::EventKind;
use crate::timing::{Timing, Tolerance};

const MINUTE: u64 = 60_000;

/// What becomes of one heartbeat.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Late(u64),
    Lost,
}

use Fate::{Late, Lost};

const PROMPT: Fate = Late(0);

/// A path that is looked at four times an interval and with each arrival; all times are ms.
struct Story {
    interval: u64,
    path: Path,
    strains: Strains,
    arrival: Arrival,
    now: u64,
    due: u64,
    missing: u64,
    losses: usize,
    told: Vec<(u64, Strain)>,
}

fn at(ms: u64) -> Timestamp {
    Timestamp::from_ns(ms * 1_000_000).expect("not zero")
}

impl Story {
    fn new(interval: u64, lost_after: u32) -> Self {
        let timing = Timing {
            interval: Duration::from_millis(interval),
            lost_after: NonZeroU32::new(lost_after).expect("not zero"),
            tolerance: Tolerance::Auto,
            restored_after: NonZeroU32::MIN,
        };
        let mut story = Story {
            interval,
            path: Path::new(PathIndex(0), timing, Duration::from_secs(10)),
            strains: Strains::default(),
            arrival: Arrival {
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
                announced_interval: Some(Duration::from_millis(interval)),
                incarnation: Incarnation(1),
                departure: None,
                digest: None,
                candidate: None,
                reply: None,
                missed: None,
                armed: true,
                armed_for_candidate: true,
            },
            now: 1000,
            due: 1000,
            missing: 0,
            losses: 0,
            told: Vec::new(),
        };
        story.sweep();
        story
    }

    fn sweep(&mut self) {
        let mut events = Vec::new();
        self.path
            .sweep(at(self.now), &self.arrival, None, &mut events);
        let lost = |event: &&crate::event::Event| event.kind() == EventKind::PathLost;
        self.losses += events.iter().filter(lost).count();
        self.strains.hear(at(self.now), &self.path, &self.arrival);
        if let Some(strain) = self.strains.untold(at(self.now)) {
            self.told.push((self.now, strain));
            self.strains.tell(at(self.now));
        }
    }

    fn go_to(&mut self, moment: u64) {
        let step = (self.interval / 4).max(1);
        while self.now + step < moment {
            self.now += step;
            self.sweep();
        }
        self.now = self.now.max(moment);
    }

    fn next(&mut self, fate: Fate) {
        self.due += self.interval;
        let Late(late) = fate else {
            self.missing += 1;
            return;
        };
        self.go_to(self.due + late);
        self.arrival.previous = self.arrival.last;
        self.arrival.last = Some(at(self.now));
        self.arrival.arrivals += 1;
        self.arrival.lost += core::mem::take(&mut self.missing);
        self.sweep();
    }

    /// So many heartbeats, of which every so many-th has this fate.
    fn every(&mut self, count: u64, every: u64, fate: Fate) -> &mut Self {
        for number in 1..=count {
            let chosen = number % every == 0;
            self.next(if chosen { fate } else { PROMPT });
        }
        self
    }

    /// The peer says so many times that it misses our heartbeats, each time after so many of its own.
    fn complain(&mut self, times: u64, after: u64) -> &mut Self {
        for _ in 0..times {
            self.every(after, 1, PROMPT);
            self.arrival.missed = Some(at(self.now));
        }
        self.every(1, 1, PROMPT)
    }

    fn kinds(&self) -> Vec<Strain> {
        self.told.iter().map(|(_, strain)| *strain).collect()
    }
}

#[test]
fn a_path_that_loses_a_tenth_is_told_once_and_within_a_minute_at_every_pace() {
    for (interval, lost_after) in [(1200, 2), (100, 3), (10, 3)] {
        let mut story = Story::new(interval, lost_after);
        story.every(4 * MINUTE / interval, 10, Lost);
        assert_eq!(story.kinds(), [Strain::Losing], "{interval} ms");
        assert!(story.told[0].0 < 1000 + MINUTE, "{interval} ms");
        assert_eq!(story.losses, 0);
        let tally = story.strains.last_minute();
        assert_eq!(tally.late, 0, "a lost heartbeat is not late");
        assert!(LEAST <= tally.lost);
    }
}

#[test]
fn one_late_heartbeat_is_nothing_and_three_within_half_a_minute_are_told() {
    let mut story = Story::new(1200, 2);
    story.every(80, 40, Late(800));
    assert_eq!(story.told, []);
    story.every(80, 200, PROMPT).every(21, 7, Late(800));
    assert_eq!(story.kinds(), [Strain::Late]);
    assert_eq!(
        story.strains.last_minute().largest_gap,
        Duration::from_millis(2000)
    );
    assert_eq!(story.losses, 0);
}

#[test]
fn gaps_that_grow_towards_the_deadline_are_told_before_it() {
    let mut story = Story::new(1200, 2);
    for late in [100, 300, 500, 750, 900, 1200] {
        story.every(5, 5, Late(late));
    }
    assert_eq!(story.kinds(), [Strain::Late]);
    assert_eq!(story.losses, 0);
    story.every(2, 2, Late(1600));
    assert_eq!(story.losses, 1, "and this would have been the first word");
}

#[test]
fn two_narrow_escapes_are_told_where_thousands_of_heartbeats_are_due() {
    let mut story = Story::new(10, 3);
    story.every(1000, 100, Late(8));
    assert_eq!(story.told, [], "ten late of a thousand");
    story.every(200, 100, Late(19));
    assert_eq!(story.kinds(), [Strain::Late]);
    assert_eq!((story.losses, story.strains.last_minute().narrow), (0, 2));
}

#[test]
fn a_peer_that_complains_again_and_again_does_not_hear_us() {
    let mut story = Story::new(1200, 2);
    story.complain(2, 5);
    assert_eq!(story.told, []);
    story.complain(1, 5);
    assert_eq!(story.kinds(), [Strain::Unheard]);
    assert_eq!(story.strains.last_minute().complaints, 3);
}

#[test]
fn strain_ends_when_a_minute_has_passed_with_less_than_half_of_it() {
    let mut story = Story::new(1200, 2);
    story.every(50, 10, Lost);
    assert!(story.strains.has(Strain::Losing));
    story.every(50, 100, PROMPT);
    assert!(
        story.strains.has(Strain::Losing),
        "a minute after the last loss"
    );
    story.every(60, 100, PROMPT);
    assert!(!story.strains.has(Strain::Losing));
    assert_eq!(story.strains.last_minute().lost, 0);
    story.every(50, 10, Lost);
    assert_eq!(story.told.len(), 1, "ten minutes have not passed");
    story.every(500, 10, Lost);
    assert_eq!(story.told.len(), 2);
    story.every(1000, 10, Lost);
    assert_eq!(story.told.len(), 2, "it is the strain that was told");
}

#[test]
fn what_was_told_as_a_loss_is_not_told_again() {
    let mut story = Story::new(100, 3);
    story.every(100, 200, PROMPT).every(20, 1, Lost);
    story.every(1000, 2000, PROMPT);
    assert_eq!((story.losses, story.told.len()), (1, 0));
    assert_eq!(story.arrival.lost, 20, "they are in the slot");
    assert_eq!(story.strains.last_minute().lost, 0);
}

#[test]
fn what_this_node_may_have_caused_is_nobodys_strain() {
    let mut story = Story::new(100, 3);
    for _ in 0..20 {
        story.every(20, 10, Late(80));
        story.strains.excuse();
    }
    assert_eq!(story.told, []);
    story.every(80, 10, Late(80));
    assert_eq!(story.kinds(), [Strain::Late]);
}

#[test]
fn a_path_that_one_missed_heartbeat_ends_is_never_late() {
    let mut story = Story::new(1200, 1);
    story.every(100, 10, Late(140));
    assert_eq!((story.losses, story.told.len()), (0, 0));
    assert_eq!(story.arrival.arrivals, 101);
}

fn paces() -> impl Strategy<Value = (u64, u32)> {
    prop_oneof![Just((1200, 2)), Just((100, 3)), Just((10, 3))]
}

fn fates() -> impl Strategy<Value = Vec<(Fate, usize)>> {
    let fate = prop_oneof![
        4 => Just(PROMPT),
        1 => (0u64..2000).prop_map(Late),
        2 => Just(Lost),
    ];
    proptest::collection::vec((fate, 1usize..30), 1..200)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// However a path's heartbeats tremble, as long as they come within half an interval.
    #[test]
    fn jitter_within_half_an_interval_is_never_told(
        (interval, lost_after) in paces(),
        shares in proptest::collection::vec(0u64..=50, 500..1500),
    ) {
        let mut story = Story::new(interval, lost_after);
        for share in &shares {
            story.next(Late(interval * share / 100));
        }
        prop_assert_eq!(&story.told, &[]);
        prop_assert_eq!(story.losses, 0);
        let tally = story.strains.last_minute();
        prop_assert_eq!((tally.lost, tally.late), (0, 0));
        prop_assert!(0 < tally.arrived);
    }

    #[test]
    fn two_events_of_a_path_are_ten_minutes_apart_whatever_happens(fates in fates()) {
        let mut story = Story::new(1200, 2);
        for (fate, times) in fates {
            for _ in 0..times {
                story.next(fate);
            }
        }
        for pair in story.told.windows(2) {
            prop_assert!(10 * MINUTE <= pair[1].0 - pair[0].0, "{:?}", story.told);
        }
    }

    /// Whatever the first losses are, as long as no two are so close that they would be a 1123.
    #[test]
    fn a_path_that_loses_without_being_lost_is_told_with_the_third_loss(
        between in proptest::collection::vec(1u64..8, 3),
    ) {
        let mut story = Story::new(1200, 2);
        for prompt in between {
            prop_assert_eq!(&story.told, &[]);
            story.every(prompt, 100, PROMPT).every(1, 1, Lost);
        }
        story.every(1, 1, PROMPT);
        prop_assert_eq!((story.losses, story.kinds()), (0, std::vec![Strain::Losing]));
    }
}
