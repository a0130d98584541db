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
    /// Heartbeats that their numbers show to be missing, so far; one fewer for each that comes after all.
    pub lost: u64,
    /// The interval that the sender announces.
    pub announced_interval: Option<Duration>,
    /// The run of the peer's agent that is heard; 0: none yet.
    pub incarnation: Incarnation,
    /// Whether the newest heartbeat says that its sender goes.
    pub departure: Option<Departure>,
    /// Upper 24 bits of the digest of the sender's configuration, as its newest heartbeat says.
    pub digest: Option<u32>,
    /// An incarnation that is heard but not confirmed, and when it was heard last.
    pub candidate: Option<(Incarnation, Timestamp)>,
    /// The newest reply to one of our echo requests, of this run or an earlier one.
    pub reply: Option<Reply>,
    /// When the peer last asked us with the remark that it misses our heartbeats.
    pub missed: Option<Timestamp>,
    /// Whether the next arrival wakes the agent.
    pub armed: bool,
    /// Whether the next unconfirmed incarnation does.
    pub armed_for_candidate: bool,
}

/// How a node says that it goes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Departure {
    /// Its agent will be back.
    Restarting,
    /// It leaves the cluster on purpose.
    Leaving,
}

/// A reply to an echo request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reply {
    /// When it arrived.
    pub at: Timestamp,
    /// Our highest incarnation that the peer knows; 0: none.
    pub known: Incarnation,
    /// How our heartbeats come to the peer.
    pub heard: HeardBy,
}

/// How a peer's kernel gets our newest heartbeats.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HeardBy {
    /// Not through the network's group.
    Unicast,
    /// Through the group, whether or not by unicast as well.
    Group,
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
    /// Whether the heartbeat before it said that its sender goes.
    pub departure: Option<Departure>,
}
