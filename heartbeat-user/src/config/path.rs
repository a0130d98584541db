//! Paths: this node to one peer over one network.
//!
//! Their order is a contract: the core counts paths by their place in this list, the agent seeds slots and
//! sends frames by it. It is therefore made in one place only, by peer and then network.

use std::net::IpAddr;

use heartbeat_core::config::{Config, PathConfig};

use super::{Cluster, Network, Node};

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
        Config {
            node: node.id,
            name: node.name.clone(),
            paths: paths.iter().map(Path::core).collect(),
        }
    }
}

impl Path<'_> {
    fn core(&self) -> PathConfig {
        PathConfig {
            peer: self.peer.id,
            peer_name: self.peer.name.clone(),
            network: self.network.id,
            network_label: self.network.label.clone(),
            timing: self.network.timing,
        }
    }
}
