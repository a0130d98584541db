//! The digest: what two nodes compare to see whether they run the same configuration.
//!
//! It is taken over a canonical text of what the file *means*, so that comments, the order of sections and a
//! default spelled out change nothing. What may differ between hosts is left out: the key's file, XDP modes,
//! `[agent]`. A later release that knows more keys must add a line only where one differs from what this
//! release does, or a rolling upgrade would report a difference that is none. Every field is written here or
//! left out by name, so that none is forgotten.

use std::fmt::{self, Write};

use heartbeat_core::timing::{Timing, Tolerance};
use sha2::{Digest, Sha256};

use super::node::VOTES;
use super::{Cluster, Membership, Network, Node};

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
    let Cluster {
        name,
        hash: _,
        digest: _,
        authentication,
        restart_grace,
        regroup_after,
        membership,
        networks,
        nodes,
        agent: _,
    } = cluster;
    writeln!(text, "name {name}")?;
    writeln!(text, "authentication {}", authentication.word())?;
    writeln!(text, "restart_grace {}", restart_grace.as_nanos())?;
    writeln!(text, "regroup_after {regroup_after}")?;
    for network in networks {
        write_network(text, network)?;
    }
    for node in nodes {
        write_node(text, node)?;
    }
    let membership = membership.settings().into_iter();
    let usual = Membership::usual(nodes, cluster.suspicion()).map(|usual| usual.settings());
    for (at, (key, value)) in membership.enumerate() {
        // A file that has none of these keys goes on meaning what it meant before there were any.
        if usual.as_ref().is_none_or(|usual| usual[at].1 != value) {
            writeln!(text, "{key} {value}")?;
        }
    }
    Ok(())
}

fn write_network(text: &mut String, network: &Network) -> fmt::Result {
    let Network {
        key,
        id,
        label,
        subnet,
        role,
        priority,
        timing,
        multicast,
        xdp: _,
    } = network;
    writeln!(text, "network {id} {key}")?;
    writeln!(text, "label {label}")?;
    writeln!(text, "subnet {subnet}")?;
    writeln!(text, "role {}", role.word())?;
    writeln!(text, "priority {priority}")?;
    writeln!(text, "multicast {}", multicast.word())?;
    write_timing(text, timing)
}

fn write_timing(text: &mut String, timing: &Timing) -> fmt::Result {
    let Timing {
        interval,
        lost_after,
        tolerance,
        restored_after,
    } = timing;
    writeln!(text, "interval {}", interval.as_nanos())?;
    writeln!(text, "lost_after {lost_after}")?;
    writeln!(text, "restored_after {restored_after}")?;
    match tolerance {
        Tolerance::Auto => writeln!(text, "tolerance auto"),
        Tolerance::Fixed(tolerance) => writeln!(text, "tolerance {}", tolerance.as_nanos()),
    }
}

fn write_node(text: &mut String, node: &Node) -> fmt::Result {
    let Node {
        name,
        id,
        addresses,
        votes,
    } = node;
    writeln!(text, "node {id} {name}")?;
    if *votes != VOTES {
        writeln!(text, "votes {votes}")?;
    }
    for (network, address) in addresses {
        writeln!(text, "address {network} {address}")?;
    }
    Ok(())
}
