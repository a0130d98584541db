//! How a node is set up, as far as nodes should be alike.
//!
//! Two ends of a network that are each well set may not fit together: one side negotiates and the other does not, one
//! sends frames that the other is too small for. So nodes tell each other these few settings when they are asked. The
//! awkward case is a peer of another release: what it does not say is absent, and what we do not know is passed over.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Facts, Port};
use crate::diagnose::reading::Reading;

/// A node's settings.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// The node's name.
    pub node: String,
    /// Release of its agent.
    pub agent: String,
    /// Release of its kernel.
    pub kernel: String,
    /// Digest of its configuration, hexadecimal.
    pub config_digest: String,
    /// Whether something disciplines its wall clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub synchronised: Option<bool>,
    /// Its interfaces, by the networks' numbers.
    pub ports: BTreeMap<u16, PortSettings>,
}

/// Settings of an interface to a network.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PortSettings {
    /// Its name.
    pub name: String,
    /// Bytes of the largest IP packet.
    pub mtu: u32,
    /// The driver's name.
    pub driver: String,
    /// The driver's version.
    pub driver_version: String,
    /// The device's firmware.
    pub firmware: String,
    /// Mbit/s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub speed: Option<u32>,
    /// Whether both ends may send at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub full_duplex: Option<bool>,
    /// Whether it negotiates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub automatic: Option<bool>,
    /// The VLAN id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vlan: Option<u16>,
    /// Whether it bundles other interfaces.
    pub team: bool,
    /// What the device does for the stack, by name, where it is on.
    pub offloads: Vec<String>,
}

/// What asking a peer came to.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct PeerSettings {
    /// The peer.
    pub peer: String,
    /// What it said.
    pub said: Reading<Settings>,
}

impl Settings {
    /// Those in facts of this node; release and digest are the agent's to say.
    pub fn of(facts: &Facts, agent: &str, config_digest: &str) -> Self {
        let ports = facts
            .attached()
            .map(|(network, port)| (network.id, PortSettings::of(port)));
        Settings {
            node: facts.node.clone(),
            agent: agent.to_owned(),
            kernel: facts.kernel.release.clone(),
            config_digest: config_digest.to_owned(),
            synchronised: facts.clocks.synchronised.known().copied(),
            ports: ports.collect(),
        }
    }
}

impl PortSettings {
    fn of(port: &Port) -> Self {
        let driver = port.driver.clone().unwrap_or_default();
        let negotiation = port.negotiation.known();
        let automatic = negotiation.filter(|negotiation| negotiation.can_be_automatic);
        let on = port.offloads.iter().filter(|(_, on)| **on);
        PortSettings {
            name: port.name.clone(),
            mtu: port.mtu,
            driver: driver.name,
            driver_version: driver.version,
            firmware: driver.firmware,
            speed: negotiation.and_then(|negotiation| negotiation.speed),
            full_duplex: negotiation.and_then(|negotiation| negotiation.full_duplex),
            automatic: automatic.map(|negotiation| negotiation.automatic),
            vlan: port.vlan,
            team: port.is_team(),
            offloads: on.map(|(name, _)| name.clone()).collect(),
        }
    }
}
