//! What a lab shall be: how many nodes on which networks, and how their agents are set up.
//!
//! Everything that can be derived is: the second node is `node-b` with id 2 on every network, holds
//! 10.77.N.2 and a hardware address that ends in 02. A lab can then be read with plain `ip` and `tcpdump`
//! and no table beside it, and an interface that is removed and made again comes back as the same one.

use std::fmt;
use std::time::Duration;

use anyhow::{Result, ensure};

use super::membership::MembershipPlan;
use super::transcript::Path;

/// One node of a lab, counted from 0.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Node(pub usize);

/// One network of a lab, counted from 0 in the order in which the plan names them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Network(pub usize);

/// Nodes a lab can have: one letter each.
pub const NODES_MAX: usize = 26;
/// What a network device's name may be long, in bytes.
const INTERFACE_NAME_MAX: usize = 15;

impl Node {
    /// Its number in the configuration and the last part of its addresses.
    pub fn id(self) -> usize {
        self.0 + 1
    }

    /// The letter that tells it from the others.
    pub fn letter(self) -> char {
        char::from(b'a' + u8::try_from(self.0).expect("a lab has at most 26 nodes"))
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("node-{}", self.letter()))
    }
}

/// Internet protocol of a network; no network has both.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Family {
    V4,
    V6,
}

/// What a network of a plan counts for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// For liveness and messages, and clients use it too.
    Mixed,
    /// For neither; it is watched.
    Client,
}

impl Role {
    /// As the configuration writes it.
    pub fn label(self) -> &'static str {
        match self {
            Role::Mixed => "mixed",
            Role::Client => "client",
        }
    }
}

/// What joins nodes to switches.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Attached {
    /// A pair of virtual ends, which the kernel joins.
    #[default]
    ByCable,
    /// A card that can fail, see [`super::card`].
    ByCard,
}

/// One network of a plan.
#[derive(Clone, Debug)]
pub struct NetworkPlan {
    /// Its key in the configuration, and the name of every node's interface to it.
    pub key: &'static str,
    /// What events print.
    pub label: &'static str,
    /// What it counts for.
    pub role: Role,
    family: Family,
}

/// A lab to build. Without further words: authenticated, 1.2 s, two missed heartbeats end a path.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How many nodes.
    pub nodes: usize,
    /// Its networks.
    pub networks: Vec<NetworkPlan>,
    /// Between two heartbeats; 10 ms to 60 s, whole milliseconds.
    pub interval: Duration,
    /// Missed heartbeats in a row that end a path.
    pub lost_after: u32,
    /// Whether heartbeats carry a tag.
    pub authentication: bool,
    /// A node that is given a key of its own, which nobody else has.
    pub wrong_key: Option<Node>,
    /// How long peers wait for an agent that said it restarts; absent: the product's default.
    pub restart_grace: Option<Duration>,
    /// What the configuration says of multicast: "auto", "on" or "off". Off unless a test is about it, so that
    /// every other test knows which frames travel.
    pub multicast: &'static str,
    /// How the nodes agree on their members.
    pub membership: MembershipPlan,
    /// What joins its nodes to its switches.
    pub attached: Attached,
    /// More lines for the configuration's `[agent]` section.
    pub extra_agent: Vec<&'static str>,
}

impl Plan {
    /// So many nodes, and no network yet.
    pub fn nodes(nodes: usize) -> Self {
        Plan {
            nodes,
            networks: Vec::new(),
            interval: Duration::from_millis(1200),
            lost_after: 2,
            authentication: true,
            wrong_key: None,
            restart_grace: None,
            multicast: "off",
            membership: MembershipPlan::default(),
            attached: Attached::default(),
            extra_agent: Vec::new(),
        }
    }

    /// Adds an IPv4 network.
    pub fn network(self, key: &'static str, label: &'static str) -> Self {
        self.with_network(NetworkPlan {
            key,
            label,
            role: Role::Mixed,
            family: Family::V4,
        })
    }

    /// Adds an IPv4 network that only clients use.
    pub fn client_network(self, key: &'static str, label: &'static str) -> Self {
        self.with_network(NetworkPlan {
            key,
            label,
            role: Role::Client,
            family: Family::V4,
        })
    }

    /// Adds an IPv6 network.
    pub fn network_v6(self, key: &'static str, label: &'static str) -> Self {
        self.with_network(NetworkPlan {
            key,
            label,
            role: Role::Mixed,
            family: Family::V6,
        })
    }

    /// Adds the two networks that most labs have: "Private Network", then "Public Network".
    pub fn two_networks(self) -> Self {
        self.network("private", "Private Network")
            .network("public", "Public Network")
    }

    /// Adds these two, and then "Client Network", which only clients use.
    pub fn three_networks(self) -> Self {
        self.two_networks()
            .client_network("client", "Client Network")
    }

    /// Sets interval and missed heartbeats.
    pub fn timing(self, interval: Duration, lost_after: u32) -> Self {
        Plan {
            interval,
            lost_after,
            ..self
        }
    }

    /// Sets how long peers wait for an agent that said it restarts.
    pub fn restart_grace(self, grace: Duration) -> Self {
        Plan {
            restart_grace: Some(grace),
            ..self
        }
    }

    /// Sets what the configuration says of multicast: "auto", "on" or "off".
    pub fn multicast(self, wish: &'static str) -> Self {
        Plan {
            multicast: wish,
            ..self
        }
    }

    /// Gives every node cards that can fail.
    pub fn cards(self) -> Self {
        Plan {
            attached: Attached::ByCard,
            ..self
        }
    }

    /// Adds a line to the configuration's `[agent]` section.
    pub fn extra_agent(mut self, line: &'static str) -> Self {
        self.extra_agent.push(line);
        self
    }

    fn with_network(mut self, network: NetworkPlan) -> Self {
        self.networks.push(network);
        self
    }

    /// Refuses what cannot be built.
    pub fn check(&self) -> Result<()> {
        ensure!(
            (1..=NODES_MAX).contains(&self.nodes),
            "a lab has 1 to {NODES_MAX} nodes"
        );
        ensure!(
            (1..=99).contains(&self.networks.len()),
            "a lab has 1 to 99 networks"
        );
        for network in &self.networks {
            ensure!(
                network.key.len() <= INTERFACE_NAME_MAX,
                "the key {:?} names an interface, so at most {INTERFACE_NAME_MAX} bytes",
                network.key
            );
        }
        Ok(())
    }

    /// Every node.
    pub fn all_nodes(&self) -> impl Iterator<Item = Node> + use<> {
        (0..self.nodes).map(Node)
    }

    /// Every node but this one.
    pub fn peers(&self, of: Node) -> impl Iterator<Item = Node> + use<> {
        self.all_nodes().filter(move |node| *node != of)
    }

    /// Every network.
    pub fn all_networks(&self) -> impl Iterator<Item = Network> + use<> {
        (0..self.networks.len()).map(Network)
    }

    /// Name of the interface that each node has to this network.
    pub fn interface(&self, network: Network) -> &'static str {
        self.networks[network.0].key
    }

    /// What events call this network.
    pub fn label(&self, network: Network) -> &'static str {
        self.networks[network.0].label
    }

    /// What this network counts for.
    pub fn role(&self, network: Network) -> Role {
        self.networks[network.0].role
    }

    /// The path on which `observer` hears `peer`, as its events name it.
    pub fn path(&self, observer: Node, peer: Node, network: Network) -> Path {
        Path {
            observer: observer.to_string(),
            peer: peer.to_string(),
            network: self.label(network).to_owned(),
        }
    }

    /// The paths on which all others hear `peer` on the network.
    pub fn paths_to(&self, peer: Node, network: Network) -> impl Iterator<Item = Path> {
        self.peers(peer)
            .map(move |observer| self.path(observer, peer, network))
    }

    /// The paths on which `observer` hears all others on the network.
    pub fn paths_from(&self, observer: Node, network: Network) -> impl Iterator<Item = Path> {
        self.peers(observer)
            .map(move |peer| self.path(observer, peer, network))
    }

    /// The node's address on the network, without prefix length.
    pub fn address(&self, node: Node, network: Network) -> String {
        let (number, id) = (network.0 + 1, node.id());
        match self.networks[network.0].family {
            Family::V4 => format!("10.77.{number}.{id}"),
            Family::V6 => format!("fd77:{number}::{id}"),
        }
    }

    /// Bits of a network's addresses that all its nodes share.
    pub fn prefix_length(&self, network: Network) -> u8 {
        match self.networks[network.0].family {
            Family::V4 => 24,
            Family::V6 => 64,
        }
    }

    /// What `ip addr add` says more of the network's addresses. An IPv6 address is tentative, and refuses to be
    /// bound, until the kernel has found time not to look for a duplicate; this way it is not.
    pub fn address_flags(&self, network: Network) -> &'static str {
        match self.networks[network.0].family {
            Family::V4 => "",
            Family::V6 => " nodad",
        }
    }

    /// The network's subnet as the configuration writes it.
    pub fn subnet(&self, network: Network) -> String {
        let number = network.0 + 1;
        match self.networks[network.0].family {
            Family::V4 => format!("10.77.{number}.0/24"),
            Family::V6 => format!("fd77:{number}::/64"),
        }
    }

    /// Hardware address of the node's interface to the network.
    pub fn hardware_address(&self, node: Node, network: Network) -> String {
        format!("02:77:00:{:02x}:00:{:02x}", network.0 + 1, node.id())
    }

    /// From the last arrival to the deadline: the missed heartbeats and the automatic tolerance, an
    /// eighth of the interval and at least 2 ms.
    pub fn detection_time(&self) -> Duration {
        self.interval * self.lost_after + (self.interval / 8).max(Duration::from_millis(2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_say_which_node_and_which_network() {
        let plan = Plan::nodes(2)
            .network("private", "Private")
            .network_v6("six", "Six");
        assert_eq!(plan.address(Node(1), Network(0)), "10.77.1.2");
        assert_eq!(plan.address(Node(1), Network(1)), "fd77:2::2");
        assert_eq!(
            plan.hardware_address(Node(1), Network(0)),
            "02:77:00:01:00:02"
        );
        assert_eq!(Node(1).to_string(), "node-b");
    }

    #[test]
    fn a_key_that_cannot_name_an_interface_is_refused() {
        assert!(
            Plan::nodes(2)
                .network("a-key-of-16-char", "x")
                .check()
                .is_err()
        );
        assert!(Plan::nodes(2).check().is_err());
        assert!(Plan::nodes(9).two_networks().check().is_ok());
    }
}
