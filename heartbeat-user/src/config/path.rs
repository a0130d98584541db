//! Paths: this node to one peer over one network.
//!
//! Their order is a contract: the core counts paths by their place in this list, the agent seeds slots and
//! sends frames by it. It is therefore made in one place only, by peer and then network.

use std::net::IpAddr;

use heartbeat_core::config::{
    self, Config, GroupUse, MembershipConfig, NetworkConfig, NodeConfig, PathConfig,
};
use heartbeat_core::nodes::{NodeIndex, NodeSet};
use heartbeat_ebpf::slot;
use sha2::{Digest as _, Sha256};

use super::{Authentication, Cluster, Network, Node};

/// One path of a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Path<'a> {
    /// The other end.
    pub peer: &'a Node,
    /// The network between.
    pub network: &'a Network,
    /// Its index in [`Cluster::networks`], below 64.
    pub network_index: usize,
    /// This node's address on the network.
    pub local: IpAddr,
    /// The peer's.
    pub remote: IpAddr,
}

impl Cluster {
    /// Every path of `node`, by peer id and then network id; at most 4096.
    pub fn paths<'a>(&'a self, node: &'a Node) -> Vec<Path<'a>> {
        let peers = self.nodes.iter().filter(|peer| peer.id != node.id);
        peers.flat_map(|peer| self.between(node, peer)).collect()
    }

    fn between<'a>(&'a self, node: &'a Node, peer: &'a Node) -> impl Iterator<Item = Path<'a>> {
        let networks = self.networks.iter().enumerate();
        networks.filter_map(move |(network_index, network)| {
            Some(Path {
                peer,
                network,
                network_index,
                local: *node.addresses.get(&network.id)?,
                remote: *peer.addresses.get(&network.id)?,
            })
        })
    }

    /// What the core needs to judge as `node`; its paths in the order of [`Cluster::paths`].
    pub fn core(&self, node: &Node) -> Config {
        let paths = self.paths(node);
        let attached = |network: &&Network| node.addresses.contains_key(&network.id);
        let networks = self.networks.iter().filter(attached);
        Config {
            node: node.id,
            name: node.name.clone(),
            authentication: match self.authentication {
                Authentication::Key { .. } => config::Authentication::Key,
                Authentication::Off => config::Authentication::Off,
            },
            digest: self.digest,
            restart_grace: self.restart_grace,
            nodes: self.nodes.iter().map(Node::core).collect(),
            membership: self.core_membership(),
            networks: networks.map(|network| self.core_network(network)).collect(),
            paths: paths.iter().map(Path::core).collect(),
        }
    }

    fn core_membership(&self) -> MembershipConfig {
        let membership = &self.membership;
        let at = self
            .nodes
            .binary_search_by_key(&membership.tie_breaker, |node| node.id)
            .expect("the tie breaker is one of the nodes");
        MembershipConfig {
            regroup_after: self.regroup_after,
            tie_breaker: NodeIndex(at as u16),
            stalled_after: membership.stalled_after,
            quarantine: membership.quarantine,
            settle: membership.settle,
        }
    }

    fn core_network(&self, network: &Network) -> NetworkConfig {
        let allowed = network.may_multicast(self.nodes_on(network.id));
        NetworkConfig {
            id: network.id,
            label: network.label.clone(),
            group: if allowed {
                GroupUse::Allowed
            } else {
                GroupUse::Never
            },
            role: if network.role.counts() {
                config::Role::Counts
            } else {
                config::Role::Client
            },
            priority: network.priority,
            timing: network.timing,
            attached: self.attached(network),
        }
    }
}

impl Cluster {
    fn attached(&self, network: &Network) -> NodeSet {
        let nodes = self.nodes.iter().enumerate();
        nodes
            .filter(|(_, node)| node.addresses.contains_key(&network.id))
            .map(|(at, _)| NodeIndex(at as u16))
            .collect()
    }
}

impl Node {
    fn core(&self) -> NodeConfig {
        NodeConfig {
            id: self.id,
            name: self.name.clone(),
            votes: self.votes,
        }
    }
}

impl Path<'_> {
    /// By which a path is recognised in another run and in another configuration: peer, network, and a hash of
    /// both addresses.
    pub fn identity(&self) -> u64 {
        let digest = Sha256::digest(format!("{} {}", self.local, self.remote));
        let addresses = u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]);
        slot::identity(self.peer.id, self.network.id, addresses)
    }

    fn core(&self) -> PathConfig {
        PathConfig {
            identity: self.identity(),
            peer: self.peer.id,
            peer_name: self.peer.name.clone(),
            network: self.network.id,
            network_label: self.network.label.clone(),
            timing: self.network.timing,
        }
    }
}
