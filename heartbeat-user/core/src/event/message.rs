//! The texts.

use alloc::format;
use alloc::string::String;

use super::{Event, Subject};
use crate::arrival::Departure;
use crate::config::Config;
use crate::flapping;

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
            Event::SelfStarved {
                part, late, bound, ..
            } => format!(
                "This node's own {} was {} ms late (bound: {} ms): it was not scheduled in time.",
                part.label(),
                late.as_millis(),
                bound.as_millis()
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
        })
    }
}
