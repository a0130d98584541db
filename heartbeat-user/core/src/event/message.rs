//! The texts.

use alloc::format;
use alloc::string::String;

use super::{Event, Reach, Subject, Unity};
use crate::arrival::Departure;
use crate::config::Config;
use crate::flapping;
use crate::strain::{Spread, Strain, Warning};

impl Event {
    /// The text, or `None` where the event is about a path or peer that `config` does not have.
    pub fn message(&self, config: &Config) -> Option<String> {
        let (peer, network) = self.names(config)?;
        Some(match self {
            Event::PathRestored { .. } => format!(
                "The node (re)established communication with cluster node '{peer}' on network '{network}'."
            ),
            Event::PathLost { .. } => format!(
                "The node lost communication with cluster node '{peer}' on network '{network}'."
            ),
            Event::Departed { departure, .. } => match departure {
                Departure::Leaving => format!("Cluster node '{peer}' left the cluster on purpose."),
                Departure::Restarting => {
                    format!("The heartbeat agent of cluster node '{peer}' is restarting.")
                }
            },
            Event::AgentStalled { .. } => format!(
                "The heartbeat agent of cluster node '{peer}' has stalled: its host answers, but the agent does not do its work."
            ),
            Event::AgentResumed { lasted, .. } => format!(
                "The heartbeat agent of cluster node '{peer}' does its work again, after {}.{:03} seconds.",
                lasted.as_secs(),
                lasted.subsec_millis()
            ),
            Event::ConfigDiffers { .. } => {
                format!("Cluster node '{peer}' runs another configuration than this node.")
            }
            Event::MulticastFailed { .. } => format!(
                "Multicast heartbeats of this node do not reach cluster node '{peer}' on network '{network}', though unicast works; unicast is used."
            ),
            Event::IncarnationRefused { ours, known, .. } => format!(
                "Cluster nodes refuse the heartbeats of this node's incarnation {ours}, because they know the newer {known}: its state was restored or its clock set back. It goes on with a newer one."
            ),
            Event::PathFlapping { .. } => format!(
                "Communication with cluster node '{peer}' on network '{network}' was lost {} times within {} minutes.",
                flapping::LOSSES,
                flapping::WITHIN.as_secs() / 60
            ),
            Event::PathLate { warning, .. } => strained(warning, peer, network),
            Event::SelfStarved {
                part, late, bound, ..
            } => format!(
                "This node's own {} was {} ms late (bound: {} ms): it was not scheduled in time.",
                part.label(),
                late.as_millis(),
                bound.as_millis()
            ),
            Event::LocalInterfaceFailed { .. } => {
                format!("The node determined that its interface to network '{network}' failed.")
            }
            Event::Interface { state, .. } => interface(*state, peer, network),
            Event::Network { state, .. } => unity(*state, network),
            Event::MemberRemoved { .. } => format!(
                "Cluster node '{peer}' was removed from the active cluster membership. The Clustering Service may have been stopped on the node, the node may have failed, or the node may have lost communication with the other active cluster nodes."
            ),
            Event::QuorumLost { epoch, .. } => format!(
                "This node's side lost the quorum that it had in view {epoch} of the membership: it can't reach enough of the cluster's votes, or was removed."
            ),
            Event::MemberJoined { epoch, .. } => format!(
                "Cluster node '{peer}' joined the active cluster membership in view {epoch}."
            ),
            Event::Quarantined { until, judged, .. } => format!(
                "Cluster node '{peer}' is kept out of the active cluster membership for {} minutes, because it was removed from it repeatedly.",
                until.since(*judged).as_secs().div_ceil(60)
            ),
        })
    }

    /// Whom and what network it is about; empty where the text names none.
    fn names<'a>(&self, config: &'a Config) -> Option<(&'a str, &'a str)> {
        Some(match self.subject() {
            Subject::Path(path) => {
                let path = config.paths.get(path.position())?;
                (path.peer_name.as_str(), path.network_label.as_str())
            }
            Subject::Peer(peer) => (config.peer_name(peer)?, ""),
            Subject::Observer => ("", ""),
            Subject::OwnInterface(network) | Subject::Network(network) => {
                ("", config.networks.get(network.position())?.label.as_str())
            }
            Subject::Interface(node, network) => {
                let node = config.node_at(node)?;
                let network = config.networks.get(network.position())?;
                (node.name.as_str(), network.label.as_str())
            }
            Subject::Node(node) => (config.node_at(node)?.name.as_str(), ""),
        })
    }
}

/// The article's texts of 1126 and 1127, of its two spellings the one with *adapter*, and what goes with them.
fn interface(state: Reach, node: &str, network: &str) -> String {
    match state {
        Reach::Up => format!(
            "The interface for cluster node '{node}' on network '{network}' is operational (up). The node can communicate with all other available cluster nodes on the network."
        ),
        Reach::Unreachable => format!(
            "The interface for cluster node '{node}' on network '{network}' is unreachable by at least one other cluster node attached to the network. The cluster was not able to determine the location of the failure. Look for additional entries in the system event log indicating which other nodes have lost communication with node '{node}'. If the condition persists, check the cable connecting the node to the network. Next, check for hardware or software errors in the node's network adapter. Finally, check for failures in any other network components to which the node is connected such as hubs, switches, or bridges."
        ),
        Reach::Failed => format!(
            "The interface for cluster node '{node}' on network '{network}' failed. If the condition persists, check the cable connecting the node to the network. Next, check for hardware or software errors in node's network adapter. Finally, check for failures in any network components to which the node is connected such as hubs, switches, or bridges."
        ),
    }
}

/// What strains a path that is not lost yet.
fn strained(warning: &Warning, peer: &str, network: &str) -> String {
    let tally = &warning.tally;
    let fact = match warning.strain {
        Strain::Losing => format!(
            "Heartbeats of cluster node '{peer}' on network '{network}' get lost: {} of {} within a minute.",
            tally.lost,
            tally.expected()
        ),
        Strain::Late => format!(
            "Heartbeats of cluster node '{peer}' on network '{network}' come late: {} within a minute, after gaps of up to {} ms.",
            tally.late,
            tally.largest_gap.as_millis()
        ),
        Strain::Unheard => format!(
            "Cluster node '{peer}' misses heartbeats of this node on network '{network}': it said so {} times within a minute.",
            tally.complaints
        ),
    };
    match warning.spread {
        Spread::Path => fact,
        Spread::Peer => format!("{fact} It is the same on every network that the two nodes share."),
    }
}

fn unity(state: Unity, network: &str) -> String {
    match state {
        Unity::Up => format!(
            "Cluster network '{network}' is operational (up). All available cluster nodes attached to the network can communicate using it."
        ),
        Unity::Partitioned => format!(
            "Cluster network '{network}' is partitioned. Some attached cluster nodes cannot communicate with each other over the network. The cluster was not able to determine the location of the failure."
        ),
        Unity::Down => format!(
            "Cluster network '{network}' is down. None of the available nodes can communicate using this network."
        ),
    }
}
