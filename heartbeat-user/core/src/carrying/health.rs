//! How well a path has carried heartbeats over the last minute.
//!
//! A path may lose every tenth datagram and never be lost. The awkward case is a figure that lies at a bound:
//! messages would change networks with every heartbeat. So there are three conditions and no more; one is entered at
//! a bound and left at half of it. What a peer's own sender does, early or late, shows on all its paths alike, and
//! makes none of them better than another.

use core::time::Duration;

use heartbeat_ebpf::time::Timestamp;

use crate::arrival::Arrival;
use crate::timing::TOLERANCE_MIN;

/// Counts are kept for the current half minute and the one before it.
const HALF: Duration = Duration::from_secs(30);
/// Fewer lost heartbeats in a minute are no pattern.
const LOST_MIN: u64 = 3;
/// Lost heartbeats of a thousand, from which on a path is worn or poor.
const LOSSES: Bounds = Bounds {
    worn: 30,
    poor: 150,
};
/// How far heartbeats come from when they are due, in thousandths of the interval. At random moments, they are
/// 250 off on average.
const JITTER: Bounds = Bounds {
    worn: 125,
    poor: 200,
};
/// Over about so many heartbeats jitter is averaged, as in RFC 3550.
const SMOOTHING: u64 = 16;

/// How well a path has carried heartbeats lately, the best first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Condition {
    /// As it should be.
    #[default]
    Good,
    /// Every thirtieth heartbeat is lost, or they come late by an eighth of the interval.
    Worn,
    /// Every seventh is lost, or they come at any moment.
    Poor,
}

/// What is known of one path's last minute.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Health {
    seen: Option<Seen>,
    /// Since when the current half counts.
    since: Option<Timestamp>,
    current: Tally,
    before: Tally,
    /// Ns.
    jitter: u64,
    losing: Condition,
    shaking: Condition,
}

/// The counts of the sweep before.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Seen {
    last: Option<Timestamp>,
    arrivals: u64,
    lost: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
struct Tally {
    arrived: u64,
    lost: u64,
}

impl Health {
    /// Takes note of what a sweep brings.
    pub fn hear(&mut self, now: Timestamp, arrival: &Arrival) {
        self.turn(now);
        let now_seen = Seen {
            last: arrival.last,
            arrivals: arrival.arrivals,
            lost: arrival.lost,
        };
        let before = self.seen.replace(now_seen);
        // Fewer than before: the record was cleared, and counts from zero.
        if let Some(before) = before.filter(|before| before.arrivals <= arrival.arrivals) {
            self.count(before, arrival);
            if before.last < arrival.last {
                self.shake(arrival);
            }
        }
    }

    /// How well the path does.
    pub fn condition(&self) -> Condition {
        self.losing.max(self.shaking)
    }

    /// Forgets what is older than the half before the current one.
    fn turn(&mut self, now: Timestamp) {
        let since = *self.since.get_or_insert(now);
        let age = now.since(since);
        if age < HALF {
            return;
        }
        self.before = if age < 2 * HALF {
            self.current
        } else {
            Tally::default()
        };
        self.current = Tally::default();
        self.since = Some(now);
    }

    fn count(&mut self, before: Seen, arrival: &Arrival) {
        let arrived = arrival.arrivals - before.arrivals;
        self.current.arrived = self.current.arrived.saturating_add(arrived);
        let lost = self.current.lost.saturating_add(arrival.lost);
        self.current.lost = lost.saturating_sub(before.lost);
        let lost = self.current.lost.saturating_add(self.before.lost);
        let arrived = self.current.arrived.saturating_add(self.before.arrived);
        let pattern = if lost < LOST_MIN { 0 } else { lost };
        let per_mille = per_mille(pattern, lost.saturating_add(arrived));
        self.losing = LOSSES.judge(per_mille, self.losing);
    }

    /// Heartbeats come at the sender's pace, so the time between two is some of its intervals, and the rest jitter.
    fn shake(&mut self, arrival: &Arrival) {
        let (Some(last), Some(previous)) = (arrival.last, arrival.previous) else {
            return;
        };
        let Some(interval) = arrival.announced_interval.map(nanoseconds) else {
            return;
        };
        let interval = interval.max(1);
        let rest = nanoseconds(last.since(previous)) % interval;
        let off = rest.min(interval - rest);
        self.jitter -= self.jitter / SMOOTHING;
        self.jitter += off / SMOOTHING;
        let notable = if self.jitter < nanoseconds(TOLERANCE_MIN) {
            0
        } else {
            self.jitter
        };
        self.shaking = JITTER.judge(per_mille(notable, interval), self.shaking);
    }
}

/// A share in thousandths; of nothing, none.
fn per_mille(part: u64, whole: u64) -> u64 {
    let share = u128::from(part) * 1000 / u128::from(whole.max(1));
    u64::try_from(share).unwrap_or(u64::MAX)
}

fn nanoseconds(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

/// Where a condition is entered; it is left at half of that.
struct Bounds {
    worn: u64,
    poor: u64,
}

impl Bounds {
    fn judge(&self, figure: u64, held: Condition) -> Condition {
        let reached = |figure: u64| {
            if self.poor <= figure {
                Condition::Poor
            } else if self.worn <= figure {
                Condition::Worn
            } else {
                Condition::Good
            }
        };
        reached(figure).max(held.min(reached(figure.saturating_mul(2))))
    }
}

#[cfg(test)]
mod tests;
