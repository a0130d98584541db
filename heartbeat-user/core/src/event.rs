//! The catalogue: every event with its number, name, severity and text.
//!
//! Numbers and texts of 1122 and 1123 are those of Microsoft's knowledge base article 892422, word for word
//! with the names filled in, so that what operators know, and what they search for, stays true. Nothing else
//! in the product has texts of events.

use alloc::format;
use alloc::string::String;
use core::time::Duration;

use heartbeat_ebpf::time::Timestamp;

use crate::config::{Config, PathIndex};

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

/// What kind of event.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum EventKind {
    /// 1122: heard for the first time, or again after 1123.
    PathRestored,
    /// 1123: `lost_after` heartbeats in a row missed on a path that was heard before.
    PathLost,
}

impl EventKind {
    /// All kinds, by number.
    pub const ALL: &'static [EventKind] = &[EventKind::PathRestored, EventKind::PathLost];

    /// The number, which never changes its meaning.
    pub const fn id(self) -> u32 {
        match self {
            EventKind::PathRestored => 1122,
            EventKind::PathLost => 1123,
        }
    }

    /// The name.
    pub const fn name(self) -> &'static str {
        match self {
            EventKind::PathRestored => "PathRestored",
            EventKind::PathLost => "PathLost",
        }
    }

    /// The severity.
    pub const fn severity(self) -> Severity {
        match self {
            EventKind::PathRestored => Severity::Info,
            EventKind::PathLost => Severity::Warning,
        }
    }
}

/// One event, with what proves it. Moments are of the observer's CLOCK_MONOTONIC.
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

impl Event {
    /// Its kind.
    pub const fn kind(&self) -> EventKind {
        match self {
            Event::PathRestored { .. } => EventKind::PathRestored,
            Event::PathLost { .. } => EventKind::PathLost,
        }
    }

    /// The path that it is about.
    pub const fn path(&self) -> PathIndex {
        match self {
            Event::PathRestored { path, .. } | Event::PathLost { path, .. } => *path,
        }
    }

    /// The text, or `None` where the event is about a path that `config` does not have.
    pub fn message(&self, config: &Config) -> Option<String> {
        let path = config.paths.get(self.path().position())?;
        let (peer, network) = (&path.peer_name, &path.network_label);
        Some(match self {
            Event::PathRestored { .. } => format!(
                "The node (re)established communication with cluster node '{peer}' on network '{network}'."
            ),
            Event::PathLost { .. } => format!(
                "The node lost communication with cluster node '{peer}' on network '{network}'."
            ),
        })
    }
}
