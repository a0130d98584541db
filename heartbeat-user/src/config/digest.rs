//! The digest: what two nodes compare to see whether they run the same configuration.
//!
//! It is taken over a canonical text of what the file *means*, so that comments, the order of sections and a
//! default spelled out change nothing. What may differ between hosts is left out: the key's file, XDP modes,
//! `[agent]`. A later release that knows more keys must add a line only where one differs from what this
//! release does, or a rolling upgrade would report a difference that is none.

use std::fmt::{self, Write};

use sha2::{Digest, Sha256};

use super::{Cluster, Network, Node};
use heartbeat_core::timing::Tolerance;

/// First four bytes, big-endian, of the SHA-256 of `text`.
pub(super) fn of(text: &str) -> u32 {
    let digest: [u8; 32] = Sha256::digest(text.as_bytes()).into();
    let [a, b, c, d, ..] = digest;
    u32::from_be_bytes([a, b, c, d])
}

/// Everything that must agree between nodes, one fact a line.
pub(super) fn canonical(cluster: &Cluster) -> String {
    let mut text = String::new();
    write_cluster(&mut text, cluster).expect("writing to a string does not fail");
    text
}

fn write_cluster(text: &mut String, cluster: &Cluster) -> fmt::Result {
    writeln!(text, "name {}", cluster.name)?;
    writeln!(text, "authentication {}", cluster.authentication.word())?;
    writeln!(text, "restart_grace {}", cluster.restart_grace.as_nanos())?;
    writeln!(text, "regroup_after {}", cluster.regroup_after)?;
    for network in &cluster.networks {
        write_network(text, network)?;
    }
    for node in &cluster.nodes {
        write_node(text, node)?;
    }
    Ok(())
}

fn write_network(text: &mut String, network: &Network) -> fmt::Result {
    let timing = &network.timing;
    let tolerance = match timing.tolerance {
        Tolerance::Auto => "auto".to_owned(),
        Tolerance::Fixed(tolerance) => tolerance.as_nanos().to_string(),
    };
    writeln!(text, "network {} {}", network.id, network.key)?;
    writeln!(text, "label {}", network.label)?;
    writeln!(text, "subnet {}", network.subnet)?;
    writeln!(text, "role {}", network.role.word())?;
    writeln!(text, "priority {}", network.priority)?;
    writeln!(text, "multicast {}", network.multicast.word())?;
    writeln!(text, "interval {}", timing.interval.as_nanos())?;
    writeln!(text, "lost_after {}", timing.lost_after)?;
    writeln!(text, "restored_after {}", timing.restored_after)?;
    writeln!(text, "tolerance {tolerance}")
}

fn write_node(text: &mut String, node: &Node) -> fmt::Result {
    writeln!(text, "node {} {}", node.id, node.name)?;
    for (network, address) in &node.addresses {
        writeln!(text, "address {network} {address}")?;
    }
    Ok(())
}
