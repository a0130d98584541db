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
    /// Heartbeats that others overtook, so far.
    pub reordered: u64,
    /// Heartbeats heard twice, though sent once, so far.
    pub duplicates: u64,
    /// Number of the newest heartbeat.
    pub sequence: u64,
    /// When it was sent, on the sender's clock, ns; only differences within one incarnation mean anything.
    pub sent: u64,
    /// How long the main loop of its sender had made no progress then, to 65.535 s.
    pub agent_age: Duration,
    /// How many of our heartbeats the peer had not heard when it sent the newest, by what it says there: up to two are
    /// on the way at any moment and count as none; `None`: not known.
    pub unheard: Option<u64>,
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

impl Arrival {
    /// What the newest heartbeat says of its own sending.
    pub const fn beat(&self) -> Beat {
        Beat {
            incarnation: self.incarnation,
            sequence: self.sequence,
            sent: self.sent,
            agent_age: self.agent_age,
        }
    }
}

/// What a heartbeat says of its own sending.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Beat {
    /// The run that sent it; 0: there was no heartbeat.
    pub incarnation: Incarnation,
    /// Its number on the network: one more for each round, whether or not it left.
    pub sequence: u64,
    /// When it was sent, on the sender's clock, ns.
    pub sent: u64,
    /// How long its sender's main loop had made no progress, to 65.535 s.
    pub agent_age: Duration,
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
    /// The run of the peer's agent that its kernel knows.
    pub incarnation: Incarnation,
    /// The last number that the peer has sent on this network, as its kernel knows.
    pub sequence: u64,
    /// How long the peer's main loop had made no progress, to 65.535 s.
    pub agent_age: Duration,
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
    /// The heartbeat before it.
    pub before: Beat,
    /// The heartbeat that ended it.
    pub after: Beat,
}
