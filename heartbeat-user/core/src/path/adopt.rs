//! Going on where an earlier run of the agent stopped.
//!
//! The slot says what arrived, the memory what was told of it; what followed is still to be told. A path that
//! was heard for the first time while no agent ran was told as nothing, so it is *unknown* until the first
//! sweep finds it heard.

use super::{Path, PathState};
use crate::arrival::Arrival;
use crate::memory::{Memory, Told};

impl Path {
    /// Takes over a slot and what an earlier run on the same boot has told of it.
    pub fn adopt(&mut self, arrival: &Arrival, memory: Memory) {
        let Some(last) = arrival.last else { return };
        let since = memory.since.unwrap_or(last);
        self.state = match memory.told {
            Told::Nothing => return,
            Told::Up => PathState::Up,
            Told::Restarting => PathState::Restarting { since },
            Told::Left => PathState::Left { since },
            Told::Lost => PathState::Lost {
                last_arrival: since,
                arrivals: memory.arrivals,
                answered: None,
            },
        };
        self.last = Some(last);
        self.arrivals = arrival.arrivals;
        self.announced_interval = arrival.announced_interval;
        self.told_until = memory.told_until;
    }

    /// What the next run must know.
    pub fn memory(&self) -> Memory {
        let (told, since, arrivals) = match self.state {
            PathState::Unknown => (Told::Nothing, None, 0),
            PathState::Up => (Told::Up, None, 0),
            PathState::Restarting { since } => (Told::Restarting, Some(since), 0),
            PathState::Left { since } => (Told::Left, Some(since), 0),
            PathState::Lost {
                last_arrival,
                arrivals,
                ..
            } => (Told::Lost, Some(last_arrival), arrivals),
        };
        Memory {
            told,
            since,
            arrivals,
            told_until: self.told_until,
        }
    }
}
