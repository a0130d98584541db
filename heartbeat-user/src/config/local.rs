//! Which of the nodes this host is.
//!
//! One file serves every node, so that the host must recognise itself, by the addresses it owns. The awkward
//! case is a host with the addresses of two nodes (a test machine, an address moved by hand): a guess would
//! speak with another node's voice, so that it is an error that asks for `--node`.

use std::fmt::Display;
use std::net::IpAddr;

use anyhow::{Result, bail};

use super::{Cluster, Node};

impl Cluster {
    /// The node called `name`, or without a name the one that owns any of the `local` addresses.
    pub fn local_node(&self, name: Option<&str>, local: &[IpAddr]) -> Result<&Node> {
        match name {
            Some(name) => self.node_named(name),
            None => self.node_owning(local),
        }
    }

    fn node_named(&self, name: &str) -> Result<&Node> {
        let mut nodes = self.nodes.iter();
        let Some(node) = nodes.find(|node| node.name == name) else {
            let configured = some(self.nodes.iter().map(|node| &node.name));
            bail!("find node '{name}' in the configuration: it has only {configured}");
        };
        Ok(node)
    }

    fn node_owning(&self, local: &[IpAddr]) -> Result<&Node> {
        let owns = |node: &&Node| node.addresses.values().any(|own| local.contains(own));
        let found: Vec<&Node> = self.nodes.iter().filter(owns).collect();
        match found[..] {
            [node] => Ok(node),
            [] => bail!(
                "find out which node this host is: it has the addresses {}, of which the configuration \
                 gives none to a node ({}); mend an address, or say which with --node NAME",
                some(local),
                some(self.nodes.iter().map(described)),
            ),
            _ => bail!(
                "find out which node this host is: it has addresses of {}; say which with --node NAME",
                some(found.into_iter().map(described)),
            ),
        }
    }
}

fn described(node: &Node) -> String {
    let addresses: Vec<String> = node.addresses.values().map(ToString::to_string).collect();
    format!("{}: {}", node.name, addresses.join(" "))
}

/// The first few of a list that may be long.
pub(crate) fn some(items: impl IntoIterator<Item = impl Display>) -> String {
    const SHOWN: usize = 8;
    let all: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    match all.len() {
        0 => "none".to_owned(),
        count if count <= SHOWN => all.join(", "),
        count => format!("{} and {} more", all[..SHOWN].join(", "), count - SHOWN),
    }
}
