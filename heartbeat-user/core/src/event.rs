//! The catalogue: every event with its number, name, severity and text.
//!
//! Numbers and texts of 1122 and 1123 are those of Microsoft's knowledge base article 892422, word for word
//! with the names filled in, so that what operators know, and what they search for, stays true. Nothing else
//! in the product has texts of events, but for what an operator did, which the agent words itself.

use core::time::Duration;

use heartbeat_ebpf::ids::{Incarnation, NodeId};
use heartbeat_ebpf::time::Timestamp;

use crate::arrival::Departure;
use crate::config::{NetworkIndex, PathIndex};
use crate::nodes::NodeIndex;
use crate::starvation::Part;
use crate::view::{Choice, Epoch};

mod message;

/// How much an event matters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Severity {
    /// Good to know.
    Info,
    /// Look at it.
    Warning,
    /// Something is broken.
    Error,
    /// Somebody must act now.
    Critical,
}

impl Severity {
    /// As events print it.
    pub const fn label(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Error => "error",
            Severity::Critical => "critical",
        }
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident $id:literal $severity:ident,)*) => {
        /// What kind of event.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum EventKind {
            $($(#[$doc])* $kind,)*
        }

        impl EventKind {
            /// All kinds, by number.
            pub const ALL: &'static [EventKind] = &[$(EventKind::$kind,)*];

            /// The number, which never changes its meaning.
            pub const fn id(self) -> u32 {
                match self {
                    $(EventKind::$kind => $id,)*
                }
            }

            /// The name.
            pub const fn name(self) -> &'static str {
                match self {
                    $(EventKind::$kind => stringify!($kind),)*
                }
            }

            /// The severity.
            pub const fn severity(self) -> Severity {
                match self {
                    $(EventKind::$kind => Severity::$severity,)*
                }
            }
        }
    };
}

kinds! {
    /// Heard for the first time, or again after 1123.
    PathRestored 1122 Info,
    /// `lost_after` heartbeats in a row missed on a path that was heard before.
    PathLost 1123 Warning,
    /// This node's own interface failed.
    LocalInterfaceFailed 1124 Warning,
    /// An interface reaches all others on its network that are neither failed nor unavailable.
    InterfaceUp 1125 Info,
    /// It misses one of those, and where the fault lies is not determined.
    InterfaceUnreachable 1126 Warning,
    /// The fault is isolated to that interface.
    InterfaceFailed 1127 Error,
    /// All interfaces that are neither failed nor unavailable reach each other.
    NetworkUp 1128 Info,
    /// Some pair of them cannot.
    NetworkPartitioned 1129 Error,
    /// None can.
    NetworkDown 1130 Error,
    /// By configuration.
    InterfaceAdded 1131 Info,
    /// By configuration.
    InterfaceRemoved 1132 Info,
    /// By configuration.
    NetworkAdded 1133 Info,
    /// By configuration.
    NetworkRemoved 1134 Info,
    /// A node was removed from the active membership.
    MemberRemoved 1135 Critical,
    /// This node's side lost the quorum it had.
    QuorumLost 1177 Critical,
    /// Announced: a path that left is not lost and misses nothing.
    NodeLeft 334_303 Info,
    /// Announced: verdicts wait.
    AgentRestarting 334_304 Info,
    /// A peer runs another configuration.
    ConfigDiffers 334_305 Warning,
    /// Unicast works where the group does not.
    MulticastFailed 334_306 Warning,
    /// This node's incarnation went back.
    IncarnationRefused 334_307 Warning,
    /// Five losses within ten minutes.
    PathFlapping 334_308 Warning,
    /// This node's own timing was too late to judge by.
    SelfStarved 334_309 Warning,
    /// A node joined the active membership.
    MemberJoined 334_310 Info,
    /// A node is kept out after repeated ungraceful exits.
    Quarantined 334_311 Warning,
    /// Leave, reload, maintenance, key change.
    Operator 334_312 Info,
}

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
            Event::Departed { departure, .. } => match departure {
                Departure::Leaving => EventKind::NodeLeft,
                Departure::Restarting => EventKind::AgentRestarting,
            },
            Event::ConfigDiffers { .. } => EventKind::ConfigDiffers,
            Event::MulticastFailed { .. } => EventKind::MulticastFailed,
            Event::IncarnationRefused { .. } => EventKind::IncarnationRefused,
            Event::PathFlapping { .. } => EventKind::PathFlapping,
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
            | Event::PathFlapping { path, .. } => Subject::Path(*path),
            Event::Departed { peer, .. } | Event::ConfigDiffers { peer, .. } => {
                Subject::Peer(*peer)
            }
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
