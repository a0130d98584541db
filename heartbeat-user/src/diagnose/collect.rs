//! Reading a host: everything that is known of it, within bounds of time and size.
//!
//! Two looks, a second apart, make one set of facts. Interfaces are asked over netlink and ethtool and never through
//! sysfs, which may show another namespace than the caller's; what /proc has is of the caller's own. The awkward case
//! is a host in trouble, which is the only one that is ever looked at: a file may take for ever, a program may hang,
//! so programs have a time limit, texts a largest size, and each that fails is one fact less and no error.

use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use crate::clock;
use crate::config::{Cluster, Node};
use crate::diagnose::facts::{Facts, NetworkFacts, Settings};

mod agent;
mod bridging;
mod child;
mod clocks;
mod corosync;
mod device;
mod files;
mod firewall;
mod load;
mod log;
mod neighbours;
mod peers;
mod ports;
mod queues;
mod stack;

pub use child::run;

/// Between the two looks.
pub const WINDOW: Duration = Duration::from_secs(1);

/// Which node's host is looked at.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The configuration.
    pub cluster: Cluster,
    /// The node in it.
    pub node: Node,
    /// The agent's control socket.
    pub socket: PathBuf,
}

/// Looks twice, says what changed, and asks these peers how they are set up.
pub fn facts(subject: &Subject, peers: &[String]) -> Facts {
    let mut first = look(subject);
    first.agent = agent::look(&subject.socket, agent::Events::None);
    thread::sleep(WINDOW);
    let mut second = look(subject);
    second.agent = agent::look(&subject.socket, agent::Events::All);
    second.corosync = corosync::look();
    second.kernel.log = log::look();
    let mut facts = second.since(&first);
    facts.peers = peers::ask(&subject.socket, peers);
    let agent = facts.agent.known();
    let version = agent.map(|agent| agent.version.clone()).unwrap_or_default();
    facts.own = Settings::of(&facts, &version, &digest(&subject.cluster));
    facts
}

/// The few settings that peers ask for: one look, no programs.
pub fn settings(cluster: &Cluster, node: &Node) -> Settings {
    let networks = networks(cluster, node);
    let facts = Facts {
        node: node.name.clone(),
        ports: ports::look(&networks, &[]),
        networks,
        kernel: clocks::kernel(),
        clocks: clocks::look(),
        ..Facts::default()
    };
    Settings::of(&facts, env!("CARGO_PKG_VERSION"), &digest(cluster))
}

fn look(subject: &Subject) -> Facts {
    let Subject { cluster, node, .. } = subject;
    let mut networks = networks(cluster, node);
    let own = crate::check::own_programs(&cluster.pin_dir(node));
    let ports = ports::look(&networks, &own);
    neighbours::fill(&mut networks, &ports);
    Facts {
        node: node.name.clone(),
        at_unix_seconds: clock::wall().as_secs_f64(),
        ports,
        networks,
        stack: stack::look(),
        firewall: firewall::look(),
        load: load::look(),
        kernel: clocks::kernel(),
        clocks: clocks::look(),
        ..Facts::default()
    }
}

/// What the configuration says of this node's networks, and which interfaces have its addresses.
fn networks(cluster: &Cluster, node: &Node) -> Vec<NetworkFacts> {
    let addresses: Vec<_> = node.addresses.values().copied().collect();
    let owners = crate::interface::owners(&addresses).unwrap_or_default();
    let mut owners = owners.into_iter();
    let mut facts = Vec::new();
    for (id, address) in &node.addresses {
        let owner = owners.next().flatten();
        let network = cluster.networks.iter().find(|network| network.id == *id);
        facts.extend(network.map(|network| NetworkFacts {
            key: network.key.clone(),
            label: network.label.clone(),
            id: id.number(),
            address: *address,
            interface: owner.map(|owner| owner.name),
            may_multicast: network.may_multicast(cluster.nodes_on(*id)),
            peers: neighbours::configured(cluster, node, *id),
        }));
    }
    facts
}

fn digest(cluster: &Cluster) -> String {
    format!("{:08x}", cluster.digest)
}
