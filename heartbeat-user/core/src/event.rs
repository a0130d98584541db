//! The catalogue: every event with its number, name, severity and text.
//!
//! Numbers and texts of 1122 and 1123 are those of Microsoft's knowledge base article 892422, word for word
//! with the names filled in, so that what operators know, and what they search for, stays true. Nothing else
//! in the product has texts of events, but for what an operator did, which the agent words itself.

use core::time::Duration;

use heartbeat_ebpf::ids::{Incarnation, NodeId};
use heartbeat_ebpf::time::Timestamp;

use crate::arrival::Departure;
use crate::cause::Explanation;
use crate::config::{NetworkIndex, PathIndex};
use crate::nodes::NodeIndex;
use crate::starvation::Part;
use crate::strain::Warning;
use crate::view::{Choice, Epoch};

mod because;
mod kind;
mod message;

pub use kind::{EventKind, Severity};

/// One event that the core judged, with what proves it. Moments are of the observer's CLOCK_MONOTONIC.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event {
    /// 1122.
    PathRestored {
        /// The path.
        path: PathIndex,
        /// When it was judged so.
        judged: Timestamp,
        /// The heartbeat that ended the outage, or the first ever.
        arrival: Timestamp,
        /// `None`: heard for the first time.
        outage: Option<Outage>,
    },
    /// 1123.
    PathLost {
        /// The path.
        path: PathIndex,
        /// When it was judged so.
        judged: Timestamp,
        /// The last heartbeat before the silence.
        last_arrival: Timestamp,
        /// The moment at which it became too long.
        deadline: Timestamp,
        /// Whole intervals without a heartbeat, until it was judged or until the silence ended.
        missed: u64,
        /// Why, as far as it was known at that moment.
        why: Explanation,
    },
    /// 334301.
    AgentStalled {
        /// Whose agent.
        peer: NodeId,
        /// When it was judged so.
        judged: Timestamp,
        /// Its last heartbeat on any network.
        last_arrival: Timestamp,
    },
    /// 334302.
    AgentResumed {
        /// Whose agent.
        peer: NodeId,
        /// When it was judged so.
        judged: Timestamp,
        /// How long it had stalled.
        lasted: Duration,
    },
    /// 334303 or 334304.
    Departed {
        /// Who goes.
        peer: NodeId,
        /// When it was noticed.
        judged: Timestamp,
        /// The heartbeat that said so.
        arrival: Timestamp,
        /// How it goes.
        departure: Departure,
    },
    /// 334305.
    ConfigDiffers {
        /// Whose configuration is another.
        peer: NodeId,
        /// When it was judged so.
        judged: Timestamp,
    },
    /// 334306.
    MulticastFailed {
        /// The path whose peer does not hear the group.
        path: PathIndex,
        /// When it was judged so.
        judged: Timestamp,
    },
    /// 334307, about this node.
    IncarnationRefused {
        /// When it was noticed.
        judged: Timestamp,
        /// The incarnation that peers refuse.
        ours: Incarnation,
        /// The newer one that they know.
        known: Incarnation,
    },
    /// 334308.
    PathFlapping {
        /// The path.
        path: PathIndex,
        /// When it was lost once too often.
        judged: Timestamp,
    },
    /// 334313.
    PathLate {
        /// The path.
        path: PathIndex,
        /// When it was judged so.
        judged: Timestamp,
        /// What strains it.
        warning: Warning,
    },
    /// 334309, about this node.
    SelfStarved {
        /// When it was noticed.
        judged: Timestamp,
        /// What was late.
        part: Part,
        /// By how much.
        late: Duration,
        /// More than this is too late.
        bound: Duration,
    },
    /// 1124, about this node.
    LocalInterfaceFailed {
        /// The network that the interface is on.
        network: NetworkIndex,
        /// When the kernel's word reached the core.
        judged: Timestamp,
    },
    /// 1125, 1126 or 1127.
    Interface {
        /// Whose interface; this node's too.
        node: NodeIndex,
        /// On which network.
        network: NetworkIndex,
        /// What it is now.
        state: Reach,
        /// When that was told.
        judged: Timestamp,
    },
    /// 1128, 1129 or 1130.
    Network {
        /// Which.
        network: NetworkIndex,
        /// What it is now.
        state: Unity,
        /// When that was told.
        judged: Timestamp,
    },
    /// 1135.
    MemberRemoved {
        /// Who.
        node: NodeIndex,
        /// The view without it.
        epoch: Epoch,
        /// How the survivors were chosen.
        choice: Choice,
        /// When the view was installed here.
        judged: Timestamp,
    },
    /// 1177, about this node.
    QuorumLost {
        /// The last view that had it.
        epoch: Epoch,
        /// When it was judged so.
        judged: Timestamp,
    },
    /// 334310.
    MemberJoined {
        /// Who; possibly this node.
        node: NodeIndex,
        /// The first view with it.
        epoch: Epoch,
        /// When the view was installed here.
        judged: Timestamp,
    },
    /// 334311.
    Quarantined {
        /// Who is kept out.
        node: NodeIndex,
        /// Until when.
        until: Timestamp,
        /// When it was judged so.
        judged: Timestamp,
    },
}

/// What an event tells of an interface.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reach {
    /// 1125.
    Up,
    /// 1126.
    Unreachable,
    /// 1127.
    Failed,
}

/// What an event tells of a network.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unity {
    /// 1128.
    Up,
    /// 1129.
    Partitioned,
    /// 1130.
    Down,
}

/// A silence that was reported as 1123.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Outage {
    /// The last heartbeat before it.
    pub last_arrival: Timestamp,
    /// Its length.
    pub length: Duration,
    /// Up to twice the detection time: the interruption that the knowledge base article says can generally
    /// be ignored.
    pub blip: bool,
    /// Why, with what the heartbeats after it and the peer itself say.
    pub why: Explanation,
}

/// Whom an event is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Subject {
    /// A peer on one network.
    Path(PathIndex),
    /// A peer.
    Peer(NodeId),
    /// This node.
    Observer,
    /// This node on one network.
    OwnInterface(NetworkIndex),
    /// A node on one network, possibly this one.
    Interface(NodeIndex, NetworkIndex),
    /// A network as a whole.
    Network(NetworkIndex),
    /// A node, possibly this one.
    Node(NodeIndex),
}

impl Event {
    /// Its kind.
    pub const fn kind(&self) -> EventKind {
        match self {
            Event::PathRestored { .. } => EventKind::PathRestored,
            Event::PathLost { .. } => EventKind::PathLost,
            Event::AgentStalled { .. } => EventKind::AgentStalled,
            Event::AgentResumed { .. } => EventKind::AgentResumed,
            Event::Departed { departure, .. } => match departure {
                Departure::Leaving => EventKind::NodeLeft,
                Departure::Restarting => EventKind::AgentRestarting,
            },
            Event::ConfigDiffers { .. } => EventKind::ConfigDiffers,
            Event::MulticastFailed { .. } => EventKind::MulticastFailed,
            Event::IncarnationRefused { .. } => EventKind::IncarnationRefused,
            Event::PathFlapping { .. } => EventKind::PathFlapping,
            Event::PathLate { .. } => EventKind::PathLate,
            Event::SelfStarved { .. } => EventKind::SelfStarved,
            Event::LocalInterfaceFailed { .. } => EventKind::LocalInterfaceFailed,
            Event::Interface { state, .. } => match state {
                Reach::Up => EventKind::InterfaceUp,
                Reach::Unreachable => EventKind::InterfaceUnreachable,
                Reach::Failed => EventKind::InterfaceFailed,
            },
            Event::Network { state, .. } => match state {
                Unity::Up => EventKind::NetworkUp,
                Unity::Partitioned => EventKind::NetworkPartitioned,
                Unity::Down => EventKind::NetworkDown,
            },
            Event::MemberRemoved { .. } => EventKind::MemberRemoved,
            Event::QuorumLost { .. } => EventKind::QuorumLost,
            Event::MemberJoined { .. } => EventKind::MemberJoined,
            Event::Quarantined { .. } => EventKind::Quarantined,
        }
    }

    /// Whom it is about.
    pub const fn subject(&self) -> Subject {
        match self {
            Event::PathRestored { path, .. }
            | Event::PathLost { path, .. }
            | Event::MulticastFailed { path, .. }
            | Event::PathFlapping { path, .. }
            | Event::PathLate { path, .. } => Subject::Path(*path),
            Event::Departed { peer, .. }
            | Event::AgentStalled { peer, .. }
            | Event::AgentResumed { peer, .. }
            | Event::ConfigDiffers { peer, .. } => Subject::Peer(*peer),
            Event::IncarnationRefused { .. }
            | Event::SelfStarved { .. }
            | Event::QuorumLost { .. } => Subject::Observer,
            Event::LocalInterfaceFailed { network, .. } => Subject::OwnInterface(*network),
            Event::Interface { node, network, .. } => Subject::Interface(*node, *network),
            Event::Network { network, .. } => Subject::Network(*network),
            Event::MemberRemoved { node, .. }
            | Event::MemberJoined { node, .. }
            | Event::Quarantined { node, .. } => Subject::Node(*node),
        }
    }
}
