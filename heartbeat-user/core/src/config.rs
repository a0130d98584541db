//! What an operator decided, as far as verdicts depend on it.
//!
//! The file is read, checked and explained elsewhere; what arrives here is valid by construction: every
//! identity exists, every duration is in range. Addresses, keys and files are no business of the core.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use heartbeat_ebpf::ids::{NetworkId, NodeId};

use crate::nodes::{NodeIndex, NodeSet};
use crate::timing::Timing;

/// The cluster as one of its nodes judges it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    /// This node.
    pub node: NodeId,
    /// Its name.
    pub name: String,
    /// Whether a heartbeat proves its sender.
    pub authentication: Authentication,
    /// Digest of the configuration.
    pub digest: u32,
    /// How long a node that said that it restarts is waited for, from its last heartbeat.
    pub restart_grace: Duration,
    /// Every node of the cluster, this one included, by number: a [`NodeIndex`] counts them.
    pub nodes: Vec<NodeConfig>,
    /// How the cluster agrees on its members.
    pub membership: MembershipConfig,
    /// The networks that this node is attached to, in the order in which a [`NetworkIndex`] counts them.
    pub networks: Vec<NetworkConfig>,
    /// The paths from this node, in the order in which a [`PathIndex`] counts them: by peer, then network.
    pub paths: Vec<PathConfig>,
}

/// Whether heartbeats carry a tag.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Authentication {
    /// They do. Announcements are believed, and echoes are answered.
    Key,
    /// They do not: anybody could have sent them, so no announcement counts, and there are no echoes.
    Off,
}

/// One network that this node is attached to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NetworkConfig {
    /// Its number.
    pub id: NetworkId,
    /// What events call it.
    pub label: String,
    /// Whether heartbeats may go to its group.
    pub group: GroupUse,
    /// What it counts for.
    pub role: Role,
    /// Which network carries messages: the lowest first, 1 ..= 65535.
    pub priority: u16,
    /// How its paths are judged.
    pub timing: Timing,
    /// The nodes that have an interface on it, this one included.
    pub attached: NodeSet,
}

/// What a network counts for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// For liveness of nodes and for messages between them: internal and mixed networks.
    Counts,
    /// For neither: it is only monitored.
    Client,
}

/// One node of the cluster.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NodeConfig {
    /// Its number.
    pub id: NodeId,
    /// Its name.
    pub name: String,
    /// Its votes, 0 ..= 100.
    pub votes: u32,
}

/// How the cluster agrees on its members.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MembershipConfig {
    /// Missed heartbeats in a row, on every network that counts, until a node is suspected; more than any of
    /// these networks' `lost_after`.
    pub regroup_after: u32,
    /// Who goes on when the votes split exactly in half; it has votes.
    pub tie_breaker: NodeIndex,
    /// A node whose host answers while its agent does not is suspected only after this long a silence.
    pub stalled_after: Duration,
    /// When a node is kept out; `None`: never.
    pub quarantine: Option<Quarantine>,
    /// How long a state of an interface or network must hold before its event.
    pub settle: Settle,
}

/// When a node is kept out of the membership.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Quarantine {
    /// After so many removals, 1 ..= 100,
    pub exits: u32,
    /// within this time,
    pub within: Duration,
    /// for this long.
    pub lasting: Duration,
}

/// How long a state must hold before its event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Settle {
    /// One interval of the network and its tolerance: as far as two nodes' verdicts of one fault can lie apart.
    Auto,
    /// This long.
    Fixed(Duration),
}

/// Whether a network's multicast group is used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GroupUse {
    /// Always unicast.
    Never,
    /// Once every peer has confirmed it.
    Allowed,
}

/// One path: this node to one peer over one network.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PathConfig {
    /// What makes it the same path in another configuration: peer, network and both addresses.
    pub identity: u64,
    /// The other end.
    pub peer: NodeId,
    /// Its name.
    pub peer_name: String,
    /// The network between.
    pub network: NetworkId,
    /// What events call it.
    pub network_label: String,
    /// How it is judged.
    pub timing: Timing,
}

/// A path's place in [`Config::paths`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PathIndex(pub u32);

impl PathIndex {
    /// As an index of a slice.
    pub const fn position(self) -> usize {
        self.0 as usize
    }
}

/// A network's place in [`Config::networks`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct NetworkIndex(pub u32);

impl NetworkIndex {
    /// As an index of a slice.
    pub const fn position(self) -> usize {
        self.0 as usize
    }
}

impl Config {
    /// A peer's name, or `None` for a node that no path leads to.
    pub fn peer_name(&self, peer: NodeId) -> Option<&str> {
        let path = self.paths.iter().find(|path| path.peer == peer)?;
        Some(&path.peer_name)
    }

    /// A node's place, or `None` for a number that no node has.
    pub fn index_of(&self, node: NodeId) -> Option<NodeIndex> {
        let at = self
            .nodes
            .binary_search_by_key(&node, |node| node.id)
            .ok()?;
        Some(NodeIndex(at as u16))
    }

    /// One of the nodes, or `None` past the last.
    pub fn node_at(&self, index: NodeIndex) -> Option<&NodeConfig> {
        self.nodes.get(index.position())
    }
}
