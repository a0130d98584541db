//! A view: an agreed set of members, and its number.
//!
//! Members are runs of nodes, not nodes: one that comes back with a new incarnation is no member until a new
//! view names it. The awkward case is a member whose agent is stalled while its host lives. It stays a member,
//! but can agree to nothing; so a view also says who has accepted it, and quorum is counted over those.

use alloc::vec::Vec;
use core::fmt;

use heartbeat_ebpf::ids::Incarnation;

use crate::nodes::{NodeIndex, NodeSet};

/// Number of a view: one counter for the whole cluster, which only grows. No two views have the same.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Epoch(pub u64);

impl Epoch {
    /// The one after it.
    pub const fn next(self) -> Epoch {
        Epoch(self.0.saturating_add(1))
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How the members of a view were chosen from those who could be.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Choice {
    /// No larger set is fully connected.
    Exact,
    /// The search took too many steps: a fully connected set that no node could be added to.
    Greedy,
}

/// One view.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct View {
    /// Its number.
    pub epoch: Epoch,
    /// Every member, by place, and which run of it.
    pub members: Vec<(NodeIndex, Incarnation)>,
    /// Those who have to accept it: all members but those whose agents are stalled.
    pub acceptors: NodeSet,
    /// Members that the view before it did not have.
    pub joined: NodeSet,
    /// How the members were chosen.
    pub choice: Choice,
}

impl View {
    /// Its members.
    pub fn set(&self) -> NodeSet {
        self.members.iter().map(|(node, _)| *node).collect()
    }

    /// Which run of a node is a member, if one is.
    pub fn incarnation(&self, node: NodeIndex) -> Option<Incarnation> {
        let at = self.members.binary_search_by_key(&node, |(node, _)| *node);
        at.ok().map(|at| self.members[at].1)
    }
}
