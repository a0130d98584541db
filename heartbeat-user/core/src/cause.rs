//! Why heartbeats were missed.
//!
//! "Lost communication" leaves an operator with a list of twenty things to check. Most of them are settled by four
//! numbers that a heartbeat carries or leaves behind: its sequence, when it was sent, when it arrived, and what the
//! kernel at the other end answers meanwhile. The awkward case is certainty. At the deadline little is known: a host
//! that is silent on every network may be down, or cut off. So there are two judgements by the same rules, one with
//! 1123 and one with 1122, when the numbers after the silence and the peer's own account are in; and each says how
//! sure it is, because a cause that is wrong with confidence is worse than none.

mod findings;
mod judge;
mod place;
mod sentence;

pub use findings::{Company, Echoed, Elsewhere, Findings, Numbers, OwnSide, Run, Views};
pub use judge::judge;

/// What kind of cause.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Class {
    /// The peer's agent sent nothing, while its host's kernel answers: stopped or hung.
    AgentStalled,
    /// The peer's agent wanted to send and was not scheduled.
    StarvedThere,
    /// This host was not scheduled, and what arrived was stamped late.
    StarvedHere,
    /// Another run of the peer's agent.
    AgentRestarted,
    /// The peer said that it leaves.
    PeerLeft,
    /// The peer's host went down.
    HostDown,
    /// Silent on every network: down or cut off, nobody can tell yet.
    HostSilent,
    /// The peer's whole machine stood still.
    PausedThere,
    /// This whole machine stood still.
    PausedHere,
    /// Lost on the way from the peer, while ours arrive there.
    LostToUs,
    /// Lost on the way to the peer, while its own arrive here.
    LostToThem,
    /// Lost in both directions.
    LostBothWays,
    /// Sent in time, and late on the way.
    Delayed,
    /// Overtaken on the way.
    Disordered,
    /// This node's own interface was down.
    InterfaceDownHere,
    /// The peer's interface was down.
    InterfaceDownThere,
    /// Dropped by this host before XDP saw it.
    DroppedHere,
    /// Refused or dropped by the peer's own host.
    DroppedThere,
    /// The group's frames get lost, and others do not.
    GroupOnly,
    /// Not known.
    #[default]
    Unknown,
}

impl Class {
    /// All of them.
    pub const ALL: [Class; 20] = [
        Class::AgentStalled,
        Class::StarvedThere,
        Class::StarvedHere,
        Class::AgentRestarted,
        Class::PeerLeft,
        Class::HostDown,
        Class::HostSilent,
        Class::PausedThere,
        Class::PausedHere,
        Class::LostToUs,
        Class::LostToThem,
        Class::LostBothWays,
        Class::Delayed,
        Class::Disordered,
        Class::InterfaceDownHere,
        Class::InterfaceDownThere,
        Class::DroppedHere,
        Class::DroppedThere,
        Class::GroupOnly,
        Class::Unknown,
    ];

    /// As events print it.
    pub const fn label(self) -> &'static str {
        match self {
            Class::AgentStalled => "agent-stalled",
            Class::StarvedThere => "starved-there",
            Class::StarvedHere => "starved-here",
            Class::AgentRestarted => "agent-restarted",
            Class::PeerLeft => "peer-left",
            Class::HostDown => "host-down",
            Class::HostSilent => "host-silent",
            Class::PausedThere => "paused-there",
            Class::PausedHere => "paused-here",
            Class::LostToUs => "lost-to-us",
            Class::LostToThem => "lost-to-them",
            Class::LostBothWays => "lost-both-ways",
            Class::Delayed => "delayed",
            Class::Disordered => "disordered",
            Class::InterfaceDownHere => "interface-down-here",
            Class::InterfaceDownThere => "interface-down-there",
            Class::DroppedHere => "dropped-here",
            Class::DroppedThere => "dropped-there",
            Class::GroupOnly => "group-only",
            Class::Unknown => "unknown",
        }
    }
}

/// How far a cause is certain.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Certainty {
    /// Nothing speaks for any cause.
    #[default]
    Unknown,
    /// What is known speaks for it, and something that could speak against it is not known.
    Likely,
    /// Proved by what is known.
    Sure,
}

impl Certainty {
    /// As events print it.
    pub const fn label(self) -> &'static str {
        match self {
            Certainty::Unknown => "unknown",
            Certainty::Likely => "likely",
            Certainty::Sure => "sure",
        }
    }
}

/// Where the fault is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Place {
    /// At this node: its host, its interface, or the cable and port of it.
    Here,
    /// Between the two: each is heard on the network by others.
    Between,
    /// At the peer: its host, its interface, or the cable and port of it.
    AtPeer,
    /// The network as a whole.
    Network,
    /// Not known.
    #[default]
    Unknown,
}

impl Place {
    /// As events print it.
    pub const fn label(self) -> &'static str {
        match self {
            Place::Here => "here",
            Place::Between => "between",
            Place::AtPeer => "at-peer",
            Place::Network => "network",
            Place::Unknown => "unknown",
        }
    }
}

/// How much of a peer is missed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Scope {
    /// This network, while it is heard on another.
    Network,
    /// Every network there is to it; possibly only this one.
    #[default]
    AllNetworks,
}

impl Scope {
    /// As events print it.
    pub const fn label(self) -> &'static str {
        match self {
            Scope::Network => "network",
            Scope::AllNetworks => "all-networks",
        }
    }
}

/// Why heartbeats were missed, as far as it is known.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Cause {
    /// What kind of cause.
    pub class: Class,
    /// How far that is certain.
    pub certainty: Certainty,
    /// Where the fault is.
    pub place: Place,
    /// How much of the peer was missed.
    pub scope: Scope,
}

/// A cause, and what it was judged by.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Explanation {
    /// Why.
    pub cause: Cause,
    /// What was found.
    pub findings: Findings,
}

impl Explanation {
    /// What follows from these findings.
    pub fn of(findings: Findings) -> Self {
        Explanation {
            cause: judge(&findings),
            findings,
        }
    }
}
