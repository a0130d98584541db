//! What was last told of a path, for the next run of the agent to go on from.
//!
//! Slots outlive the agent, so a new run knows what arrived. The awkward case is what the run before had
//! already said about it: a loss told twice pages somebody twice, and one told by nobody is worse. So every
//! change of what is told is handed out as a value, which is kept beside the slot once the event is on the
//! disk, and handed back when the slot is adopted.

use heartbeat_ebpf::time::Timestamp;

/// What a run has told of a path.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Memory {
    /// As what the path was told.
    pub told: Told,
    /// Lost: the last heartbeat before the silence. Restarting, left: when that was announced.
    pub since: Option<Timestamp>,
    /// Lost: heartbeats recorded until then.
    pub arrivals: u64,
    /// Silences that ended until here are told.
    pub told_until: Option<Timestamp>,
}

/// As what a path was told.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Told {
    /// As nothing yet.
    #[default]
    Nothing,
    /// As up.
    Up,
    /// As lost.
    Lost,
    /// As restarting.
    Restarting,
    /// As left.
    Left,
}

impl Told {
    /// The number that stands for it in a map record; it never changes its meaning.
    pub const fn code(self) -> u64 {
        match self {
            Told::Nothing => 0,
            Told::Up => 1,
            Told::Lost => 2,
            Told::Restarting => 3,
            Told::Left => 4,
        }
    }

    /// What a number stands for; an unknown one for nothing told.
    pub const fn from_code(code: u64) -> Self {
        match code {
            1 => Told::Up,
            2 => Told::Lost,
            3 => Told::Restarting,
            4 => Told::Left,
            _ => Told::Nothing,
        }
    }
}
