//! What the generator plays: peers, networks, and the paths that these make.
//!
//! Everything that can be derived is, as in the lab: peer 3 on network 5 is 10.77.6.67, its node is called
//! `peer-03` and has the id 5. Peers take the upper quarter of a network's addresses so that one local route a
//! network makes all of them the generator's own.

use std::net::Ipv4Addr;

use heartbeat_ebpf::map::{NETWORKS_MAX, PATHS_MAX};

/// Peers on one network: as many as the generator's part of a subnet has addresses.
pub const PEERS_MAX: u16 = 64;
/// Name of the node whose agent is real.
pub const OBSERVER: &str = "node-a";
/// Its id.
pub const OBSERVER_ID: u16 = 1;

/// How many peers on how many networks; every peer is on every network.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Shape {
    /// 1 ..= 64.
    pub networks: u16,
    /// 1 ..= [`PEERS_MAX`].
    pub peers: u16,
}

/// One path of the real agent, by the peer and the network that make it; both counted from 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PeerPath {
    /// Which peer.
    pub peer: u16,
    /// Over which network.
    pub network: u16,
}

impl Shape {
    /// As many paths as an agent takes: 64 peers on 64 networks.
    pub const FULL: Shape = Shape {
        networks: NETWORKS_MAX as u16,
        peers: PEERS_MAX,
    };
    /// One peer on one network.
    pub const SINGLE: Shape = Shape {
        networks: 1,
        peers: 1,
    };

    /// How many paths.
    pub fn paths(self) -> usize {
        usize::from(self.networks) * usize::from(self.peers)
    }

    /// Every path, by peer and then by network, which is the order of the agent as well.
    pub fn all(self) -> impl Iterator<Item = PeerPath> {
        (0..self.peers)
            .flat_map(move |peer| (0..self.networks).map(move |network| PeerPath { peer, network }))
    }

    /// Place of a path in [`Shape::all`].
    pub fn position(self, path: PeerPath) -> usize {
        usize::from(path.peer) * usize::from(self.networks) + usize::from(path.network)
    }

    /// The path with these ids on the wire, if it is one of this shape.
    pub fn path_of(self, sender: u16, network: u16) -> Option<PeerPath> {
        let path = PeerPath {
            peer: sender.checked_sub(OBSERVER_ID + 1)?,
            network: network.checked_sub(1)?,
        };
        (path.peer < self.peers && path.network < self.networks).then_some(path)
    }
}

const _: () = assert!(PEERS_MAX as usize * NETWORKS_MAX == PATHS_MAX);

/// The peer's id on the wire.
pub const fn peer_id(peer: u16) -> u16 {
    OBSERVER_ID + 1 + peer
}

/// The peer's name.
pub fn peer_name(peer: u16) -> String {
    format!("peer-{peer:02}")
}

/// The network's id on the wire.
pub const fn network_id(network: u16) -> u16 {
    network + 1
}

/// The network's key in the configuration, and the name of its interface at both ends.
pub fn network_key(network: u16) -> String {
    format!("net{}", network_id(network))
}

/// What events and metrics call the network.
pub fn network_label(network: u16) -> String {
    format!("Network {}", network_id(network))
}

/// The real agent's address on the network.
pub const fn observer_address(network: u16) -> Ipv4Addr {
    Ipv4Addr::new(10, 77, network_id(network) as u8, OBSERVER_ID as u8)
}

impl PeerPath {
    /// The peer's address on the network.
    pub const fn address(self) -> Ipv4Addr {
        let host = PEERS_FROM + self.peer as u8;
        Ipv4Addr::new(10, 77, network_id(self.network) as u8, host)
    }

    /// The labels of its series: peer and network.
    pub fn labels(self) -> [String; 2] {
        [peer_name(self.peer), network_label(self.network)]
    }
}

/// Last part of the first peer's address.
const PEERS_FROM: u8 = 64;

/// The addresses of all peers on the network, as a route says them.
pub fn peers_subnet(network: u16) -> String {
    format!("10.77.{}.{PEERS_FROM}/26", network_id(network))
}

/// The network's subnet.
pub fn subnet(network: u16) -> String {
    format!("10.77.{}.0/24", network_id(network))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_full_shape_has_as_many_paths_as_an_agent_takes() {
        assert_eq!(Shape::FULL.paths(), PATHS_MAX);
        assert_eq!(Shape::FULL.all().count(), PATHS_MAX);
    }

    #[test]
    fn a_path_is_found_again_by_its_place_and_by_its_ids() {
        let shape = Shape {
            networks: 3,
            peers: 5,
        };
        for (place, path) in shape.all().enumerate() {
            assert_eq!(shape.position(path), place);
            let found = shape.path_of(peer_id(path.peer), network_id(path.network));
            assert_eq!(found, Some(path));
        }
        assert_eq!(shape.path_of(OBSERVER_ID, 1), None);
        assert_eq!(shape.path_of(peer_id(5), 1), None);
    }

    #[test]
    fn every_peer_lies_in_the_route_that_makes_it_local() {
        let last = PeerPath {
            peer: PEERS_MAX - 1,
            network: 5,
        };
        assert_eq!(last.address(), Ipv4Addr::new(10, 77, 6, 127));
        assert_eq!(peers_subnet(5), "10.77.6.64/26");
    }
}
