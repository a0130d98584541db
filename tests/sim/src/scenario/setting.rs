//! Where scenarios play: clusters as the configuration's defaults make them, and faults by their nodes' places.
//!
//! Five nodes are the fewest that can lose two and go on. Of their three networks the last is for clients, so
//! that every story shows what is monitored there and counts for nothing.

use std::time::Duration;

use heartbeat_core::config::{Quarantine, Role};
use heartbeat_core::nodes::{NodeIndex, NodeSet};

use crate::script::{Episode, Fault, Harm, Lanes, Trouble, Ways};
use crate::shape::{MS, Shape};

/// All networks of any cluster here.
pub const EVERYWHERE: u64 = 0b111;
/// The first network alone.
pub const NET_1: u64 = 0b001;

const SECOND: u64 = 1000 * MS;

/// A cluster with the defaults of a configuration file, all of whose networks count.
pub fn defaults(nodes: usize, networks: usize) -> Shape {
    let mut shape = Shape::plain(nodes, networks);
    for network in &mut shape.networks {
        network.interval = 1200 * MS;
        network.lost_after = 2;
    }
    shape.regroup_after = 6;
    shape.stalled_after = 60 * SECOND;
    shape.restart_grace = 10 * SECOND;
    shape.quarantine = Some(Quarantine {
        exits: 3,
        within: Duration::from_secs(3600),
        lasting: Duration::from_secs(7200),
    });
    shape
}

/// Five nodes on two networks that count and one for clients.
pub fn five() -> Shape {
    let mut shape = defaults(5, 3);
    shape.networks[2].role = Role::Client;
    shape
}

/// Nodes by their places.
pub fn nodes(places: impl IntoIterator<Item = usize>) -> NodeSet {
    let places = places.into_iter();
    places.map(|place| NodeIndex(place as u16)).collect()
}

/// A fault that lasts from one second of the world to another.
pub fn lasting(from: u64, until: u64, fault: Fault) -> Episode {
    Episode {
        begin: from * SECOND,
        end: Some(until * SECOND),
        fault,
    }
}

/// A fault that nobody mends.
pub fn for_good(from: u64, fault: Fault) -> Episode {
    Episode {
        begin: from * SECOND,
        end: None,
        fault,
    }
}

/// Something that happens to one node.
pub fn at(node: usize, trouble: Trouble) -> Fault {
    Fault::At(node, trouble)
}

/// Nothing gets from some nodes to others, nor back.
pub fn cut(networks: u64, from: NodeSet, to: NodeSet) -> Fault {
    between(networks, from, to, Ways::Both)
}

/// Nothing gets from some nodes to others.
pub fn cut_one_way(networks: u64, from: NodeSet, to: NodeSet) -> Fault {
    between(networks, from, to, Ways::One)
}

fn between(networks: u64, from: NodeSet, to: NodeSet, ways: Ways) -> Fault {
    let lanes = Lanes {
        networks,
        from,
        to,
        ways,
    };
    Fault::Between(lanes, Harm::Cut)
}
