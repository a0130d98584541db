//! What was found on a host, and judged by nobody yet.
//!
//! Facts are plain values that go through JSON and back, so that those of a host that had trouble can be kept and
//! judged again. The awkward case is time: what matters is what changes, so a host is looked at twice, and
//! [`Facts::since`] turns two looks into one set of facts whose counters know what they grew by.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::reading::Reading;

pub use agent::{AgentFacts, Happening};
pub use clocks::{Clocks, Kernel, LogLine};
pub use firewall::{Chain, DropRule, Firewall};
pub use load::{Disk, Load, Pressure, Process};
pub use peer::{PeerSettings, PortSettings, Settings};
pub use port::{Bond, BondPort, Bridge, Buffers, Driver, Negotiation, Own, Port, Queue};
pub use stack::Stack;

mod agent;
mod clocks;
mod firewall;
mod load;
mod peer;
mod port;
mod stack;

/// All that is known of a host.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// This node's name.
    pub node: String,
    /// When the second look was taken, seconds since 1970.
    pub at_unix_seconds: f64,
    /// Between the two looks.
    pub window_seconds: f64,
    /// The networks of the configuration that this node is on.
    pub networks: Vec<NetworkFacts>,
    /// The interfaces that matter to them.
    pub ports: Reading<Vec<Port>>,
    /// What all interfaces share.
    pub stack: Stack,
    /// What filters frames.
    pub firewall: Reading<Firewall>,
    /// What the host is busy with.
    pub load: Load,
    /// The kernel and what it was told.
    pub kernel: Kernel,
    /// Clocks.
    pub clocks: Clocks,
    /// What the agent says.
    pub agent: Reading<AgentFacts>,
    /// What corosync says of itself: its own words, line by line.
    pub corosync: Reading<Vec<String>>,
    /// How the peers are set up, where they were asked.
    pub peers: Vec<PeerSettings>,
    /// How this node is set up, as peers see it.
    pub own: Settings,
}

/// One network of the configuration, from this node.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct NetworkFacts {
    /// What the file calls it.
    pub key: String,
    /// What events call it.
    pub label: String,
    /// Its number.
    pub id: u16,
    /// This node's address.
    pub address: IpAddr,
    /// The interface that has the address.
    pub interface: Option<String>,
    /// Whether heartbeats may go to a group.
    pub may_multicast: bool,
    /// Those who are on it.
    pub peers: Vec<Neighbour>,
}

/// A peer's address on a network, as this host's kernel knows it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Neighbour {
    /// The peer's name.
    pub peer: String,
    /// Its address.
    pub address: IpAddr,
    /// State of the neighbour entry: `reachable`, `stale`, `failed` and the like; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// The hardware address in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hardware: Option<String>,
    /// The interface by which this host would send there.
    #[serde(default)]
    pub way_out: Reading<String>,
}

impl Facts {
    /// The same facts, with what changed since an earlier look.
    pub fn since(mut self, earlier: &Facts) -> Facts {
        self.window_seconds = self.at_unix_seconds - earlier.at_unix_seconds;
        if let (Some(ports), Some(before)) = (self.ports.known_mut(), earlier.ports.known()) {
            for port in ports {
                if let Some(before) = before.iter().find(|before| before.name == port.name) {
                    port.since(before);
                }
            }
        }
        self.stack.since(&earlier.stack);
        self.load.since(&earlier.load);
        self.clocks.since(&earlier.clocks);
        if let (Some(firewall), Some(before)) =
            (self.firewall.known_mut(), earlier.firewall.known())
        {
            firewall.since(before);
        }
        if let (Some(agent), Some(before)) = (self.agent.known_mut(), earlier.agent.known()) {
            agent.since(before);
        }
        self
    }

    /// The interfaces that could be read.
    pub fn all_ports(&self) -> &[Port] {
        self.ports.known().map_or(&[], Vec::as_slice)
    }

    /// The interface with this name.
    pub fn port(&self, name: &str) -> Option<&Port> {
        self.all_ports().iter().find(|port| port.name == name)
    }

    /// The interfaces that have a network's address, with it.
    pub fn attached(&self) -> impl Iterator<Item = (&NetworkFacts, &Port)> {
        self.networks.iter().filter_map(|network| {
            let port = self.port(network.interface.as_deref()?)?;
            Some((network, port))
        })
    }

    /// Labels of the networks that an interface carries, itself or below another one.
    pub fn carries(&self, port: &Port) -> Vec<String> {
        let labels = self.networks.iter().map(|network| &network.label);
        labels
            .filter(|label| port.networks.contains(label))
            .cloned()
            .collect()
    }
}
