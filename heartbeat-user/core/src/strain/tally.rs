//! What a path bore in about the last minute.
//!
//! The awkward case is a gap that nobody saw whole. Sweeps may lie further apart than heartbeats, and then the two
//! newest stamps say nothing of the one before. So a sweep also notes how long the silence has lasted that it
//! finds: whoever looks again half an interval after a heartbeat was due has seen every gap that counts.

use core::time::Duration;

use heartbeat_ebpf::time::Timestamp;

use super::LEAST;
use crate::arrival::Arrival;
use crate::path::{Path, PathState};

/// Counts are kept for the current half minute and the one before it.
const HALF: Duration = Duration::from_secs(30);
/// A gap that leaves less than this part of the detection time is narrow.
const NARROW_PART: u32 = 8;

/// What was counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    /// Heartbeats that arrived.
    pub arrived: u64,
    /// Heartbeats that did not, by their numbers.
    pub lost: u64,
    /// Gaps that were too long and no loss.
    pub late: u64,
    /// Of these, the ones that nearly were.
    pub narrow: u64,
    /// Longest time between two arrivals.
    pub largest_gap: Duration,
    /// Times that the peer said it misses ours.
    pub complaints: u64,
}

/// The counts of one sweep.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Seen {
    last: Timestamp,
    arrivals: u64,
    lost: u64,
    missed: Option<Timestamp>,
    told_until: Option<Timestamp>,
    /// How long the silence had lasted.
    silence: Duration,
}

/// Two halves of a minute, the current one growing.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Window {
    since: Option<Timestamp>,
    current: Tally,
    before: Tally,
}

impl Tally {
    /// Whether there is nothing that could be strain.
    pub(super) fn is_calm(&self) -> bool {
        let late = self.late.saturating_add(self.narrow);
        self.lost.max(late).max(self.complaints) < LEAST
    }

    /// Heartbeats that were due.
    pub fn expected(&self) -> u64 {
        self.arrived.saturating_add(self.lost)
    }

    /// The same, or what would have been due in half a minute, if that is more: a share of a few is chance.
    pub(super) fn due(&self, interval: Duration) -> u64 {
        let half = HALF.as_nanos() / interval.as_nanos().max(1);
        self.expected().max(u64::try_from(half).unwrap_or(u64::MAX))
    }

    fn plus(&self, other: &Tally) -> Tally {
        Tally {
            arrived: self.arrived.saturating_add(other.arrived),
            lost: self.lost.saturating_add(other.lost),
            late: self.late.saturating_add(other.late),
            narrow: self.narrow.saturating_add(other.narrow),
            largest_gap: self.largest_gap.max(other.largest_gap),
            complaints: self.complaints.saturating_add(other.complaints),
        }
    }
}

impl Seen {
    /// What stands in the slot of a path that is up.
    pub fn new(now: Timestamp, path: &Path, arrival: &Arrival) -> Option<Self> {
        let up = matches!(path.state(), PathState::Up);
        let last = arrival.last.filter(|_| up)?;
        Some(Seen {
            last,
            arrivals: arrival.arrivals,
            lost: arrival.lost,
            missed: arrival.missed,
            told_until: path.told_until(),
            silence: now.since(last),
        })
    }

    /// Whether nothing came between the two that is told otherwise: no loss, and no other record.
    pub fn precedes(&self, later: &Seen) -> bool {
        self.told_until == later.told_until && self.arrivals <= later.arrivals
    }

    /// The longest gap that ended between the two.
    fn longest_gap(&self, later: &Seen, previous: Option<Timestamp>) -> Duration {
        let previous = previous.unwrap_or(self.last).max(self.last);
        let older = later.arrivals.saturating_sub(self.arrivals + 1);
        let older = u32::try_from(older).unwrap_or(u32::MAX).max(1);
        let average = previous.since(self.last) / older;
        self.silence.max(later.last.since(previous)).max(average)
    }
}

impl Window {
    /// Forgets what is older than the half before the current one.
    pub fn turn(&mut self, now: Timestamp) {
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

    /// Counts what came between two sweeps.
    pub fn count(&mut self, path: &Path, before: Seen, fresh: Seen, previous: Option<Timestamp>) {
        let tally = &mut self.current;
        let arrived = fresh.arrivals - before.arrivals;
        tally.arrived = tally.arrived.saturating_add(arrived);
        // One fewer for each that comes after all.
        let lost = tally.lost.saturating_add(fresh.lost);
        tally.lost = lost.saturating_sub(before.lost);
        if before.missed < fresh.missed {
            tally.complaints = tally.complaints.saturating_add(1);
        }
        if arrived == 0 {
            return;
        }
        let gap = before.longest_gap(&fresh, previous);
        tally.largest_gap = tally.largest_gap.max(gap);
        let missing = fresh.lost.saturating_sub(before.lost);
        let missing = u32::try_from(missing).unwrap_or(u32::MAX);
        let late = gap.saturating_sub(path.judged_interval().saturating_mul(missing));
        if path.is_late(late) {
            tally.late = tally.late.saturating_add(1);
            let detection = path.detection();
            let narrow = detection - detection / NARROW_PART < late;
            tally.narrow = tally.narrow.saturating_add(u64::from(narrow));
        }
    }

    /// Both halves.
    pub fn sum(&self) -> Tally {
        self.current.plus(&self.before)
    }
}
