//! What the nodes agree on, as this node has it: who is a member, and which interfaces and networks work.
//!
//! The awkward case is what is not well and yet as somebody wants it. An interface that nobody reaches because
//! its node left, restarts or is under maintenance is shown as it is, but nobody is to be called for it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{NetworkView, PathView, Snapshot};

/// How far the nodes agree on who is a member.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct MembershipView {
    /// Whether this node takes part: not without a key, nor where no network counts. All else says nothing then.
    pub takes_part: bool,
    /// Number of the view that this node acts by; absent: it is in none.
    pub view: Option<u64>,
    /// Number of the newest view that was heard of; 0: none.
    pub epoch: u64,
    /// How far this node is with a regroup: stabilized, activate, closing, pruning, cleanup one or cleanup two.
    pub stage: String,
    /// Whether this node acts by a view with quorum.
    pub quorate: bool,
    /// How the members were chosen: exact, or greedy where no time was left to find the largest set.
    pub choice: Option<String>,
    /// Who goes on when the votes split exactly in half.
    pub tie_breaker: String,
    /// Every node of the cluster, this one included, by number.
    pub nodes: Vec<MemberView>,
}

/// One node.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MemberView {
    /// Its name.
    pub node: String,
    /// Whether it is a member of the view that this node acts by.
    pub member: bool,
    /// Its votes.
    pub votes: u32,
}

/// One interface of a node to a network that this node is on, too.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct InterfaceView {
    /// Whose; possibly this node's.
    pub node: String,
    /// unavailable, failed, unreachable or up; unknown where this node takes no part in the membership.
    pub state: String,
    /// Whether it is under maintenance.
    pub maintenance: bool,
}

impl MembershipView {
    /// Votes of the members, and of all nodes.
    pub fn votes(&self) -> (u32, u32) {
        let all = self.nodes.iter().map(|node| node.votes).sum();
        let members = self.nodes.iter().filter(|node| node.member);
        (members.map(|node| node.votes).sum(), all)
    }

    /// Whether there were views and this node is in none that has quorum. Before the first one there is none to
    /// be missed.
    pub fn lacks_quorum(&self) -> bool {
        self.takes_part && 0 < self.epoch && !self.quorate
    }
}

impl InterfaceView {
    /// Whether something is wrong with it. A node that is no member has unavailable ones; what is wrong with the
    /// node is told of its paths.
    pub fn is_wrong(&self) -> bool {
        matches!(self.state.as_str(), "failed" | "unreachable")
    }
}

impl Snapshot {
    /// Whether an interface is wrong and nobody said that it would be.
    pub(super) fn interfaces_degraded(&self) -> bool {
        self.networks.iter().any(|network| {
            let paths = self.paths_on(network);
            let quiet = |interface: &InterfaceView| is_quiet(interface, &paths);
            // An interface that misses a quiet one is told as unreachable, and yet nothing is wrong with it.
            let excused = network
                .interfaces
                .iter()
                .any(|interface| interface.is_wrong() && quiet(interface));
            network.interfaces.iter().any(|interface| {
                let follows = excused && interface.state == "unreachable";
                interface.is_wrong() && !quiet(interface) && !follows
            })
        })
    }

    fn paths_on(&self, network: &NetworkView) -> BTreeMap<&str, &PathView> {
        let paths = self.paths.iter();
        let on = paths.filter(|path| path.network == network.network);
        on.map(|path| (path.peer.as_str(), path)).collect()
    }
}

/// Whether its node goes, restarts, or is under maintenance.
fn is_quiet(interface: &InterfaceView, paths: &BTreeMap<&str, &PathView>) -> bool {
    let path = paths.get(interface.node.as_str());
    interface.maintenance
        || path.is_some_and(|path| matches!(path.state.as_str(), "left" | "restarting"))
}
