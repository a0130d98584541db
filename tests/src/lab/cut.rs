//! Nodes that do not hear each other: pairs, in one direction or both, and sides of a cluster.
//!
//! What matters of a split is that it is one: cut pair by pair, a cluster of five would come apart over a tenth of
//! a second and regroup on the way. So whatever is cut on one network is one table of rules, which the kernel takes
//! as a whole, and all networks are cut at once, as far as the machine's tools are at once.

use anyhow::Result;
use heartbeat_ebpf::wire::PORT;

use super::Lab;
use super::fault::{Fault, at_once};
use super::plan::{Network, Node};

/// Which of two groups of nodes is not heard by the other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Deaf {
    /// The second does not hear the first.
    Second,
    /// Neither hears the other.
    Both,
}

/// Cuts between nodes.
impl Lab {
    /// Cluster frames between two groups of nodes vanish on these networks.
    pub fn cut(
        &self,
        first: &[Node],
        second: &[Node],
        deaf: Deaf,
        networks: impl IntoIterator<Item = Network>,
    ) -> Result<Fault> {
        let rules = match deaf {
            Deaf::Second => vec![matching(first, second)],
            Deaf::Both => vec![matching(first, second), matching(second, first)],
        };
        let on = |network| Fault::rules(self.switch(network), "bridge", "forward", &rules);
        let faults = at_once(networks, on)?;
        Ok(Fault::together(rules.join(" or "), faults))
    }

    /// Neither side of the cluster hears the other any more, on no network: these nodes, and all others.
    pub fn split(&self, side: &[Node]) -> Result<Fault> {
        let nodes = self.plan.all_nodes();
        let others: Vec<Node> = nodes.filter(|node| !side.contains(node)).collect();
        self.cut(side, &others, Deaf::Both, self.plan.all_networks())
    }
}

fn matching(from: &[Node], to: &[Node]) -> String {
    let (from, to) = (names(from), names(to));
    format!("iifname {{ {from} }} oifname {{ {to} }} udp dport {PORT}")
}

/// Ports are named after the nodes that they lead to.
fn names(nodes: &[Node]) -> String {
    let names: Vec<String> = nodes.iter().map(|node| format!("\"{node}\"")).collect();
    names.join(", ")
}
