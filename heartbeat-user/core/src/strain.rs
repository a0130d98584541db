//! Early warning: a path that is late, loses, or is not heard by its peer, and is not lost.
//!
//! Before a cable breaks it mostly loses a little, and before a host stops it is mostly late. The awkward case is
//! the single late heartbeat: every busy host has one now and then, and whoever is told of each stops reading. So
//! strain is several in about a minute, and a share of all that were due. It is entered at a bound, lasts for a
//! minute after half of that was last reached, and is told once in ten minutes.
//!
//! A lost heartbeat makes a long gap as well, and counts as lost alone. What this node's own lateness may have
//! caused counts for nothing, and after every 1123 and 1122 counting begins anew: that trouble is told.

use core::time::Duration;

use heartbeat_ebpf::time::Timestamp;

use crate::arrival::Arrival;
use crate::path::Path;
use tally::{Seen, Window};

pub use tally::Tally;

mod tally;

/// Between two events of one path.
pub const REST: Duration = Duration::from_secs(600);
/// How long strain lasts after half of its bound was reached.
const HELD: Duration = Duration::from_secs(60);
/// Fewer of anything are no pattern.
const LEAST: u64 = 3;
/// Gaps of a path that was nearly lost, which are a pattern however many heartbeats there were.
const NARROW: u64 = 2;

/// How a path is strained, the worst first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Strain {
    /// Heartbeats are missing by their numbers: three, and every hundredth.
    Losing,
    /// They come, but more than half an interval and the tolerance after they were due: every hundredth, and
    /// three, where one in the last eighth of the detection time counts twice. Two of those are enough.
    Late,
    /// The peer says that it misses ours: three times, and for every twentieth.
    Unheard,
}

/// How many of a peer's networks are strained.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Spread {
    /// This one, and not each of the others.
    Path,
    /// All on which it is up, and there are several: the cause is in one of the two hosts, or on what they share.
    Peer,
}

/// What is told of a path that is strained.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Warning {
    /// By what, the worst if there is more.
    pub strain: Strain,
    /// What was counted in the half to whole minute before.
    pub tally: Tally,
    /// How many of the peer's networks are strained so.
    pub spread: Spread,
}

/// The strain of one path.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Strains {
    seen: Option<Seen>,
    window: Window,
    /// Until when each kind lasts, in the order of [`Strain::ALL`].
    until: [Option<Timestamp>; 3],
    /// Since when there is any.
    since: Option<Timestamp>,
    told: Option<Timestamp>,
}

impl Strain {
    /// All kinds, the worst first.
    pub const ALL: [Strain; 3] = [Strain::Losing, Strain::Late, Strain::Unheard];

    /// As events, metrics and commands print it.
    pub const fn label(self) -> &'static str {
        match self {
            Strain::Losing => "losing",
            Strain::Late => "late",
            Strain::Unheard => "unheard",
        }
    }

    /// What counts for it.
    const fn figure(self, tally: &Tally) -> u64 {
        match self {
            Strain::Losing => tally.lost,
            Strain::Late => tally.late.saturating_add(tally.narrow),
            Strain::Unheard => tally.complaints,
        }
    }

    /// Heartbeats for each that counts: more of them, and it is no pattern.
    const fn among(self) -> u64 {
        match self {
            Strain::Losing | Strain::Late => 100,
            Strain::Unheard => 20,
        }
    }

    /// Whether `times` as much as there was would be strain, where so many heartbeats were `due`.
    fn is_reached(self, tally: &Tally, times: u64, due: u64) -> bool {
        let figure = self.figure(tally).saturating_mul(times);
        let narrow = match self {
            Strain::Late => tally.narrow.saturating_mul(times),
            Strain::Losing | Strain::Unheard => 0,
        };
        LEAST <= figure && (NARROW <= narrow || due <= figure.saturating_mul(self.among()))
    }
}

impl Spread {
    /// As evidence prints it.
    pub const fn label(self) -> &'static str {
        match self {
            Spread::Path => "path",
            Spread::Peer => "peer",
        }
    }
}

impl Strains {
    /// Takes note of what a sweep brings, after the path was judged by it.
    pub fn hear(&mut self, now: Timestamp, path: &Path, arrival: &Arrival) {
        let Some(fresh) = Seen::new(now, path, arrival) else {
            return self.begin_anew();
        };
        match self.seen.replace(fresh) {
            Some(before) if before.precedes(&fresh) => {
                self.window.turn(now);
                self.window.count(path, before, fresh, arrival.previous);
                self.judge(now, path.judged_interval());
            }
            Some(_) | None => {
                self.begin_anew();
                self.seen = Some(fresh);
            }
        }
    }

    /// This node was late itself, or stood still: what was counted may be its own doing.
    pub fn excuse(&mut self) {
        self.seen = None;
        self.window = Window::default();
    }

    /// Whether it is strained like this.
    pub fn has(&self, strain: Strain) -> bool {
        Strain::ALL
            .iter()
            .zip(self.until)
            .any(|(kind, until)| *kind == strain && until.is_some())
    }

    /// What was counted in the last half to whole minute.
    pub fn last_minute(&self) -> Tally {
        self.window.sum()
    }

    /// Whether half of what would be strain was counted: with another path's strain beside it, that is no chance.
    pub fn hints_at(&self, strain: Strain) -> bool {
        2 <= strain.figure(&self.last_minute())
    }

    /// What is to be told at `now`, if anything is. Whoever asks calls [`Strains::tell`] once it is told.
    pub fn untold(&self, now: Timestamp) -> Option<Strain> {
        let since = self.since?;
        let untold = |told: Timestamp| told < since && REST <= now.since(told);
        let due = self.told.is_none_or(untold);
        Strain::ALL.into_iter().find(|kind| due && self.has(*kind))
    }

    /// It is told.
    pub fn tell(&mut self, now: Timestamp) {
        self.told = Some(now);
    }

    fn begin_anew(&mut self) {
        *self = Strains {
            told: self.told,
            ..Strains::default()
        };
    }

    fn judge(&mut self, now: Timestamp, interval: Duration) {
        let tally = self.window.sum();
        if self.since.is_none() && tally.is_calm() {
            return;
        }
        let due = tally.due(interval);
        for (kind, until) in Strain::ALL.into_iter().zip(&mut self.until) {
            *until = until.filter(|until| now < *until);
            let times = if until.is_some() { 2 } else { 1 };
            if kind.is_reached(&tally, times, due) {
                *until = Some(now.after(HELD));
            }
        }
        if self.until.iter().all(Option::is_none) {
            self.since = None;
        } else {
            self.since.get_or_insert(now);
        }
    }
}

#[cfg(test)]
mod tests;
