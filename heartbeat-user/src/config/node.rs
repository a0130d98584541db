//! `[nodes.NAME]`: reading each, and checking its addresses against the networks and the other nodes.
//!
//! The awkward case is an address that two nodes list: nearly always a floating (virtual) address of the
//! service that the cluster protects. It moves between nodes, so that a monitor of it would watch whoever
//! has it; the mistake says so instead of *duplicate*.

use std::collections::BTreeMap;
use std::net::IpAddr;

use heartbeat_ebpf::ids::{NetworkId, NodeId};
use heartbeat_ebpf::map::PATHS_MAX;

use toml::de::DeValue;

use super::document::{At, Document, Place};
use super::network::NetworkDraft;
use super::section::Section;
use super::spelling::nearest;
use super::value;
use super::{NODES_MAX, Node};

/// What could be read of a node.
pub(super) struct NodeDraft<'d> {
    pub name: &'d str,
    /// 1 where the file has none.
    pub votes: Option<At<u32>>,
    place: Place,
    id: Option<At<NodeId>>,
    addresses: Vec<Attachment<'d>>,
}

/// A node's entry for a network.
struct Attachment<'d> {
    network: &'d str,
    place: Place,
    address: Option<IpAddr>,
}

/// Of one node. A thousand nodes then have no more than fit any sum.
const VOTES_MAX: u32 = 100;
/// `votes` where the file has none.
pub(super) const VOTES: u32 = 1;
const ADDRESSES: &str =
    "a table of one address for each of its networks, as { private = \"10.77.1.1\" }";

/// Reads `[nodes]`.
pub(super) fn read<'d>(document: &Document<'_>, nodes: Section<'d, '_>) -> Vec<NodeDraft<'d>> {
    let sections = nodes.sections().into_iter();
    sections
        .map(|(name, section)| read_one(document, name, section))
        .collect()
}

fn read_one<'d>(document: &Document<'_>, name: &'d str, section: Section<'d, '_>) -> NodeDraft<'d> {
    if !value::is_name(name) {
        document.refuse(&section.place, value::NAME);
    }
    let id = section.required("id", value::ID, value::id(NodeId::new));
    section.require("addresses", ADDRESSES);
    let addresses = section.section("addresses");
    if addresses.is_empty() {
        document.refuse(&addresses.place, ADDRESSES);
    }
    let entries = addresses.entries();
    let draft = NodeDraft {
        name,
        votes: section.optional("votes", value::number(0..=VOTES_MAX)),
        place: section.place.clone(),
        id,
        addresses: entries.map(|entry| read_address(document, entry)).collect(),
    };
    section.finish();
    draft
}

fn read_address<'d>(
    document: &Document<'_>,
    (network, place, value): (&'d str, Place, &DeValue<'_>),
) -> Attachment<'d> {
    let address = value::address(value).map_err(|allowed| document.refuse(&place, allowed));
    Attachment {
        network,
        place,
        address: address.ok(),
    }
}

/// Counts the nodes; `place` is where they are.
pub(super) fn check_count(document: &Document<'_>, nodes: &[NodeDraft<'_>], place: &Place) {
    if !(2..=NODES_MAX).contains(&nodes.len()) {
        let read = counted(nodes.len(), "node");
        let place = nodes.get(NODES_MAX).map_or(place, |node| &node.place);
        document.note(place, format!("read {read}; allowed are 2 to {NODES_MAX}"));
    }
}

/// Looks for a vote; `place` is where the nodes are.
pub(super) fn check_votes(document: &Document<'_>, nodes: &[NodeDraft<'_>], place: &Place) {
    let mute = |node: &NodeDraft<'_>| matches!(&node.votes, Some(At { value: 0, .. }));
    if !nodes.is_empty() && nodes.iter().all(mute) {
        let what =
            "read votes = 0 of every node; allowed is a node with votes, or no side has quorum";
        document.note(place, what.to_owned());
    }
}

/// Compares the nodes with the networks and with each other.
pub(super) fn check(
    document: &Document<'_>,
    nodes: &[NodeDraft<'_>],
    networks: &[NetworkDraft<'_>],
) {
    let ids = nodes.iter().filter_map(|node| node.id.as_ref());
    document.distinct(ids, "a number that no other node has");
    let by_key = networks.iter().map(|network| (network.key, network));
    let by_key = by_key.collect();
    for entry in nodes.iter().flat_map(|node| &node.addresses) {
        check_network(document, entry, &by_key);
    }
    check_floating(document, nodes);
    check_networks(document, nodes, networks);
}

fn check_network(
    document: &Document<'_>,
    entry: &Attachment<'_>,
    networks: &BTreeMap<&str, &NetworkDraft<'_>>,
) {
    let Some(network) = networks.get(entry.network) else {
        let what = match nearest(entry.network, networks.keys().copied()) {
            Some(near) => format!("unknown network; did you mean {near}?"),
            None => format!(
                "unknown network; allowed is one with a section [networks.{}]",
                entry.network
            ),
        };
        return document.note(&entry.place, what);
    };
    let (Some(address), Some(subnet)) = (entry.address, &network.subnet) else {
        return;
    };
    let Place { line, .. } = subnet.place;
    let subnet = subnet.value;
    if !subnet.contains(address) {
        document.refuse(
            &entry.place,
            format_args!("an address in {subnet}, the network's subnet (line {line})"),
        );
    } else if let Some(reserved) = subnet.reserved(address) {
        document.refuse(
            &entry.place,
            format_args!("an address of an interface in {subnet}, not {reserved}"),
        );
    }
}

fn check_floating(document: &Document<'_>, nodes: &[NodeDraft<'_>]) {
    let mut owners: BTreeMap<IpAddr, (&str, usize)> = BTreeMap::new();
    for node in nodes {
        for entry in &node.addresses {
            let Some(address) = entry.address else {
                continue;
            };
            match owners.get(&address) {
                None => {
                    owners.insert(address, (node.name, entry.place.line));
                }
                Some((owner, line)) if *owner == node.name => document.refuse(
                    &entry.place,
                    format_args!("each address once: this node has it on line {line}"),
                ),
                Some((owner, line)) => document.refuse(
                    &entry.place,
                    format_args!(
                        "an address of this node alone: {owner} has it too (line {line}), and a floating \
                         (virtual) address cannot be monitored"
                    ),
                ),
            }
        }
    }
}

/// Counts the nodes of each network, and the paths that makes for each of them.
fn check_networks(document: &Document<'_>, nodes: &[NodeDraft<'_>], networks: &[NetworkDraft<'_>]) {
    let none = networks.iter().map(|network| (network.key, 0));
    let mut members: BTreeMap<&str, usize> = none.collect();
    for entry in nodes.iter().flat_map(|node| &node.addresses) {
        members.entry(entry.network).and_modify(|count| *count += 1);
    }
    for network in networks {
        let count = members.get(network.key).copied().unwrap_or(0);
        if count < 2 {
            let read = counted(count, "node");
            let what = format!("read {read} with an address on it; allowed are 2 or more");
            document.note(&network.place, what);
        }
    }
    check_paths(document, nodes, &members);
}

fn check_paths(document: &Document<'_>, nodes: &[NodeDraft<'_>], members: &BTreeMap<&str, usize>) {
    let paths = |node: &NodeDraft<'_>| -> usize {
        let networks = node.addresses.iter();
        let counts = networks.filter_map(|entry| members.get(entry.network));
        counts.map(|count| count - 1).sum()
    };
    let mut over = nodes.iter().filter(|node| paths(node) > PATHS_MAX);
    if let Some(node) = over.next() {
        let read = paths(node);
        let others = match over.count() {
            0 => String::new(),
            count => format!(", and too many from {count} more"),
        };
        document.note(
            &node.place,
            format!("read {read} paths from this node{others}; allowed are {PATHS_MAX}"),
        );
    }
}

fn counted(count: usize, thing: &str) -> String {
    match count {
        1 => format!("1 {thing}"),
        _ => format!("{count} {thing}s"),
    }
}

impl NodeDraft<'_> {
    /// Whether it has this address.
    pub fn has(&self, address: IpAddr) -> bool {
        let mut addresses = self.addresses.iter();
        addresses.any(|entry| entry.address == Some(address))
    }

    /// The node, if every part of it could be read.
    pub fn finish(self, networks: &BTreeMap<String, NetworkId>) -> Option<Node> {
        let entries = self.addresses.into_iter();
        Some(Node {
            name: self.name.to_owned(),
            id: self.id?.value,
            votes: self.votes.map_or(VOTES, |at| at.value),
            addresses: entries
                .map(|entry| Some((*networks.get(entry.network)?, entry.address?)))
                .collect::<Option<_>>()?,
        })
    }
}
