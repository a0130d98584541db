//! The catalogue: every event with its number, name, severity and text.
//!
//! Numbers and texts of 1122 and 1123 are those of Microsoft's knowledge base article 892422, word for word
//! with the names filled in, so that what operators know, and what they search for, stays true. Nothing else
//! in the product has texts of events, but for what an operator did, which the agent words itself.

use core::time::Duration;

use heartbeat_ebpf::ids::{Incarnation, NodeId};
use heartbeat_ebpf::time::Timestamp;

use crate::arrival::Departure;
use crate::config::PathIndex;
use crate::starvation::Part;

mod message;

/// How much an event matters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Severity {
    /// Good to know.
    Info,
    /// Look at it.
    Warning,
}

impl Severity {
    /// As events print it.
    pub const fn label(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
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
    /// By configuration.
    InterfaceAdded 1131 Info,
    /// By configuration.
    InterfaceRemoved 1132 Info,
    /// By configuration.
    NetworkAdded 1133 Info,
    /// By configuration.
    NetworkRemoved 1134 Info,
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
            Event::IncarnationRefused { .. } | Event::SelfStarved { .. } => Subject::Observer,
        }
    }
}
