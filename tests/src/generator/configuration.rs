//! The configuration of a cluster whose other nodes are played.
//!
//! It is written for the real agent and read again for the played ones, so that both hold the same key and the same
//! digest.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

use super::shape::{self, OBSERVER, OBSERVER_ID, PeerPath, Shape};
use crate::lab::configuration::METRICS_PORT;

/// How paths are judged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Timing {
    /// Between two heartbeats.
    pub interval: Duration,
    /// Missed heartbeats in a row that end a path.
    pub lost_after: u32,
}

impl Timing {
    /// From the last arrival to 1123, with the automatic tolerance.
    pub fn detection(&self) -> Duration {
        self.interval * self.lost_after + (self.interval / 8).max(Duration::from_millis(2))
    }
}

/// How the agent sends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sending {
    /// A datagram to each peer, always.
    ToEach,
    /// One to the network's group, once all peers have confirmed it.
    ToGroup,
}

impl Sending {
    fn word(self) -> &'static str {
        match self {
            Sending::ToEach => "off",
            Sending::ToGroup => "on",
        }
    }
}

/// Where the agent's files lie.
#[derive(Clone, Copy, Debug)]
pub struct Places<'a> {
    /// The cluster key.
    pub key: &'a Path,
    /// The control socket.
    pub socket: &'a Path,
    /// The nodes' state.
    pub state: &'a Path,
    /// The pins.
    pub pins: &'a Path,
}

/// The file's text.
pub fn render(
    name: &str,
    shape: Shape,
    timing: Timing,
    sending: Sending,
    places: Places<'_>,
) -> Result<String> {
    let mut text = String::new();
    write_cluster(&mut text, name, timing, places.key).context("write text")?;
    writeln!(text, "multicast = \"{}\"", sending.word()).context("write text")?;
    for network in 0..shape.networks {
        write_network(&mut text, network).context("write text")?;
    }
    let own = (0..shape.networks).map(|network| (network, shape::observer_address(network)));
    write_node(&mut text, OBSERVER, OBSERVER_ID, own).context("write text")?;
    for peer in 0..shape.peers {
        let address = |network| (network, PeerPath { peer, network }.address());
        let addresses = (0..shape.networks).map(address);
        let id = shape::peer_id(peer);
        write_node(&mut text, &shape::peer_name(peer), id, addresses).context("write text")?;
    }
    write_agent(&mut text, places).context("write text")?;
    Ok(text)
}

fn write_cluster(
    text: &mut String,
    name: &str,
    timing: Timing,
    key: &Path,
) -> Result<(), std::fmt::Error> {
    writeln!(text, "[cluster]\nname = \"{name}\"")?;
    writeln!(text, "interval = \"{}ms\"", timing.interval.as_millis())?;
    writeln!(text, "lost_after = {}", timing.lost_after)?;
    writeln!(text, "regroup_after = {}", 3 * timing.lost_after)?;
    writeln!(text, "key_file = \"{}\"", key.display())
}

fn write_network(text: &mut String, network: u16) -> Result<(), std::fmt::Error> {
    writeln!(text, "\n[networks.{}]", shape::network_key(network))?;
    writeln!(text, "id = {}", shape::network_id(network))?;
    writeln!(text, "label = \"{}\"", shape::network_label(network))?;
    writeln!(text, "subnet = \"{}\"", shape::subnet(network))?;
    writeln!(text, "role = \"internal\"")
}

fn write_node(
    text: &mut String,
    name: &str,
    id: u16,
    addresses: impl Iterator<Item = (u16, std::net::Ipv4Addr)>,
) -> Result<(), std::fmt::Error> {
    let entry = |(network, address)| format!("{} = \"{address}\"", shape::network_key(network));
    let entries: Vec<String> = addresses.map(entry).collect();
    writeln!(text, "\n[nodes.{name}]\nid = {id}")?;
    writeln!(text, "addresses = {{ {} }}", entries.join(", "))
}

fn write_agent(text: &mut String, places: Places<'_>) -> Result<(), std::fmt::Error> {
    writeln!(text, "\n[agent]\nmetrics = \"127.0.0.1:{METRICS_PORT}\"")?;
    writeln!(text, "socket = \"{}\"", places.socket.display())?;
    writeln!(text, "state_dir = \"{}\"", places.state.display())?;
    writeln!(text, "pins = \"{}\"", places.pins.display())
}

#[cfg(test)]
mod tests {
    use heartbeat_user::config::Cluster;

    use super::*;

    #[test]
    fn the_full_configuration_is_valid_and_has_all_paths() {
        let timing = Timing {
            interval: Duration::from_millis(100),
            lost_after: 5,
        };
        let places = Places {
            key: Path::new("/k"),
            socket: Path::new("/s"),
            state: Path::new("/d"),
            pins: Path::new("/p"),
        };
        let text = render("many", Shape::FULL, timing, Sending::ToEach, places).unwrap();
        let cluster = Cluster::parse(&text, "many.toml").unwrap_or_else(|error| panic!("{error}"));
        let paths = cluster.paths(&cluster.nodes[0]);
        assert_eq!(paths.len(), Shape::FULL.paths());
        for (path, configured) in Shape::FULL.all().zip(paths) {
            assert_eq!(configured.remote, path.address());
            let [peer, network] = path.labels();
            assert_eq!(configured.peer.name, peer);
            assert_eq!(configured.network.label, network);
        }
    }
}
