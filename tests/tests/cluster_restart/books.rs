//! Whether every heartbeat that was sent to a node was recorded there, while its agent was away.
//!
//! What the others' senders counted is the witness. Counters of several agents can't be read at one moment, so
//! the others' are read before and after the node's own: nothing that arrived between its two readings was sent
//! outside theirs, and what they sent more than that is bounded by how long the readings took.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Result, ensure};
use heartbeat_tests::lab::Lab;
use heartbeat_tests::lab::clock::monotonic_ns;
use heartbeat_tests::lab::metrics::Metrics;
use heartbeat_tests::lab::plan::{Network, Node};

/// The paths on which a node hears others.
type Figures = BTreeMap<(Node, Network), f64>;

/// Figures before something happens to one node's agent.
pub struct Books {
    node: Node,
    sent: Figures,
    arrivals: Figures,
    lost: BTreeMap<(Node, Node, Network), f64>,
    skew: Duration,
}

impl Books {
    /// Reads all figures now.
    pub fn open(lab: &Lab, node: Node) -> Result<Self> {
        let begin_ns = monotonic_ns();
        let sent = sent_to(lab, node)?;
        let own = lab.metrics(node)?;
        let skew = Duration::from_nanos(monotonic_ns() - begin_ns);
        Ok(Books {
            node,
            sent,
            arrivals: arrivals(lab, node, &own)?,
            lost: lost(lab)?,
            skew,
        })
    }

    /// Reads all figures again and makes sure that since then the node recorded what was sent to it, and that
    /// nobody lost a heartbeat. Returns how many arrived.
    pub fn close(&self, lab: &Lab) -> Result<f64> {
        let begin_ns = monotonic_ns();
        let own = lab.metrics(self.node)?;
        let sent = sent_to(lab, self.node)?;
        let skew = self.skew + Duration::from_nanos(monotonic_ns() - begin_ns);
        let arrivals = arrivals(lab, self.node, &own)?;
        let mut total = 0.0;
        for (path, now) in &arrivals {
            let arrived = now - self.arrivals[path];
            let more = sent[path] - self.sent[path] - arrived;
            total += arrived;
            let rounds = skew.as_secs_f64() / lab.plan().interval.as_secs_f64();
            ensure!(
                // A sender counts a round after it has left, and a reading may begin and end within one.
                -1.0 <= more && more <= rounds.ceil() + 2.0,
                "{} recorded {arrived} heartbeats of {} on {:?}, which sent {more} more than that",
                self.node,
                path.0,
                path.1
            );
        }
        for ((observer, peer, network), now) in lost(lab)? {
            let more = now - self.lost[&(observer, peer, network)];
            ensure!(
                more == 0.0,
                "{observer} counts {more} heartbeats of {peer} on {network:?} as lost"
            );
        }
        Ok(total)
    }
}

fn sent_to(lab: &Lab, node: Node) -> Result<Figures> {
    let mut sent = Figures::new();
    for peer in lab.plan().peers(node) {
        let metrics = lab.metrics(peer)?;
        for network in lab.plan().all_networks() {
            let figure = figure(lab, &metrics, "heartbeat_sent_total", node, network)?;
            sent.insert((peer, network), figure);
        }
    }
    Ok(sent)
}

fn arrivals(lab: &Lab, node: Node, metrics: &Metrics) -> Result<Figures> {
    let mut arrivals = Figures::new();
    for peer in lab.plan().peers(node) {
        for network in lab.plan().all_networks() {
            let figure = figure(lab, metrics, "heartbeat_arrivals_total", peer, network)?;
            arrivals.insert((peer, network), figure);
        }
    }
    Ok(arrivals)
}

fn lost(lab: &Lab) -> Result<BTreeMap<(Node, Node, Network), f64>> {
    let mut lost = BTreeMap::new();
    for observer in lab.plan().all_nodes() {
        let metrics = lab.metrics(observer)?;
        for peer in lab.plan().peers(observer) {
            for network in lab.plan().all_networks() {
                let name = "heartbeat_heartbeats_lost_total";
                let figure = figure(lab, &metrics, name, peer, network)?;
                lost.insert((observer, peer, network), figure);
            }
        }
    }
    Ok(lost)
}

fn figure(lab: &Lab, metrics: &Metrics, name: &str, peer: Node, network: Network) -> Result<f64> {
    let labels = [
        ("peer", &*peer.to_string()),
        ("network", lab.plan().label(network)),
    ];
    metrics.value(name, &labels)
}
