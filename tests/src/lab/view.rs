//! What the agents of a lab hold to be so together: who is a member, how interfaces and networks are.
//!
//! The metrics say it, as an operator's monitoring sees it. Agents take a new view one after the other, and while
//! they do, two of them may name different members; so a test waits until all say the same.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use anyhow::{Context, Result};

use super::metrics::Metrics;
use super::plan::{Network, Node};
use super::{Lab, wait};

/// A view as one node's agent exports it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct View {
    /// Number of the newest view that the node has seen; 0: none.
    pub epoch: u64,
    /// Its members; none if the node is not one itself.
    pub members: BTreeSet<Node>,
    /// Whether the node acts by it.
    pub quorate: bool,
}

impl fmt::Display for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letters: String = self.members.iter().map(|node| node.letter()).collect();
        let quorate = if self.quorate { "" } else { " without quorum" };
        write!(f, "view {} of \"{letters}\"{quorate}", self.epoch)
    }
}

/// Views and states.
impl Lab {
    /// The view that the node's agent exports now.
    pub fn view(&self, node: Node) -> Result<View> {
        let metrics = self.metrics(node)?;
        let is_member = |peer: &Node| {
            let labels = [("peer", &*peer.to_string())];
            metrics.value("heartbeat_member", &labels).ok() == Some(1.0)
        };
        let epoch = metrics.value("heartbeat_membership_epoch", &[])?;
        Ok(View {
            // A counter of views; a float holds it exactly for longer than any lab lives.
            epoch: epoch as u64,
            members: self.plan.all_nodes().filter(is_member).collect(),
            quorate: metrics.value("heartbeat_quorate", &[])? == 1.0,
        })
    }

    /// Waits at most `limit` until each of these nodes acts by one and the same view, of which exactly they are
    /// the members.
    pub fn wait_for_view(&self, members: &[Node], limit: Duration) -> Result<View> {
        let wanted: BTreeSet<Node> = members.iter().copied().collect();
        let mut seen = String::new();
        let agreed = wait::until("one view at all its members", limit, || {
            let views = members
                .iter()
                .map(|node| self.view(*node))
                .collect::<Result<Vec<_>>>()?;
            let (first, others) = views.split_first().context("a view has members")?;
            let one = others.iter().all(|view| view == first);
            let agreed = one && first.quorate && first.members == wanted;
            let said = |(node, view): (&Node, &View)| format!("{node}: {view}; ");
            seen = members.iter().zip(&views).map(said).collect();
            Ok(agreed.then(|| first.clone()))
        });
        agreed.with_context(|| seen)
    }

    /// Waits as [`Lab::wait_for_view`] does, for a view of all nodes.
    pub fn wait_for_whole_view(&self, limit: Duration) -> Result<View> {
        let all: Vec<Node> = self.plan.all_nodes().collect();
        self.wait_for_view(&all, limit)
    }

    /// Waits at most `limit` until all nodes act by one view of all, in which each holds all interfaces and networks
    /// to be up.
    pub fn wait_all_well(&self, limit: Duration) -> Result<View> {
        let view = self.wait_for_whole_view(limit)?;
        for observer in self.plan.all_nodes() {
            let what = format!("{observer} to hold all interfaces and networks to be up");
            wait::until(&what, limit, || Ok(self.is_all_up(observer)?.then_some(())))?;
        }
        Ok(view)
    }

    fn is_all_up(&self, observer: Node) -> Result<bool> {
        let metrics = self.metrics(observer)?;
        let up = |name| {
            let up = metrics.matching(name, &[("state", "up")]);
            up.filter(|sample| sample.value == 1.0).count()
        };
        let networks = self.plan.networks.len();
        Ok(
            up("heartbeat_interface_state") == self.plan.nodes * networks
                && up("heartbeat_network_state") == networks,
        )
    }

    /// What `observer` exports as the state of a node's interface: "unavailable", "failed", "unreachable", "up".
    pub fn interface_state(&self, observer: Node, node: Node, network: Network) -> Result<String> {
        let node = node.to_string();
        let label = self.plan.label(network);
        let labels = [("peer", node.as_str()), ("network", label)];
        state(
            &self.metrics(observer)?,
            "heartbeat_interface_state",
            &labels,
        )
    }

    /// What `observer` exports as the state of a network: "unavailable", "down", "partitioned", "up".
    pub fn network_state(&self, observer: Node, network: Network) -> Result<String> {
        let labels = [("network", self.plan.label(network))];
        state(&self.metrics(observer)?, "heartbeat_network_state", &labels)
    }
}

/// The one state whose series is 1.
fn state(metrics: &Metrics, name: &str, labels: &[(&str, &str)]) -> Result<String> {
    let mut held = metrics
        .matching(name, labels)
        .filter(|sample| sample.value == 1.0);
    let only = held.next().filter(|_| held.next().is_none());
    only.and_then(|sample| sample.labels.get("state").cloned())
        .with_context(|| format!("{name} of {labels:?} is not 1 for exactly one state"))
}
