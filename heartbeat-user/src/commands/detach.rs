//! `heartbeat detach`: removes links, programs, maps and pins.
//!
//! It refuses while an agent runs: stamping would end under it. The links go first, and with the last pin the
//! kernel frees programs and maps.

use std::path::Path;

use anyhow::Result;

use super::Exit;
use crate::agent::Lock;
use crate::config::Cluster;
use crate::interface;
use crate::pins::Pins;

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
    match Pins::remove(&cluster.agent.pins, &cluster.pin_dir(node))? {
        0 => println!("nothing is pinned for node {}", node.name),
        count => println!(
            "removed {count} pins of node {}: no XDP program of it is attached any more",
            node.name
        ),
    }
    Ok(Exit::Well)
}
