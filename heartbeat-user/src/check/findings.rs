//! What was found, as values: for programs that look at many hosts, such as `cargo xtask deploy`.
//!
//! Which driver runs XDP natively is judged in one place, here, by the very binary that is to run on the host. So
//! whoever compares hosts does not guess from afar, and two releases may judge differently.

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::membership;
use super::outlook::Outlook;
use crate::config::{Cluster, Network, Node};
use crate::key::KeyRing;

/// What `heartbeat check --json` prints.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Findings {
    /// The cluster's name.
    pub cluster: String,
    /// Who this host would be.
    pub node: String,
    /// Digest of the configuration, hexadecimal.
    pub config_digest: String,
    /// Ids of the keys that verify, the one that signs first; none without authentication.
    pub keys: Vec<u8>,
    /// The node's networks, by id.
    pub networks: Vec<NetworkFinding>,
    /// What may come as a surprise, a sentence each.
    pub warnings: Vec<String>,
}

/// What attaching would mean on one network.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct NetworkFinding {
    /// Its label.
    pub network: String,
    /// This node's address there.
    pub address: String,
    /// The device that owns it; absent: none does.
    pub interface: Option<String>,
    /// Its driver, where it tells.
    pub driver: Option<String>,
    /// Bytes of the largest IP packet that it sends.
    pub mtu: Option<u32>,
    /// Whether it is set up and has a carrier.
    pub up: bool,
    /// The id of the XDP program that is attached now, whoever's.
    pub xdp_program: Option<u32>,
    /// How attaching would go, or why it would not.
    pub xdp: String,
    /// Whether the network would be watched.
    pub ready: bool,
}

impl Findings {
    /// Those of `node`; `outlooks` are those of its networks, by id.
    pub(super) fn of(
        cluster: &Cluster,
        node: &Node,
        keys: Option<&KeyRing>,
        outlooks: &[Outlook],
    ) -> Self {
        let addresses = node.addresses.iter().zip(outlooks);
        let networks = addresses.filter_map(|((id, address), outlook)| {
            let network = cluster.networks.iter().find(|network| network.id == *id)?;
            Some(NetworkFinding::of(network, address.to_string(), outlook))
        });
        let signing = keys.map(|keys| keys.signing);
        let other = keys.and_then(|keys| keys.other);
        Findings {
            cluster: cluster.name.clone(),
            node: node.name.clone(),
            config_digest: format!("{:08x}", cluster.digest),
            keys: signing.iter().chain(&other).map(|key| key.id).collect(),
            networks: networks.collect(),
            warnings: membership::warnings(cluster),
        }
    }

    /// As one line of JSON.
    pub(super) fn line(&self) -> Result<String> {
        let line = serde_json::to_string(self).context("write the findings as JSON")?;
        Ok(line + "\n")
    }
}

impl NetworkFinding {
    fn of(network: &Network, address: String, outlook: &Outlook) -> Self {
        let owner = outlook.owner.as_ref();
        NetworkFinding {
            network: network.label.clone(),
            address,
            interface: owner.map(|owner| owner.name.clone()),
            driver: owner.and_then(|owner| owner.driver.clone()),
            mtu: owner.map(|owner| owner.mtu),
            up: owner.is_some_and(|owner| owner.up),
            xdp_program: owner.and_then(|owner| owner.xdp_program),
            xdp: outlook.xdp.clone(),
            ready: outlook.ready,
        }
    }
}
