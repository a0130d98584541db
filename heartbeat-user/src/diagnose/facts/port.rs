//! One interface: what it is, how it is set, what it counts.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::diagnose::reading::{Counters, Reading};

/// An interface.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Port {
    /// Its name.
    pub name: String,
    /// Its index.
    pub index: u32,
    /// Labels of the networks that go through it.
    pub networks: Vec<String>,
    /// What kind of virtual device it is: `veth`, `bridge`, `bond`, `team`, `vlan`; absent for hardware.
    pub kind: Option<String>,
    /// Whether it is set up.
    pub set_up: bool,
    /// Whether it has a carrier.
    pub carrier: bool,
    /// Bytes of the largest IP packet.
    pub mtu: u32,
    /// Its hardware address.
    pub hardware: String,
    /// The bridge, bond or the like that it is a port of.
    pub master: Option<String>,
    /// The interface below a VLAN device.
    pub parent: Option<String>,
    /// The VLAN id.
    pub vlan: Option<u16>,
    /// Id of an attached XDP program.
    pub xdp_program: Option<u32>,
    /// Whether that program is this node's own; unreadable without rights.
    pub xdp_own: Reading<Own>,
    /// Its driver.
    pub driver: Option<Driver>,
    /// Speed and duplex.
    pub negotiation: Reading<Negotiation>,
    /// Its buffers.
    pub buffers: Reading<Buffers>,
    /// Flow control, where it can be set: on or off.
    pub flow_control: Option<bool>,
    /// What the device does for the stack, by name: on or off.
    pub offloads: BTreeMap<String, bool>,
    /// What the kernel counts.
    pub counters: Counters,
    /// What the driver counts.
    pub driver_counters: Reading<Counters>,
    /// What waits to be sent.
    pub queues: Vec<Queue>,
    /// Of a bridge.
    pub bridge: Option<Bridge>,
    /// State of a bridge's port: 0 disabled, 1 listening, 2 learning, 3 forwarding, 4 blocking.
    pub bridge_state: Option<u8>,
    /// Of a bond.
    pub bond: Option<Bond>,
    /// Of a bond's port.
    pub bond_port: Option<BondPort>,
    /// The sysctl rp_filter that holds: 0 off, 1 strict, 2 loose.
    pub reverse_path: Option<u8>,
    /// Addresses that are not usable, and why: `tentative`, `dadfailed`.
    pub unusable: Vec<(IpAddr, String)>,
}

/// Whose an XDP program is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Own {
    /// This node's.
    Ours,
    /// Somebody else's.
    Foreign,
}

/// Who drives the device.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Driver {
    /// Its name.
    pub name: String,
    /// Its version; of the kernel's own drivers the kernel's.
    pub version: String,
    /// The device's firmware, where it says.
    pub firmware: String,
    /// Whether it is a module that is not of this kernel's sources.
    pub out_of_tree: bool,
}

/// What the two ends of a cable agreed on.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Negotiation {
    /// Mbit/s; absent where the device does not know.
    pub speed: Option<u32>,
    /// Whether both ends may send at once; absent where the device does not know.
    pub full_duplex: Option<bool>,
    /// Whether this end negotiates.
    pub automatic: bool,
    /// Whether it can.
    pub can_be_automatic: bool,
    /// Whether the other end negotiates, where that is known.
    pub partner_automatic: Option<bool>,
}

/// Frames that fit into the device's buffers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Buffers {
    /// For receiving.
    pub receive: u32,
    /// The most that it can have for receiving.
    pub receive_max: u32,
}

/// A queue of frames to be sent.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Queue {
    /// Its discipline: `fq_codel`, `clsact`.
    pub kind: String,
    /// Bytes that wait.
    pub backlog: u32,
    /// Frames that it dropped.
    pub counters: Counters,
}

/// A bridge.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Bridge {
    /// Whether it takes part in a spanning tree.
    pub spanning_tree: bool,
    /// How long a port listens, and learns, before it forwards, in seconds.
    pub forward_delay: u32,
    /// Whether the tree is changing.
    pub changing: bool,
    /// Whether it forwards groups to members only.
    pub snooping: bool,
    /// Whether it asks for members itself.
    pub querier: bool,
    /// Whether it hears somebody else ask; absent where the kernel does not say.
    pub other_querier: Option<bool>,
}

/// A bond.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Bond {
    /// Its mode, by the kernel's name: `active-backup`.
    pub mode: String,
    /// Between two looks at its ports' carriers, in ms; 0: never.
    pub monitoring: u32,
    /// Between two ARP questions, in ms; 0: never.
    pub arp_interval: u32,
    /// Index of the port in use, where there is one.
    pub active: Option<u32>,
}

/// A port of a bond.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct BondPort {
    /// Whether it is held to be up.
    pub up: bool,
    /// How often it failed.
    pub failures: u32,
    /// How often it failed between the two looks.
    pub failed_lately: u32,
}

impl Port {
    /// Notes what changed since an earlier look.
    pub fn since(&mut self, earlier: &Port) {
        self.counters.since(&earlier.counters);
        if let (Some(counters), Some(before)) = (
            self.driver_counters.known_mut(),
            earlier.driver_counters.known(),
        ) {
            counters.since(before);
        }
        for (queue, before) in self.queues.iter_mut().zip(&earlier.queues) {
            queue.counters.since(&before.counters);
        }
        if let (Some(port), Some(before)) = (&mut self.bond_port, &earlier.bond_port) {
            port.failed_lately = port.failures.saturating_sub(before.failures);
        }
    }

    /// Whether it bundles other interfaces.
    pub fn is_team(&self) -> bool {
        matches!(self.kind.as_deref(), Some("bond" | "team"))
    }
}
