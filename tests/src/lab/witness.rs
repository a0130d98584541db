//! Somebody outside the cluster who can be asked: the switch itself.
//!
//! A witness is on the network and on none of the nodes, and so is a switch that has an address. What cuts a
//! node off for a witness as well is a cable that is broken without anybody's noticing: the carrier stays and
//! nothing passes.

use anyhow::Result;

use super::fault::Fault;
use super::plan::{Network, Node};
use super::wiring::BRIDGE;
use super::{Lab, batch};

/// Witnesses, and who can't be heard by them.
impl Lab {
    /// Gives the network's switch this address, with which it answers whoever asks.
    pub fn add_witness(&self, network: Network, address: &str) -> Result<()> {
        let prefix_length = self.plan.prefix_length(network);
        let flags = self.plan.address_flags(network);
        batch::ip(
            self.switch(network),
            &format!("addr add {address}/{prefix_length} dev {BRIDGE}{flags}\n"),
        )
    }

    /// Nothing whatever passes between the node and the switch, in neither direction; the carrier stays.
    pub fn break_wire(&self, node: Node, network: Network) -> Result<Fault> {
        let switch = self.switch(network);
        let way = |hook| {
            let hook = format!("{hook} device \"{node}\"");
            Fault::rule(switch, "netdev", &hook, "")
        };
        let faults = vec![way("ingress")?, way("egress")?];
        Ok(Fault::together(
            format!("the wire of {node} broken"),
            faults,
        ))
    }
}
