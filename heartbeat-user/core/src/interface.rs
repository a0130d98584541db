//! What is wrong where: states of interfaces and networks, from who hears whom.
//!
//! Each node reports whom it hears on a network; side by side these rows are a [`Matrix`], from which every
//! node reads the same states. A pair of interfaces is connected if each hears the other. *Unavailable* comes
//! first (the owner is no member), then *failed*, because the others are judged by what is left:
//! *unreachable* is an interface that misses one that is neither, *up* one that misses none.
//!
//! The awkward case is a node that says nothing any more. Between its last heartbeat and its removal it is
//! still a member whom nobody reaches. Taken word for word, every interface of the cluster would be
//! unreachable then, for missing it, and every network partitioned: a page full of alarms about networks that
//! work, on each crash of one node. So an interface that nobody reaches, and whose owner does not confirm it,
//! is unreachable itself (1126, before 1135 tells why) and counts against no other interface and not against
//! the network, as long as something shows that the network works. The cases one by one:
//!
//! * *Failed* takes agreement (1127): the owner's kernel says so; or nobody reaches it while another pair is
//!   connected, and its owner, which still reports by another network, hears nobody either; or nobody
//!   reaches it, and no witness answers it where one answers another node. An owner that claims to hear
//!   others, none of whom hears it, may have stopped since: its interface is unreachable.
//! * A cable out, three nodes: failed, and the network stays up for the others. A pair cut in one direction
//!   or in both: both ends unreachable, the network partitioned. It does not matter which direction: what
//!   can't be answered is no connection.
//! * A switch that stops with its ports up, three nodes or more: nothing says of any interface that it is the
//!   one at fault, so all are unreachable, and the network is down (1130 once). If the ports go down with it,
//!   every kernel says so: all failed, and down.
//! * Two nodes: a broken pair alone does not say whose side failed. Both are unreachable and the network is
//!   partitioned, as its text says that the location is not determined; down is for two that failed by
//!   evidence. The same holds for a node that hears nobody at all while others are silent everywhere: this
//!   may be a crash there or a cut here. A witness that answers it settles that: it is up, and so is the
//!   network.
//! * Of two nodes one failed by evidence: the other is up, for it misses nobody that is not failed, and so is
//!   the network.
//! * A node whose own interface failed knows nothing of the others there unless they report by another
//!   network. What it held to be so of them goes on.

use alloc::vec::Vec;

use crate::nodes::{NodeIndex, NodeSet};

mod matrix;
#[cfg(test)]
mod tests;

pub use matrix::{Hears, Matrix};

/// Whether a node's own interface works, as its kernel tells: device, address, carrier.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Soundness {
    /// Not known.
    #[default]
    Unknown,
    /// Device, address and carrier are there.
    Sound,
    /// One of them is not.
    Failed,
}

/// Whether an address outside the cluster answers a node on a network.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Witness {
    /// Nobody was asked, or not lately.
    #[default]
    Unknown,
    /// At least one answers.
    Answers,
    /// None does.
    Silent,
}

/// What an interface is held to be.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum InterfaceState {
    /// Its owner is no member, or there is no such interface.
    #[default]
    Unavailable,
    /// The fault is isolated to it.
    Failed,
    /// It misses another that is neither failed nor unavailable, and where the fault lies is not determined.
    Unreachable,
    /// It misses none of those.
    Up,
}

impl InterfaceState {
    /// All of them.
    pub const ALL: [InterfaceState; 4] = [
        InterfaceState::Unavailable,
        InterfaceState::Failed,
        InterfaceState::Unreachable,
        InterfaceState::Up,
    ];

    /// As status and metrics print it.
    pub const fn label(self) -> &'static str {
        match self {
            InterfaceState::Unavailable => "unavailable",
            InterfaceState::Failed => "failed",
            InterfaceState::Unreachable => "unreachable",
            InterfaceState::Up => "up",
        }
    }
}

/// What a network is held to be.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum NetworkState {
    /// All its interfaces are.
    #[default]
    Unavailable,
    /// None of its available nodes can communicate by it.
    Down,
    /// Some of them can't with some.
    Partitioned,
    /// All interfaces that are neither failed nor unavailable reach each other.
    Up,
}

impl NetworkState {
    /// All of them.
    pub const ALL: [NetworkState; 4] = [
        NetworkState::Unavailable,
        NetworkState::Down,
        NetworkState::Partitioned,
        NetworkState::Up,
    ];

    /// As status and metrics print it.
    pub const fn label(self) -> &'static str {
        match self {
            NetworkState::Unavailable => "unavailable",
            NetworkState::Down => "down",
            NetworkState::Partitioned => "partitioned",
            NetworkState::Up => "up",
        }
    }
}

/// What follows from one matrix. `None` is said where nothing known speaks for or against: what was held to
/// be so goes on.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct States {
    /// By [`NodeIndex`], up to the last attached node.
    pub interfaces: Vec<Option<InterfaceState>>,
    /// The network as a whole.
    pub network: Option<NetworkState>,
}

/// Judges one network.
pub fn judge(matrix: &Matrix<'_>) -> States {
    let pairs = matrix.pairs();
    let failed = failed(matrix, &pairs);
    let jury = Jury {
        unconfirmed: unconfirmed(matrix, &pairs).without(&failed),
        failed,
        matrix,
        pairs,
    };
    let places = matrix.attached.iter().last();
    let count = places.map_or(0, |last| last.position() + 1);
    let nodes = (0..count).map(|place| NodeIndex(place as u16));
    let interfaces: Vec<_> = nodes.map(|node| jury.interface(node)).collect();
    let network = jury.network(&interfaces);
    States {
        interfaces,
        network,
    }
}

/// Interfaces to which the fault is isolated.
fn failed(matrix: &Matrix<'_>, pairs: &matrix::Pairs) -> NodeSet {
    let reports = || pairs.reporting.iter();
    let witness = |node, said| matrix.row(node).is_some_and(|row| row.witness == said);
    let answered = reports().any(|node| witness(node, Witness::Answers));
    let agreed = |node: &NodeIndex| {
        let own = matrix.row(*node).map(|row| row.soundness);
        let alone = pairs.isolated.contains(*node);
        own == Some(Soundness::Failed)
            || alone && pairs.connected() && matrix.hears_nobody(*node)
            || alone && answered && witness(*node, Witness::Silent)
    };
    reports().filter(agreed).collect()
}

/// Interfaces that nobody reaches, and whose owners do not say so themselves.
fn unconfirmed(matrix: &Matrix<'_>, pairs: &matrix::Pairs) -> NodeSet {
    let silent = |node: &NodeIndex| matrix.row(*node).is_none() || pairs.connected();
    pairs.isolated.iter().filter(silent).collect()
}

/// Everything that the states of one network are judged by.
struct Jury<'a> {
    matrix: &'a Matrix<'a>,
    pairs: matrix::Pairs,
    failed: NodeSet,
    unconfirmed: NodeSet,
}

impl Jury<'_> {
    fn interface(&self, node: NodeIndex) -> Option<InterfaceState> {
        if !self.pairs.present.contains(node) {
            return Some(InterfaceState::Unavailable);
        }
        if self.failed.contains(node) {
            return Some(InterfaceState::Failed);
        }
        let missed = self.pairs.broken(node).without(&self.failed);
        let counted = !missed.is_subset(&self.unconfirmed);
        if self.unconfirmed.contains(node) {
            return counted.then_some(InterfaceState::Unreachable);
        }
        let unreachable = counted || !missed.is_empty() && self.hears_silence(node);
        Some(match unreachable {
            true => InterfaceState::Unreachable,
            false => InterfaceState::Up,
        })
    }

    /// Whether nothing shows that the network works where this node is.
    fn hears_silence(&self, node: NodeIndex) -> bool {
        let answered = |row: &crate::message::Row| row.witness == Witness::Answers;
        self.pairs.isolated.contains(node) && !self.matrix.row(node).is_some_and(answered)
    }

    fn network(&self, interfaces: &[Option<InterfaceState>]) -> Option<NetworkState> {
        let present = &self.pairs.present;
        if present.is_empty() {
            return Some(NetworkState::Unavailable);
        }
        let silence = 3 <= self.pairs.reporting.len() && !self.pairs.connected();
        if silence || present.is_subset(&self.failed) {
            return Some(NetworkState::Down);
        }
        let judged = present.without(&self.failed).without(&self.unconfirmed);
        let mut states = judged.iter().map(|node| interfaces[node.position()]);
        Some(
            match states.any(|state| state == Some(InterfaceState::Unreachable)) {
                true => NetworkState::Partitioned,
                false => judged.lowest().map(|_| NetworkState::Up)?,
            },
        )
    }
}
