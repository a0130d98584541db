//! An event as users hold it: one JSON object on one line.

use std::time::Duration;

use heartbeat_core::config::{Config, NetworkIndex};
use heartbeat_core::event::{Event, EventKind, Subject};
use serde::Serialize;

use crate::clock;

mod evidence;
pub mod findings;
pub mod trail;

pub use evidence::{Evidence, Step};

/// One line of the events file; the fields are those of the product's documents, in their order.
#[derive(Clone, Debug, Serialize)]
pub struct Record {
    /// Grows by one per event of a node, across restarts, without holes.
    pub seq: u64,
    /// Wall time, RFC 3339.
    pub time: String,
    /// Number of the event.
    pub id: u32,
    /// Its name.
    pub name: &'static str,
    /// How much it matters.
    pub severity: &'static str,
    /// The node that says it.
    pub observer: String,
    /// Whom it is about; absent for what is about no node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    /// On which network, by its label; absent where it makes no sense.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
    /// The text.
    pub message: String,
    /// Why, in words; absent where nothing is to be explained.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// Whether what it is about is under maintenance; absent where nobody can know, in a replay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maintenance: Option<bool>,
    /// What proves it.
    pub evidence: Evidence,
}

impl Record {
    /// The record of an event, or `None` where `config` does not have its path. Number and moment of
    /// emission come later, from the journal.
    pub fn new(event: &Event, config: &Config, wall: Duration) -> Option<Self> {
        let label = |network: NetworkIndex| {
            let network = config.networks.get(network.position())?;
            Some(network.label.clone())
        };
        let (peer, network) = match event.subject() {
            Subject::Path(path) => {
                let path = config.paths.get(path.position())?;
                let (peer, network) = (path.peer_name.clone(), path.network_label.clone());
                (Some(peer), Some(network))
            }
            Subject::Peer(peer) => (Some(config.peer_name(peer)?.to_owned()), None),
            Subject::Observer => (Some(config.name.clone()), None),
            Subject::Node(node) => (Some(config.node_at(node)?.name.clone()), None),
            Subject::OwnInterface(network) => (Some(config.name.clone()), Some(label(network)?)),
            Subject::Interface(node, network) => (
                Some(config.node_at(node)?.name.clone()),
                Some(label(network)?),
            ),
            Subject::Network(network) => (None, Some(label(network)?)),
        };
        Some(Record {
            cause: event.cause().map(|cause| {
                let peer = peer.as_deref().unwrap_or_default();
                cause.sentence(peer, &config.name)
            }),
            peer,
            network,
            evidence: Evidence::of(event),
            ..Record::plain(event.kind(), &config.name, event.message(config)?, wall)
        })
    }

    /// The record of something that no judgement led to: what an operator did, or a configuration changed.
    pub fn plain(kind: EventKind, observer: &str, message: String, wall: Duration) -> Self {
        Record {
            seq: 0,
            time: clock::rfc3339(wall),
            id: kind.id(),
            name: kind.name(),
            severity: kind.severity().label(),
            observer: observer.to_owned(),
            peer: None,
            network: None,
            message,
            cause: None,
            maintenance: Some(false),
            evidence: Evidence {
                judged_ns: clock::now().ns(),
                ..Evidence::default()
            },
        }
    }

    /// For the log: what the file says, shorter.
    pub fn line(&self) -> String {
        let evidence = &self.evidence;
        let detail = match (evidence.missed, evidence.outage_ns) {
            (Some(missed), _) => {
                let silent = evidence
                    .judged_ns
                    .saturating_sub(evidence.last_arrival_ns.unwrap_or(0));
                format!(" (missed {missed}, last heard {} before)", seconds(silent))
            }
            (None, Some(outage)) => format!(" (after {})", seconds(outage)),
            (None, None) if self.id == EventKind::PathRestored.id() => {
                " (heard for the first time)".to_owned()
            }
            (None, None) => String::new(),
        };
        format!(
            "{} {} seq {}: {}{detail}",
            self.id, self.name, self.seq, self.message
        )
    }
}

fn seconds(ns: u64) -> String {
    format!("{:.3} s", Duration::from_nanos(ns).as_secs_f64())
}
