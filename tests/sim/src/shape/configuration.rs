//! The cluster as the core of one node is told it.

use std::num::NonZeroU32;
use std::time::Duration;

use heartbeat_core::config::{
    Authentication, Config, GroupUse, MembershipConfig, NetworkConfig, NodeConfig, PathConfig,
    Settle,
};
use heartbeat_core::nodes::NodeIndex;
use heartbeat_core::timing::{Timing, Tolerance};
use heartbeat_core::{NetworkId, NodeId};
use heartbeat_ebpf::slot;

use super::{Shape, Variation};

impl Shape {
    /// What one node judges by.
    pub fn config(&self, node: usize, variation: Variation) -> Config {
        let attached = |network: &usize| self.is_attached(*network, node);
        let networks = (0..self.networks.len()).filter(attached);
        Config {
            node: node_id(node),
            name: self.name(node),
            authentication: Authentication::Key,
            digest: 0xabcd_0000 | variation.slower << 8,
            restart_grace: Duration::from_nanos(self.restart_grace),
            nodes: (0..self.nodes())
                .map(|other| self.node(other, node))
                .collect(),
            membership: MembershipConfig {
                regroup_after: self.regroup_after + variation.patience,
                tie_breaker: NodeIndex(self.tie_breaker as u16),
                stalled_after: Duration::from_nanos(self.stalled_after),
                quarantine: self.quarantine,
                settle: Settle::Auto,
            },
            networks: networks
                .map(|network| self.network(network, variation))
                .collect(),
            paths: self
                .paths(node)
                .map(|(peer, network)| self.path(peer, network, variation))
                .collect(),
        }
    }

    /// A node's paths, in the order in which its core counts them: the peer and the network of each.
    pub fn paths(&self, node: usize) -> impl Iterator<Item = (usize, usize)> + '_ {
        let peers = (0..self.nodes()).filter(move |peer| *peer != node);
        peers.flat_map(move |peer| {
            let networks = 0..self.networks.len();
            networks
                .filter(move |network| {
                    self.is_attached(*network, node) && self.is_attached(*network, peer)
                })
                .map(move |network| (peer, network))
        })
    }

    fn node(&self, node: usize, observer: usize) -> NodeConfig {
        let votes = match self.counts_for_itself && node == observer {
            true => 100,
            false => self.votes[node],
        };
        NodeConfig {
            id: node_id(node),
            name: self.name(node),
            votes,
        }
    }

    fn network(&self, network: usize, variation: Variation) -> NetworkConfig {
        NetworkConfig {
            id: network_id(network),
            label: self.label(network),
            group: GroupUse::Never,
            role: self.networks[network].role,
            priority: self.networks[network].priority,
            timing: self.timing(network, variation),
            attached: self.networks[network].attached.clone(),
        }
    }

    fn path(&self, peer: usize, network: usize, variation: Variation) -> PathConfig {
        PathConfig {
            identity: slot::identity(node_id(peer), network_id(network), 1),
            peer: node_id(peer),
            peer_name: self.name(peer),
            network: network_id(network),
            network_label: self.label(network),
            timing: self.timing(network, variation),
        }
    }

    fn timing(&self, network: usize, variation: Variation) -> Timing {
        let network = &self.networks[network];
        Timing {
            interval: Duration::from_nanos(network.interval * u64::from(variation.slower)),
            lost_after: NonZeroU32::new(network.lost_after).expect("not zero"),
            tolerance: Tolerance::Auto,
            restored_after: NonZeroU32::MIN,
        }
    }

    /// What events call a network.
    pub fn label(&self, network: usize) -> String {
        format!("net-{}", network + 1)
    }
}

/// A node's number.
pub fn node_id(node: usize) -> NodeId {
    NodeId::new(node as u16 + 1).expect("not zero")
}

/// A network's number.
pub fn network_id(network: usize) -> NetworkId {
    NetworkId::new(network as u16 + 1).expect("not zero")
}
