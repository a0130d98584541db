//! What changes of the nodes: who comes and goes, and where.

use std::collections::BTreeMap;
use std::net::IpAddr;

use heartbeat_ebpf::ids::{NetworkId, NodeId};

use super::beside::{Side, beside};
use super::change::Change;
use crate::config::{Cluster, Node};

/// What events call each network, of the old configuration or the new.
type Labels<'a> = BTreeMap<NetworkId, &'a str>;

/// Every change of a node, by id.
pub(super) fn changes(old: &Cluster, new: &Cluster) -> Vec<Change> {
    // Of a label that changed, the new one is inserted last and stays.
    let networks = old.networks.iter().chain(&new.networks);
    let labels: Labels<'_> = networks
        .map(|network| (network.id, network.label.as_str()))
        .collect();
    let sides = beside(by_id(old), by_id(new));
    let changes = sides
        .into_iter()
        .map(|(id, side)| of_node(id, side, &labels));
    changes.flatten().collect()
}

fn by_id(cluster: &Cluster) -> impl Iterator<Item = (NodeId, &Node)> {
    cluster.nodes.iter().map(|node| (node.id, node))
}

fn of_node(id: NodeId, side: Side<&Node>, labels: &Labels<'_>) -> Vec<Change> {
    let nowhere = BTreeMap::new();
    let (own, node, old, new) = match side {
        Side::Old(old) => {
            let node = old.name.clone();
            let removed = Change::NodeRemoved { id, node };
            (vec![removed], old, &old.addresses, &nowhere)
        }
        Side::New(new) => {
            let node = new.name.clone();
            let added = Change::NodeAdded { id, node };
            (vec![added], new, &nowhere, &new.addresses)
        }
        Side::Both(old, new) => (of_both(old, new), new, &old.addresses, &new.addresses),
    };
    let interfaces = beside(by_network(old), by_network(new)).into_iter();
    let interfaces =
        interfaces.filter_map(|(network, side)| of_interface(&node.name, labels[&network], side));
    own.into_iter().chain(interfaces).collect()
}

fn of_both(old: &Node, new: &Node) -> Vec<Change> {
    let renamed = (old.name != new.name).then(|| Change::Setting {
        what: format!("node {}: name", new.id),
        from: format!("'{}'", old.name),
        to: format!("'{}'", new.name),
    });
    let votes = (old.votes != new.votes).then(|| Change::Setting {
        what: format!("node '{}': votes", new.name),
        from: old.votes.to_string(),
        to: new.votes.to_string(),
    });
    renamed.into_iter().chain(votes).collect()
}

fn by_network(
    addresses: &BTreeMap<NetworkId, IpAddr>,
) -> impl Iterator<Item = (NetworkId, IpAddr)> {
    addresses
        .iter()
        .map(|(network, address)| (*network, *address))
}

fn of_interface(node: &str, network: &str, side: Side<IpAddr>) -> Option<Change> {
    let (node, network) = (node.to_owned(), network.to_owned());
    match side {
        Side::Old(address) => Some(Change::InterfaceRemoved {
            node,
            network,
            address,
        }),
        Side::New(address) => Some(Change::InterfaceAdded {
            node,
            network,
            address,
        }),
        Side::Both(from, to) if from == to => None,
        Side::Both(from, to) => Some(Change::AddressChanged {
            node,
            network,
            from,
            to,
        }),
    }
}
