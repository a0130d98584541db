//! What the kernel knows of a path, handed to the core as it stands.

use core::time::Duration;

use heartbeat_ebpf::ids::Incarnation;
use heartbeat_ebpf::time::Timestamp;

use crate::config::PathIndex;

/// One path at one sweep: a level, not an edge.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Arrival {
    /// Which path.
    pub path: PathIndex,
    /// The newest heartbeat's arrival; `None`: never heard.
    pub last: Option<Timestamp>,
    /// The one before it.
    pub previous: Option<Timestamp>,
    /// Heartbeats recorded so far.
    pub arrivals: u64,
    /// The interval that the sender announces.
    pub announced_interval: Option<Duration>,
    /// An incarnation that is heard but not confirmed, and when it was heard last.
    pub candidate: Option<(Incarnation, Timestamp)>,
    /// Whether the next arrival wakes the agent.
    pub armed: bool,
    /// Whether the next unconfirmed incarnation does.
    pub armed_for_candidate: bool,
}

/// A silence that ended, as XDP wrote it down.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Gap {
    /// Which path.
    pub path: PathIndex,
    /// The arrival before it.
    pub start: Timestamp,
    /// The arrival that ended it.
    pub end: Timestamp,
    /// Heartbeats recorded so far, the one that ended it included.
    pub arrivals: u64,
}
