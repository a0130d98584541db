//! `heartbeat check`: validates the configuration and prints what the agent would do on this host.
//!
//! The awkward case is what is no mistake and yet keeps the agent from working: an address that no interface
//! has (yet), another owner's XDP program. It is part of the plan, marked, and not an error: the same file
//! is checked on a build machine that has none of the addresses.

use std::io::{ErrorKind, Write};
use std::net::IpAddr;
use std::path::Path;

use anyhow::{Context, Result};

use crate::config::{Cluster, Network, Node};
use crate::interface::{self, Interface};
use crate::loaded::Loaded;

mod membership;
mod native;
mod outlook;
mod plan;

use outlook::Outlook;

pub(crate) use outlook::own_programs;

/// Checks the file at `config` and the cluster key, and prints the plan of the node called `node`, or else of
/// the node that this host is. A mistake is an error.
pub fn run(config: &Path, node: Option<&str>) -> Result<()> {
    let Loaded { cluster, keys, .. } = Loaded::read(config)?;
    print(&format!("{}: no mistakes\n\n", config.display()))?;
    let local = interface::local_addresses()?;
    let node = cluster.local_node(node, &local)?;
    let outlooks = look(&cluster, node)?;
    print(&plan::text(&cluster, node, keys.as_ref(), &outlooks))
}

/// What attaching would mean on each network of the node, in the order of their ids.
fn look(cluster: &Cluster, node: &Node) -> Result<Vec<Outlook>> {
    let own = own_programs(&cluster.pin_dir(node));
    let addresses: Vec<_> = node.addresses.values().copied().collect();
    let owners = interface::owners(&addresses)?;
    let attached = |network: &&Network| node.addresses.contains_key(&network.id);
    let networks = cluster.networks.iter().filter(attached);
    let ports = networks.zip(addresses).zip(owners);
    let outlook = |((network, address), owner): ((&Network, IpAddr), Option<Interface>)| {
        Outlook::of(address, owner, network.xdp, &own)
    };
    ports.map(outlook).collect()
}

/// Whoever closes the pipe early has read enough.
fn print(text: &str) -> Result<()> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written.context("print the plan"),
    }
}

#[cfg(test)]
mod tests;
