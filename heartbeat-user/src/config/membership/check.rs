//! `[membership]` beside the nodes and the networks.

use std::net::IpAddr;
use std::time::Duration;

use super::{MembershipDraft, TIE_BREAKER, longest};
use crate::config::cluster::ClusterKeys;
use crate::config::document::{At, Document, Place};
use crate::config::duration;
use crate::config::network::NetworkDraft;
use crate::config::node::NodeDraft;
use crate::config::spelling::nearest;

/// Compares `[membership]` with the nodes and the networks.
pub(in crate::config) fn check(
    document: &Document<'_>,
    draft: &MembershipDraft,
    nodes: &[NodeDraft<'_>],
    networks: &[NetworkDraft<'_>],
    cluster: &ClusterKeys,
) {
    if let Some(name) = &draft.tie_breaker {
        check_tie_breaker(document, name, nodes);
    }
    let once = "each address once";
    document.distinct(draft.witness.iter(), once);
    for witness in &draft.witness {
        check_witness(document, witness, nodes, networks);
    }
    if let Some(stalled_after) = &draft.stalled_after {
        check_stalled_after(document, stalled_after, networks, cluster);
    }
}

fn check_tie_breaker(document: &Document<'_>, name: &At<String>, nodes: &[NodeDraft<'_>]) {
    let At { value, place } = name;
    let Some(node) = nodes.iter().find(|node| node.name == value) else {
        return match nearest(value, nodes.iter().map(|node| node.name)) {
            Some(near) => document.note(place, format!("unknown node; did you mean {near}?")),
            None => document.refuse(place, TIE_BREAKER),
        };
    };
    if let Some(At { value: 0, place }) = &node.votes {
        let Place { key, line, .. } = place;
        let allowed = format_args!("a node with votes: {key} is 0 (line {line})");
        document.refuse(&name.place, allowed);
    }
}

/// An address on no network of ours would be asked over whatever way the host knows, and prove nothing.
fn check_witness(
    document: &Document<'_>,
    witness: &At<IpAddr>,
    nodes: &[NodeDraft<'_>],
    networks: &[NetworkDraft<'_>],
) {
    let At { value, place } = witness;
    let subnets = || {
        networks
            .iter()
            .filter_map(|network| network.subnet.as_ref())
    };
    let home = subnets().find(|subnet| subnet.value.contains(*value));
    let owner = nodes.iter().find(|node| node.has(*value));
    match (home, owner) {
        (_, Some(owner)) => document.refuse(
            place,
            format_args!(
                "an address outside the cluster: {} has it, and a node is no witness",
                owner.name
            ),
        ),
        (None, None) => document.refuse(
            place,
            "an address in the subnet of a network, which is how its nodes reach it directly",
        ),
        (Some(subnet), None) => {
            if let Some(reserved) = subnet.value.reserved(*value) {
                let subnet = subnet.value;
                document.refuse(
                    place,
                    format_args!("an address of an interface in {subnet}, not {reserved}"),
                );
            }
        }
    }
}

fn check_stalled_after(
    document: &Document<'_>,
    stalled_after: &At<Duration>,
    networks: &[NetworkDraft<'_>],
    cluster: &ClusterKeys,
) {
    let timings = networks.iter().filter(|network| network.counts());
    let timings = timings.filter_map(|network| network.timing(cluster));
    let longest = longest(timings, cluster.regroup_after());
    if let Some(suspicion) = longest.filter(|suspicion| stalled_after.value <= *suspicion) {
        let suspicion = duration::text(suspicion);
        document.refuse(
            &stalled_after.place,
            format_args!(
                "more than {suspicion}: so long a silence on every network that counts makes any node suspected"
            ),
        );
    }
}
