//! What a path bore in the last hour.

use serde::{Deserialize, Serialize};

/// What became of a path's heartbeats in the last hour, or since this run of the agent knows it, if that is less.
/// Heartbeats that are missing now are counted when the next one arrives.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct HourView {
    /// How far back it goes, up to about 3660; 0: nothing is counted yet.
    pub seconds: f64,
    /// Heartbeats that arrived or are lost.
    pub expected: u64,
    /// Of these, the ones lost, by their numbers.
    pub lost: u64,
    /// Longest time between two that arrived.
    pub largest_gap_seconds: f64,
}

impl HourView {
    /// Both together.
    pub fn and(self, other: HourView) -> HourView {
        HourView {
            seconds: self.seconds.max(other.seconds),
            expected: self.expected + other.expected,
            lost: self.lost + other.lost,
            largest_gap_seconds: self.largest_gap_seconds.max(other.largest_gap_seconds),
        }
    }

    /// The share that was lost, as people read it; nothing where none was due.
    pub fn loss(&self) -> Option<String> {
        let share = 100.0 * self.lost as f64 / self.expected as f64;
        (0 < self.expected).then(|| match share {
            // A loss must not look like none.
            tiny if 0.0 < tiny && tiny < 0.005 => "<0.01%".to_owned(),
            share => format!("{share:.2}%"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_is_told_as_one_however_small() {
        let of = |lost, expected| HourView {
            lost,
            expected,
            ..HourView::default()
        };
        assert_eq!(of(0, 0).loss(), None);
        assert_eq!(of(0, 9).loss().as_deref(), Some("0.00%"));
        assert_eq!(of(1, 72_000).loss().as_deref(), Some("<0.01%"));
        assert_eq!(of(3, 10_000).loss().as_deref(), Some("0.03%"));
        assert_eq!(of(9, 9).loss().as_deref(), Some("100.00%"));
    }
}
