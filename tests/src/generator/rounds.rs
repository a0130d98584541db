//! When each path is due: all of them once an interval, spread evenly over it.
//!
//! Thousands of real nodes do not send at one moment, and a receiver that is woken by bursts would look better
//! than it is. So the interval is cut into slices of about a millisecond, and each slice has its share of the
//! paths. The awkward case is a generator that was not scheduled: it sends what is due once and goes on with its
//! period, as an agent does, and never in a burst of rounds.

use std::ops::Range;

/// Length of a slice, nanoseconds.
const SLICE_NS: u64 = 1_000_000;

/// A schedule; moments are nanoseconds of CLOCK_MONOTONIC.
#[derive(Clone, Debug)]
pub struct Rounds {
    paths: usize,
    slices: u64,
    interval_ns: u64,
    begin_ns: u64,
    /// Slices served or passed over since the beginning.
    served: u64,
}

impl Rounds {
    /// The schedule of so many paths from now on.
    pub fn new(paths: usize, interval_ns: u64, now_ns: u64) -> Self {
        Rounds {
            paths,
            slices: (interval_ns / SLICE_NS).clamp(1, paths.max(1) as u64),
            interval_ns,
            begin_ns: now_ns,
            served: 0,
        }
    }

    /// When the next slice is due.
    pub fn due_ns(&self) -> u64 {
        let (rounds, slice) = (self.served / self.slices, self.served % self.slices);
        self.begin_ns + rounds * self.interval_ns + slice * self.interval_ns / self.slices
    }

    /// The places of the paths that are due now, if any are; to be called until none are.
    pub fn next(&mut self, now_ns: u64) -> Option<Range<usize>> {
        let late_ns = now_ns.checked_sub(self.due_ns())?;
        self.served += late_ns / self.interval_ns * self.slices;
        let slice = self.served % self.slices;
        self.served += 1;
        let place = |slice: u64| (slice as usize * self.paths) / self.slices as usize;
        Some(place(slice)..place(slice + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    fn due(rounds: &mut Rounds, now_ns: u64) -> Vec<usize> {
        std::iter::from_fn(|| rounds.next(now_ns))
            .flatten()
            .collect()
    }

    #[test]
    fn every_path_is_due_once_an_interval() {
        let mut rounds = Rounds::new(4096, 1200 * MS, 7);
        for round in 0..3 {
            let mut places = Vec::new();
            for ms in 0..1200 {
                let slice = due(&mut rounds, 7 + (round * 1200 + ms) * MS);
                assert!((3..=4).contains(&slice.len()), "{} at {ms} ms", slice.len());
                places.extend(slice);
            }
            assert_eq!(places, (0..4096).collect::<Vec<_>>());
        }
    }

    #[test]
    fn few_paths_have_a_slice_each() {
        let mut rounds = Rounds::new(1, 100 * MS, 0);
        assert_eq!(due(&mut rounds, 0), [0]);
        assert_eq!(due(&mut rounds, 99 * MS), [] as [usize; 0]);
        assert_eq!(rounds.due_ns(), 100 * MS);
        assert_eq!(due(&mut rounds, 100 * MS), [0]);
    }

    #[test]
    fn after_a_stop_every_path_is_due_once() {
        let mut rounds = Rounds::new(10, 10 * MS, 0);
        assert_eq!(due(&mut rounds, 5 * MS).len(), 6);
        assert_eq!(due(&mut rounds, 1_005 * MS).len(), 10);
        assert_eq!(rounds.due_ns(), 1_006 * MS);
    }
}
