//! Measurements of one thing, and what they say.
//!
//! On a shared machine a mean tells of the neighbours. The minimum is what the thing costs undisturbed, the median
//! what it costs here today, the 99th percentile and the maximum what disturbances add. Two things are compared
//! turn by turn, for neighbours that slow down one turn slow down both.

use std::time::Duration;

use serde::Serialize;

/// Nanoseconds, or bytes where that is said, in the order in which they were measured.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Series(Vec<u64>);

/// What a series says; nanoseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Figures {
    /// How many were measured.
    pub samples: usize,
    /// None was less.
    pub minimum: u64,
    /// Half of them were at most this.
    pub median: u64,
    /// 99 of 100 were at most this.
    pub p99: u64,
    /// None was more.
    pub maximum: u64,
}

impl Series {
    /// Adds one in nanoseconds.
    pub fn push_ns(&mut self, nanoseconds: u64) {
        self.0.push(nanoseconds);
    }

    /// Adds one.
    pub fn push(&mut self, duration: Duration) {
        self.push_ns(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX));
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, in their order.
    pub fn values(&self) -> impl Iterator<Item = u64> {
        self.0.iter().copied()
    }

    /// What they say, if there is any.
    pub fn figures(&self) -> Option<Figures> {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        Some(Figures {
            samples: sorted.len(),
            minimum: *sorted.first()?,
            median: rank(&sorted, 50),
            p99: rank(&sorted, 99),
            maximum: *sorted.last()?,
        })
    }

    /// How many times as much as `base` this is: the median over turns in which both were measured.
    pub fn ratio_to(&self, base: &Series) -> Option<f64> {
        let turns = self.0.iter().zip(&base.0);
        let mut ratios: Vec<f64> = turns
            .map(|(own, base)| *own as f64 / (*base).max(1) as f64)
            .collect();
        ratios.sort_by(f64::total_cmp);
        ratios.get(ratios.len().checked_sub(1)? / 2).copied()
    }
}

impl FromIterator<u64> for Series {
    fn from_iter<I: IntoIterator<Item = u64>>(nanoseconds: I) -> Self {
        Series(nanoseconds.into_iter().collect())
    }
}

/// The smallest that so many per cent of the sorted values do not exceed.
fn rank(sorted: &[u64], percent: usize) -> u64 {
    sorted[(sorted.len() * percent).div_ceil(100).max(1) - 1]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_those_of_the_sorted_values() {
        let series: Series = (1..=200).rev().collect();
        let expected = Figures {
            samples: 200,
            minimum: 1,
            median: 100,
            p99: 198,
            maximum: 200,
        };
        assert_eq!(series.figures(), Some(expected));
        assert_eq!(Series::default().figures(), None);
        let one: Series = [7].into_iter().collect();
        assert_eq!(one.figures().map(|figures| figures.p99), Some(7));
    }

    #[test]
    fn a_ratio_is_that_of_the_typical_turn() {
        let base: Series = [10, 100, 10].into_iter().collect();
        let twice: Series = [20, 200, 90].into_iter().collect();
        assert_eq!(twice.ratio_to(&base), Some(2.0));
        assert_eq!(twice.ratio_to(&Series::default()), None);
    }
}
