//! `heartbeat check`: validates the configuration and prints what the agent would do on this host.
//!
//! The awkward case is what is no mistake and yet keeps the agent from working: an address that no interface
//! has (yet), another owner's XDP program. It is part of the plan, marked, and not an error: the same file
//! is checked on a build machine that has none of the addresses. Programs that deploy read the same findings as
//! JSON and decide for themselves.

use std::io::{ErrorKind, Write};
use std::net::IpAddr;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::config::{Cluster, Network, Node};
use crate::interface::{self, Interface};
use crate::loaded::Loaded;

mod findings;
mod membership;
mod native;
mod outlook;
mod plan;

use outlook::Outlook;

pub use findings::{Findings, NetworkFinding};
pub(crate) use outlook::own_programs;

/// What is checked, and how the findings are printed.
#[derive(Clone, Debug)]
pub struct Options {
    /// The configuration.
    pub config: PathBuf,
    /// The node to be; absent: the one that this host is.
    pub node: Option<String>,
    /// The cluster key, in the place of the configured file.
    pub key: Option<PathBuf>,
    /// In which form.
    pub form: Form,
}

/// In which form the findings are printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// The plan, for people.
    Text,
    /// [`Findings`], one object.
    Json,
}

/// Checks the configuration and the cluster key, and prints what it means on this host. A mistake is an error.
pub fn run(options: &Options) -> Result<()> {
    let Loaded { cluster, keys, .. } = Loaded::read_with(&options.config, options.key.as_deref())?;
    let keys = keys.as_ref();
    if options.form == Form::Text {
        print(&format!("{}: no mistakes\n\n", options.config.display()))?;
    }
    let local = interface::local_addresses()?;
    let node = cluster.local_node(options.node.as_deref(), &local)?;
    let outlooks = look(&cluster, node)?;
    print(&match options.form {
        Form::Text => plan::text(&cluster, node, keys, &outlooks),
        Form::Json => Findings::of(&cluster, node, keys, &outlooks).line()?,
    })
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
        written => written.context("print the findings"),
    }
}

#[cfg(test)]
mod tests;
