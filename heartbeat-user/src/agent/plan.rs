//! The paths of this node, with everything the agent keeps of each.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use heartbeat_ebpf::ids::{NetworkId, NodeId};

use crate::config::{Cluster, Node};
use crate::sender::Sent;

use super::slots;

/// One path, in the order of the core's.
pub struct PathPlan {
    /// The other end.
    pub peer: NodeId,
    /// Index of the network in the configuration.
    pub network: usize,
    /// The network's entry in the maps.
    pub entry: usize,
    /// Its number.
    pub network_id: NetworkId,
    /// Our address.
    pub local: IpAddr,
    /// The peer's.
    pub remote: IpAddr,
    /// How often we send.
    pub interval: Duration,
    /// The slot's identity.
    pub identity: u64,
    /// The slot's index, once claimed.
    pub slot: u32,
    /// What was sent.
    pub sent: Arc<Sent>,
    /// Times it was reported lost in this run.
    pub lost_total: u64,
    /// Times it was reported restored, the first time included.
    pub restored_total: u64,
    /// The largest count of lost heartbeats shown: what is filled in later must not let a counter fall.
    pub lost_shown: u64,
    /// Echo requests since the last reply.
    pub unanswered: u32,
}

/// The paths from `node`, whose networks have these entries; slots are not claimed yet.
pub fn paths(cluster: &Cluster, node: &Node, entries: &[u8]) -> Vec<PathPlan> {
    let plan = |path: crate::config::Path<'_>| PathPlan {
        peer: path.peer.id,
        network: path.network_index,
        entry: usize::from(entries[path.network_index]),
        network_id: path.network.id,
        local: path.local,
        remote: path.remote,
        interval: path.network.timing.interval,
        identity: slots::identity(path.peer.id, path.network.id, path.local, path.remote),
        slot: 0,
        sent: Arc::default(),
        lost_total: 0,
        restored_total: 0,
        lost_shown: 0,
        unanswered: 0,
    };
    cluster.paths(node).into_iter().map(plan).collect()
}
