//! `heartbeat detach`: removes links, programs, maps, pins and multicast memberships.
//!
//! It refuses while an agent runs: stamping would end under it. The links go first, and with the last pin the
//! kernel frees programs and maps. The configuration may have changed since the agent ran, so the groups left are
//! those of the networks in it and of those in the pinned maps.

use std::path::Path;

use anyhow::Result;

use super::Exit;
use crate::agent::Lock;
use crate::config::Cluster;
use crate::group::{self, Left};
use crate::interface::{self, Membership};
use crate::pins::{self, Pins};

/// Removes what a node's agent left in the kernel.
pub fn run(config: &Path, node: Option<&str>) -> Result<Exit> {
    let cluster = Cluster::load(config)?;
    let node = cluster.local_node(node, &interface::local_addresses()?)?;
    let directory = cluster.node_dir(node);
    let _lock = if directory.exists() {
        Some(Lock::take(&directory)?)
    } else {
        None
    };
    let pinned = cluster.pin_dir(node);
    let mut networks = pins::networks(&pinned)?;
    networks.extend(cluster.networks.iter().map(|network| network.id));
    let left = group::leave_all(&cluster.name, &networks)?;
    let pins = Pins::remove(&cluster.agent.pins, &pinned)?;
    if pins == 0 && left == Left::default() {
        println!("nothing is left of node {}", node.name);
        return Ok(Exit::Well);
    }
    println!(
        "removed {pins} pins of node {}: no XDP program of it is attached any more",
        node.name
    );
    for membership in &left.ended {
        println!("left the group {}", told(membership));
    }
    for membership in &left.kept {
        println!(
            "the kernel keeps the membership of {} until that interface is removed, because it was set down meanwhile; this does no harm",
            told(membership)
        );
    }
    Ok(Exit::Well)
}

fn told(membership: &Membership) -> String {
    let name = interface::name_of(membership.interface).ok().flatten();
    let index = || format!("interface {}", membership.interface);
    format!("{} on {}", membership.group, name.unwrap_or_else(index))
}
