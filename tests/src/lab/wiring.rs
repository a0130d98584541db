//! Builds the network of a lab out of kernel objects.
//!
//! Every node is a namespace and so is every network's switch, with a bridge in it: a fault injected at
//! a switch port hits frames between the nodes, where real networks lose them. On the node itself it would
//! be too late, because XDP sees a frame before any filter does. Each end of a cable is named after what
//! is at the other: inside `node-a` the interface is `private`, on the switch of `private` the port is
//! `node-a`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};

use super::batch;
use super::card::Card;
use super::name::LabName;
use super::namespace::Namespace;
use super::plan::{Attached, Network, Node, Plan};

/// The bridge of every switch.
pub const BRIDGE: &str = "switch";

/// The namespaces of a lab, wired.
#[derive(Clone, Debug)]
pub struct Wiring {
    nodes: Vec<Arc<Namespace>>,
    switches: Vec<Arc<Namespace>>,
    /// Where the plan asks for cards that can fail.
    cards: BTreeMap<(Node, Network), Arc<Card>>,
}

impl Wiring {
    /// Names of the namespaces that this plan needs: nodes, then switches.
    fn parts(plan: &Plan) -> impl Iterator<Item = String> {
        let nodes = plan.all_nodes().map(|node| node.to_string());
        nodes.chain(
            plan.all_networks()
                .map(|network| format!("switch-{}", plan.interface(network))),
        )
    }

    /// Creates the namespaces, switches and cables. Whoever calls it deletes them, also after an error.
    pub fn build(plan: &Plan, name: LabName, switch_pass: &Path) -> Result<Self> {
        let names: Vec<String> = Self::parts(plan)
            .map(|part| name.namespace(&part))
            .collect();
        let script: String = names
            .iter()
            .map(|name| format!("netns add {name}\n"))
            .collect();
        batch::ip_outside(&script)?;
        let mut all = names.iter().map(|name| Namespace::open(name).map(Arc::new));
        let nodes = all.by_ref().take(plan.nodes).collect::<Result<_>>()?;
        let switches = all.collect::<Result<_>>()?;
        let mut wiring = Wiring {
            nodes,
            switches,
            cards: BTreeMap::new(),
        };
        wiring.start_switches(plan)?;
        for node in plan.all_nodes() {
            wiring.start_node(node)?;
            for network in plan.all_networks() {
                match plan.attached {
                    Attached::ByCable => wiring.plug_in(plan, node, network, switch_pass)?,
                    Attached::ByCard => wiring.insert_card(plan, node, network)?,
                }
            }
        }
        Ok(wiring)
    }

    /// The node's card in this network, if it has one.
    pub fn card(&self, node: Node, network: Network) -> Result<&Card> {
        let card = self.cards.get(&(node, network)).map(Arc::as_ref);
        card.with_context(|| format!("{node} has no card: the plan asks for none"))
    }

    /// The namespace of a node.
    pub fn node(&self, node: Node) -> &Arc<Namespace> {
        &self.nodes[node.0]
    }

    /// The namespace of a network's switch.
    pub fn switch(&self, network: Network) -> &Arc<Namespace> {
        &self.switches[network.0]
    }

    /// Switches forward at once: no spanning tree to settle, no membership to learn.
    fn start_switches(&self, plan: &Plan) -> Result<()> {
        for network in plan.all_networks() {
            let switch = self.switch(network);
            switch.enter(without_duplicate_address_detection)?;
            batch::ip(
                switch,
                &format!(
                    "link set lo up\n\
                     link add {BRIDGE} type bridge stp_state 0 forward_delay 0 mcast_snooping 0\n\
                     link set {BRIDGE} up\n"
                ),
            )?;
        }
        Ok(())
    }

    fn start_node(&self, node: Node) -> Result<()> {
        self.node(node).enter(without_duplicate_address_detection)?;
        batch::ip(self.node(node), "link set lo up\n")
    }

    /// Makes the cable from a node to a switch and configures both ends of it.
    pub fn plug_in(
        &self,
        plan: &Plan,
        node: Node,
        network: Network,
        switch_pass: &Path,
    ) -> Result<()> {
        let interface = plan.interface(network);
        let at_switch = format!(
            "link add {node} type veth peer name {interface} netns {}\n\
             link set dev {node} xdpdrv pinned {}\n\
             link set {node} master {BRIDGE} up\n",
            self.node(node).name(),
            switch_pass.display(),
        );
        batch::ip(self.switch(network), &at_switch)?;
        self.configure(plan, node, network)
    }

    /// Gives the node a card that can fail, with a wire to the switch, and configures it.
    fn insert_card(&mut self, plan: &Plan, node: Node, network: Network) -> Result<()> {
        let (at_node, switch) = (self.node(node), self.switch(network));
        let port = node.to_string();
        let card = Card::insert(at_node, plan.interface(network), switch, &port)?;
        batch::ip(switch, &format!("link set {port} master {BRIDGE} up\n"))?;
        self.cards.insert((node, network), Arc::new(card));
        self.configure(plan, node, network)
    }

    fn configure(&self, plan: &Plan, node: Node, network: Network) -> Result<()> {
        let interface = plan.interface(network);
        let at_node = format!(
            "link set {interface} address {}\n\
             link set {interface} up\n\
             addr add {}/{} dev {interface}{}\n",
            plan.hardware_address(node, network),
            plan.address(node, network),
            plan.prefix_length(network),
            plan.address_flags(network),
        );
        batch::ip(self.node(node), &at_node)
    }

    /// Removes the cable between a node and a switch, with the interfaces at both ends.
    pub fn unplug(&self, plan: &Plan, node: Node, network: Network) -> Result<()> {
        batch::ip(
            self.node(node),
            &format!("link del {}\n", plan.interface(network)),
        )
    }
}

/// Nobody asks whether an IPv6 address of the lab is there twice: every one is unique by construction.
fn without_duplicate_address_detection() -> Result<()> {
    for scope in ["all", "default"] {
        let path = format!("/proc/sys/net/ipv6/conf/{scope}/accept_dad");
        fs::write(&path, "0").with_context(|| format!("write 0 to {path}"))?;
    }
    Ok(())
}
