//! How often the loop turns at most.
//!
//! A turn looks at every path, and every path has a moment of its own at which something is due or is heard. With
//! thousands of paths that all wait for something (a start, a network that comes back), the loop would turn without
//! a pause, at a priority above everybody else's on this host. So it rests after each turn, for some times as long as
//! the turn took; what comes meanwhile is looked at together. The awkward case is a turn that took long because
//! it asked thousands of peers: the rest after it must not make a verdict late, so it has an end of its own.

use std::time::Duration;

use heartbeat_ebpf::time::Timestamp;

/// A rest is so many times as long as the turn before it: sweeping takes a tenth of a CPU at most.
const REST: u32 = 9;
/// And no longer than this part of the shortest interval: as long as the automatic tolerance.
const INTERVAL_SHARE: u32 = 8;

/// When to turn again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pace {
    wanted: Timestamp,
    rested: Timestamp,
}

impl Pace {
    /// After a turn from `begun` to `ended` that wants to be followed by another at `wanted`, where the shortest
    /// interval is `interval`.
    pub fn after(
        begun: Timestamp,
        ended: Timestamp,
        wanted: Timestamp,
        interval: Duration,
    ) -> Self {
        let rest = (ended.since(begun) * REST).min(interval / INTERVAL_SHARE);
        Pace {
            wanted,
            rested: ended.after(rest),
        }
    }

    /// The moment of the next turn.
    pub fn next(&self) -> Timestamp {
        self.wanted.max(self.rested)
    }

    /// Something has come. Says whether to turn at once; else the next turn is when the loop has rested.
    pub fn hurry(&mut self, now: Timestamp) -> bool {
        self.wanted = self.wanted.min(now);
        self.rested <= now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(us: u64) -> Timestamp {
        Timestamp::from_ns(1_000_000_000 + us * 1_000).expect("not zero")
    }

    fn pace(took_us: u64, wanted_us: u64) -> Pace {
        let interval = Duration::from_millis(80);
        Pace::after(at(0), at(took_us), at(wanted_us), interval)
    }

    #[test]
    fn what_is_due_later_than_the_rest_is_done_when_it_is_due() {
        let mut pace = pace(10, 5_000);
        assert_eq!(pace.next(), at(5_000));
        assert!(pace.hurry(at(200)));
    }

    #[test]
    fn what_comes_during_the_rest_is_done_after_it() {
        let mut pace = pace(100, 150);
        assert_eq!(pace.next(), at(1_000));
        assert!(!pace.hurry(at(500)));
        assert_eq!(pace.next(), at(1_000));
        assert!(pace.hurry(at(1_000)));
    }

    #[test]
    fn a_long_turn_is_not_followed_by_a_rest_that_makes_verdicts_late() {
        assert_eq!(pace(50_000, 60_000).next(), at(60_000));
    }
}
