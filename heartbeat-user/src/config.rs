//! The configuration: one file, the same on every node, read into values that can only be right.
//!
//! What the agent holds after reading is a [`Cluster`]: every identity exists, every address lies in its
//! subnet, every duration is in range, so that nothing behind this module checks again. The awkward case is
//! the file with many mistakes, edited at night: whoever mends it should see all of them at once, each with
//! its line. A derived deserializer stops at the first, so the file is walked by hand over a document that
//! remembers where each value stood (`document`), the sections become drafts with holes (`cluster`,
//! `network`, `node`, `agent`), and only a draft without any mistake becomes a [`Cluster`].

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path as FilePath, PathBuf};
use std::time::Duration;

use heartbeat_core::timing::Timing;
use heartbeat_ebpf::ids::{NetworkId, NodeId};

pub use agent::DEFAULT_SOCKET;
pub use membership::Membership;
pub use mistake::{ConfigError, Mistake, Mistakes};
pub use path::Path;
pub use subnet::Subnet;

mod agent;
mod cluster;
pub mod diff;
mod digest;
mod document;
mod draft;
pub mod duration;
pub(crate) mod local;
mod membership;
mod mistake;
mod network;
mod node;
mod path;
mod section;
mod spelling;
mod subnet;
mod value;
mod word;

/// Where the file lies unless the command line says otherwise.
pub const DEFAULT_FILE: &str = "/etc/heartbeat-ebpf/cluster.toml";
/// Nodes of one cluster.
pub const NODES_MAX: usize = 1024;
/// Nodes on a network from which on a group spares frames.
const MULTICAST_NODES_MIN: usize = 3;
/// Bytes of a file. 1024 nodes on 4 networks take less than a fifth of it.
pub const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// A whole configuration, valid by construction.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cluster {
    /// Its name, fit for a directory.
    pub name: String,
    /// First four bytes, big-endian, of the SHA-256 of the name: the cluster on the wire.
    pub hash: u32,
    /// What two nodes compare to see whether they run the same configuration: all that must agree between
    /// nodes, nothing that may differ (the key's file, XDP modes, `[agent]`).
    pub digest: u32,
    /// Whether heartbeats carry a tag.
    pub authentication: Authentication,
    /// How long peers wait for an agent that said it restarts.
    pub restart_grace: Duration,
    /// Missed heartbeats in a row, on every network that counts, until regroup. More than any of these
    /// networks' `lost_after`.
    pub regroup_after: u32,
    /// How the cluster agrees on its members.
    pub membership: Membership,
    /// Sorted by id, 1 ..= 64.
    pub networks: Vec<Network>,
    /// Sorted by id, 2 ..= 1024.
    pub nodes: Vec<Node>,
    /// What is this host's own business.
    pub agent: Agent,
}

/// Whether heartbeats are authenticated.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Authentication {
    /// By the cluster key in this file; see [`crate::key`].
    Key {
        /// An absolute path.
        file: PathBuf,
    },
    /// Anyone on the network may forge them.
    Off,
}

/// Whether heartbeats may go to a group of the network. They do once every peer has confirmed the group, and
/// only as long as it works; until then they go to each peer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Multicast {
    /// With three nodes or more on the network: two exchange as many frames either way.
    Auto,
    /// With any number of nodes.
    On,
    /// Never.
    Off,
}

/// What a network counts for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// For liveness of nodes and for messages between them; no clients on it.
    Internal,
    /// The same, with clients on it.
    Mixed,
    /// For neither: it is only monitored.
    Client,
}

impl Role {
    /// Whether silence on such a network says something about a node.
    pub const fn counts(self) -> bool {
        match self {
            Role::Internal | Role::Mixed => true,
            Role::Client => false,
        }
    }
}

/// How the XDP program is attached to an interface.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum XdpMode {
    /// Native, and generic where the driver refuses.
    Auto,
    /// In the driver, or not at all.
    Native,
    /// After the driver, for any interface.
    Generic,
}

/// A network of the cluster.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Network {
    /// What the file calls it.
    pub key: String,
    /// What the wire calls it.
    pub id: NetworkId,
    /// What events call it; no other network's.
    pub label: String,
    /// Every address of the network lies in it.
    pub subnet: Subnet,
    /// What it counts for.
    pub role: Role,
    /// Which network carries messages: the lowest first, 1 ..= 65535.
    pub priority: u16,
    /// How its paths are judged.
    pub timing: Timing,
    /// Whether heartbeats go to its group.
    pub multicast: Multicast,
    /// How to attach to its interfaces; `[agent] xdp` unless the network says otherwise.
    pub xdp: XdpMode,
}

impl Network {
    /// Whether heartbeats may go to a group where `nodes`, this one included, are on the network; see
    /// [`Cluster::nodes_on`].
    pub const fn may_multicast(&self, nodes: usize) -> bool {
        match self.multicast {
            Multicast::Auto => nodes >= MULTICAST_NODES_MIN,
            Multicast::On => true,
            Multicast::Off => false,
        }
    }
}

/// A node of the cluster.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Node {
    /// Its name, fit for a directory.
    pub name: String,
    /// Its number on the wire.
    pub id: NodeId,
    /// Its addresses, one a network, at least one.
    pub addresses: BTreeMap<NetworkId, IpAddr>,
    /// Its votes, 0 ..= 100; some node has one at least.
    pub votes: u32,
}

/// What is each host's own business, and never compared between nodes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Agent {
    /// How to attach where the network does not say.
    pub xdp: XdpMode,
    /// Where metrics are served, if they are.
    pub metrics: Option<SocketAddr>,
    /// The control socket, an absolute path of at most 107 bytes.
    pub socket: PathBuf,
    /// Where nodes keep their state, an absolute path; see [`Cluster::node_dir`].
    pub state_dir: PathBuf,
    /// Where nodes pin links and maps, an absolute path; see [`Cluster::pin_dir`].
    pub pins: PathBuf,
    /// Bytes of events kept.
    pub events_kept: u64,
    /// Whether to touch the kernel's ksoftirqd threads.
    pub raise_ksoftirqd: Ksoftirqd,
    /// Where the core's inputs are recorded, an absolute path, if they are.
    pub record: Option<PathBuf>,
}

/// What becomes of the kernel's ksoftirqd threads, on which XDP waits where a kernel before 6.4 is starved.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ksoftirqd {
    /// They keep their priority, which is the host's business.
    Left,
    /// They get real-time priority.
    Raised,
}

/// Reads a file; the error says what to do.
pub fn read(path: &FilePath) -> Result<String, ConfigError> {
    let file = path.display().to_string();
    let unreadable = |error: std::io::Error| ConfigError::unreadable(&file, &error);
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|open| open.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes))
        .map_err(unreadable)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(ConfigError::too_large(&file));
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        Mistakes::not_text(&file, error.as_bytes(), valid).into()
    })
}

impl Cluster {
    /// Reads and checks a file; the error says what to do, and prints all mistakes at once.
    pub fn load(path: &FilePath) -> Result<Cluster, ConfigError> {
        let text = read(path)?;
        Ok(Cluster::parse(&text, &path.display().to_string())?)
    }

    /// Checks the text of a file; `file` is what the mistakes call it.
    pub fn parse(text: &str, file: &str) -> Result<Cluster, Mistakes> {
        draft::read(text, file)
    }

    /// How many nodes have an address on a network.
    pub fn nodes_on(&self, network: NetworkId) -> usize {
        let on_it = |node: &&Node| node.addresses.contains_key(&network);
        self.nodes.iter().filter(on_it).count()
    }

    /// How long after the last arrival a node is suspected at the latest: when it was silent on every network
    /// that counts, judged by this configuration's own intervals. `None` where no network counts.
    pub fn suspicion(&self) -> Option<Duration> {
        membership::suspicion(&self.networks, self.regroup_after)
    }

    /// The addresses to ask on a network whose interface is at fault.
    pub fn witnesses(&self, network: &Network) -> impl Iterator<Item = IpAddr> {
        let witnesses = self.membership.witness.iter().copied();
        witnesses.filter(|witness| network.subnet.contains(*witness))
    }

    /// Where `node` keeps its state.
    pub fn node_dir(&self, node: &Node) -> PathBuf {
        self.agent.state_dir.join(&node.name)
    }

    /// Where `node` pins its links and maps. A bpffs refuses names with a dot, so that `a.example` lies in
    /// `a:example`, which no other name can.
    pub fn pin_dir(&self, node: &Node) -> PathBuf {
        let component = |name: &str| name.replace('.', ":");
        self.agent
            .pins
            .join(heartbeat_ebpf::map::ABI.to_string())
            .join(component(&self.name))
            .join(component(&node.name))
    }
}

#[cfg(test)]
mod tests;
