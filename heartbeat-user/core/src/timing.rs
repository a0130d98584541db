//! When a silence is too long.
//!
//! A path is lost when `lost_after` heartbeats in a row are missing. The awkward case is the heartbeat that
//! is only just due: at exactly two intervals the second one may be on the wire, so that one lost heartbeat
//! plus jitter would decide by the toss of a coin. Hence the tolerance: the deadline is last arrival +
//! `lost_after` x interval + tolerance, and `lost_after` - 1 losses in a row never reach it.
//!
//! The second awkward case is a change of the interval rolled out node by node: a path is judged by the
//! larger of our own interval and the one the sender announces, and an automatic tolerance follows it.

use core::num::NonZeroU32;
use core::time::Duration;

/// Shortest and longest interval between two heartbeats.
pub const INTERVAL_MIN: Duration = Duration::from_millis(10);
/// See [`INTERVAL_MIN`].
pub const INTERVAL_MAX: Duration = Duration::from_secs(60);
/// Shortest automatic tolerance.
pub const TOLERANCE_MIN: Duration = Duration::from_millis(2);

/// What is added to a deadline.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tolerance {
    /// An eighth of the interval, at least [`TOLERANCE_MIN`].
    Auto,
    /// This much.
    Fixed(Duration),
}

/// How one path is judged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Timing {
    /// Between two heartbeats sent, [`INTERVAL_MIN`] ..= [`INTERVAL_MAX`], whole milliseconds.
    pub interval: Duration,
    /// Missed heartbeats in a row that end a path.
    pub lost_after: NonZeroU32,
    /// Added to the deadline.
    pub tolerance: Tolerance,
    /// Heartbeats until a lost path is up again.
    pub restored_after: NonZeroU32,
}

impl Timing {
    /// The interval to judge a sender by that announces `announced`, if it has announced one.
    pub fn judged_interval(&self, announced: Option<Duration>) -> Duration {
        self.interval.max(announced.unwrap_or(Duration::ZERO))
    }

    /// How long after the last arrival a path is lost.
    pub fn detection(&self, announced: Option<Duration>) -> Duration {
        let interval = self.judged_interval(announced);
        interval
            .saturating_mul(self.lost_after.get())
            .saturating_add(self.tolerance(interval))
    }

    /// How long after the last arrival the first heartbeat is missed.
    pub fn first_miss(&self, announced: Option<Duration>) -> Duration {
        let interval = self.judged_interval(announced);
        interval.saturating_add(self.tolerance(interval))
    }

    /// The shortest gap that is late. A lost heartbeat is looked for at that moment, so nothing shorter is sure to
    /// be seen.
    pub fn late(&self, announced: Option<Duration>) -> Duration {
        let half = self.judged_interval(announced) / 2;
        self.first_miss(announced).saturating_add(half)
    }

    /// How long after the last arrival a node is suspected, if it is silent for as long on every network that
    /// counts: `regroup_after` missed heartbeats and the tolerance.
    pub fn suspicion(&self, announced: Option<Duration>, regroup_after: u32) -> Duration {
        let interval = self.judged_interval(announced);
        interval
            .saturating_mul(regroup_after)
            .saturating_add(self.tolerance(interval))
    }

    /// What is added to a deadline that is counted in intervals of this length.
    pub fn tolerance(&self, interval: Duration) -> Duration {
        match self.tolerance {
            Tolerance::Auto => TOLERANCE_MIN.max(interval / 8),
            Tolerance::Fixed(tolerance) => tolerance,
        }
    }

    /// The length of a gap that is worth writing down: shorter than any that this node may judge, and as short as the
    /// other end may see one that this end judges, of a path that was cut both ways.
    pub fn notable_gap(&self) -> Duration {
        let missed = self.lost_after.get().saturating_sub(1).max(1);
        let seen = self.interval.saturating_mul(missed);
        seen.saturating_add(self.tolerance(self.interval) / 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timing(interval_ms: u64, lost_after: u32) -> Timing {
        Timing {
            interval: Duration::from_millis(interval_ms),
            lost_after: NonZeroU32::new(lost_after).expect("not zero"),
            tolerance: Tolerance::Auto,
            restored_after: NonZeroU32::MIN,
        }
    }

    #[test]
    fn at_the_defaults_a_path_is_lost_after_2_55_s() {
        assert_eq!(timing(1200, 2).detection(None), Duration::from_millis(2550));
        assert_eq!(timing(10, 3).detection(None), Duration::from_millis(32));
    }

    #[test]
    fn at_the_defaults_a_node_is_suspected_after_7_35_s() {
        let announced = Some(Duration::from_millis(100));
        assert_eq!(
            timing(1200, 2).suspicion(announced, 6),
            Duration::from_millis(7350)
        );
        assert_eq!(
            timing(10, 3).suspicion(announced, 6),
            Duration::from_micros(612_500)
        );
    }

    #[test]
    fn the_larger_interval_counts_and_the_tolerance_follows_it() {
        let announced = |ms| Some(Duration::from_millis(ms));
        assert_eq!(
            timing(100, 3).detection(announced(1200)),
            Duration::from_millis(3750)
        );
        assert_eq!(
            timing(1200, 3).detection(announced(100)),
            Duration::from_millis(3750)
        );
    }
}
