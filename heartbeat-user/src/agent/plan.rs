//! The paths of this node, with everything the agent keeps of each.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use heartbeat_ebpf::ids::{NetworkId, NodeId};
use heartbeat_ebpf::time::Timestamp;

use super::hour::Marks;
use crate::config::{Cluster, Node, Path};
use crate::sender::Sent;

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
    /// What was counted.
    pub counts: Counts,
}

/// What the agent has counted on a path in this run; it outlives a reload.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// What was sent.
    pub sent: Arc<Sent>,
    /// Times it was reported lost.
    pub lost: u64,
    /// Times it was reported restored, the first time included.
    pub restored: u64,
    /// The largest count of lost heartbeats shown: what is filled in later must not let a counter fall.
    pub lost_shown: u64,
    /// Refused heartbeats that the core was told of.
    pub refused_told: u64,
    /// Echo requests since the last reply.
    pub unanswered: u32,
    /// Since when the question that is open is asked.
    pub asked: Option<Timestamp>,
    /// What it had counted in the last hour.
    pub marks: Marks,
}

/// The paths from `node`, whose networks have these entries. Slots are not claimed yet; counts go on from those
/// in `known` with the same identity.
pub fn paths(cluster: &Cluster, node: &Node, entries: &[u8], known: &[PathPlan]) -> Vec<PathPlan> {
    let mut counted: Vec<(u64, &Counts)> = known
        .iter()
        .map(|path| (path.identity, &path.counts))
        .collect();
    counted.sort_by_key(|(identity, _)| *identity);
    let plan = |path: &Path<'_>| {
        let identity = path.identity();
        let counts = counted
            .binary_search_by_key(&identity, |(identity, _)| *identity)
            .map_or_else(|_| Counts::default(), |at| counted[at].1.clone());
        PathPlan {
            peer: path.peer.id,
            network: path.network_index,
            entry: usize::from(entries[path.network_index]),
            network_id: path.network.id,
            local: path.local,
            remote: path.remote,
            interval: path.network.timing.interval,
            identity,
            slot: 0,
            counts,
        }
    };
    cluster.paths(node).iter().map(plan).collect()
}
