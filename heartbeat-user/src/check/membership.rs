//! How the cluster would agree on its members, and what of it may come as a surprise.
//!
//! The awkward case is the file without a mistake whose cluster can't do what its owner expects: two nodes that
//! share no network that counts are never members together, and of two nodes that lose each other the tie
//! breaker goes on, also when it is the one at fault. Better read now than at night.

use std::time::Duration;

use heartbeat_core::terms::Terms;

use crate::config::duration::{text as duration, text_like};
use crate::config::local::some;
use crate::config::{Authentication, Cluster, Network, Node};

/// Lines of the plan: what they are called and what they say.
pub(super) fn lines(cluster: &Cluster, node: &Node) -> Vec<(&'static str, String)> {
    let Some(terms) = Terms::new(&cluster.core(node)) else {
        return vec![("membership", reason(cluster).to_owned())];
    };
    let own = |network: &&Network| node.addresses.contains_key(&network.id);
    let counting = counting(cluster).filter(own);
    let counting = counting.map(|network| network.label.as_str());
    let mut lines = vec![
        (
            "membership",
            format!(
                "a node that is silent on every network that counts is suspected: {}",
                counting.collect::<Vec<_>>().join(", ")
            ),
        ),
        (
            "promise",
            format!(
                "nobody accepts a view without a node within {} of its last report",
                duration(terms.promise)
            ),
        ),
        ("quorum", quorum(cluster)),
        ("stalled", stalled(cluster)),
    ];
    if !cluster.membership.witness.is_empty() {
        lines.push(("witness", some(&cluster.membership.witness)));
    }
    lines
}

/// The sum that makes a node suspected, where a network counts.
pub(super) fn suspicion(cluster: &Cluster, network: &Network) -> Option<String> {
    let timing = &network.timing;
    let sum = timing.suspicion(None, cluster.regroup_after);
    let missed = timing.interval.saturating_mul(cluster.regroup_after);
    let term = |duration: Duration| text_like(duration, sum);
    let text = || {
        format!(
            "{} x {} + {} = {}",
            cluster.regroup_after,
            term(timing.interval),
            term(sum.saturating_sub(missed)),
            term(sum)
        )
    };
    network.role.counts().then(text)
}

/// What may come as a surprise, a sentence each.
pub(super) fn warnings(cluster: &Cluster) -> Vec<String> {
    match (&cluster.authentication, counting(cluster).next()) {
        (Authentication::Off, _) | (_, None) => return Vec::new(),
        (Authentication::Key { .. }, Some(_)) => {}
    }
    [
        single(cluster),
        even(cluster),
        witness(cluster),
        apart(cluster),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Why there is no membership.
fn reason(cluster: &Cluster) -> &'static str {
    match cluster.authentication {
        Authentication::Off => "none: without a key nobody could be believed",
        Authentication::Key { .. } => "none: no network of this node counts, all are client ones",
    }
}

fn counting(cluster: &Cluster) -> impl Iterator<Item = &Network> {
    let networks = cluster.networks.iter();
    networks.filter(|network| network.role.counts())
}

fn total(cluster: &Cluster) -> u32 {
    cluster.nodes.iter().map(|node| node.votes).sum()
}

/// Half of the votes, where some of the nodes have exactly that together.
fn half(cluster: &Cluster) -> Option<u32> {
    let total = total(cluster);
    let half = total as usize / 2;
    let mut reached = vec![false; half + 1];
    reached[0] = true;
    for node in &cluster.nodes {
        let votes = node.votes as usize;
        for sum in (votes..=half).rev() {
            reached[sum] |= reached[sum - votes];
        }
    }
    (total.is_multiple_of(2) && reached[half]).then_some(total / 2)
}

fn quorum(cluster: &Cluster) -> String {
    let total = total(cluster);
    let more = format!("{} of {total} votes", total / 2 + 1);
    match half(cluster) {
        Some(half) => format!("{more}, or {half} with {}", tie_breaker(cluster)),
        None => more,
    }
}

fn stalled(cluster: &Cluster) -> String {
    format!(
        "a node whose host answers while its agent does not is suspected after {}",
        duration(cluster.membership.stalled_after)
    )
}

fn tie_breaker(cluster: &Cluster) -> &str {
    let id = cluster.membership.tie_breaker;
    let node = cluster.nodes.iter().find(|node| node.id == id);
    node.map_or("", |node| &node.name)
}

fn single(cluster: &Cluster) -> Option<String> {
    let mut counting = counting(cluster);
    let (only, other) = (counting.next()?, counting.next());
    other.is_none().then(|| {
        format!(
            "{} is the only network that counts: when it fails, every node is on its own. A second one that fails \
             apart from it mends that.",
            only.label
        )
    })
}

fn even(cluster: &Cluster) -> Option<String> {
    half(cluster)?;
    let survivor = tie_breaker(cluster);
    Some(match cluster.nodes.len() {
        2 => format!(
            "Two nodes with the same votes: when they lose each other, {survivor} goes on as the tie breaker and the \
             other one does not, also when {survivor} failed. A third node with a vote mends that."
        ),
        _ => format!(
            "The votes can split in half: then the side with {survivor}, the tie breaker, goes on. An odd number of \
             votes mends that."
        ),
    })
}

fn witness(cluster: &Cluster) -> Option<String> {
    let asked = |network: &Network| cluster.witnesses(network).next().is_some();
    let alone = cluster
        .networks
        .iter()
        .filter(|network| cluster.nodes_on(network.id) == 2 && !asked(network));
    let alone: Vec<&str> = alone.map(|network| network.label.as_str()).collect();
    (!alone.is_empty()).then(|| {
        format!(
            "No witness where two nodes are alone with each other ({}): a fault between them is found, but not whose \
             it is. An address in [membership] witness mends that.",
            some(alone)
        )
    })
}

/// Members reach each other, every one every other one.
fn apart(cluster: &Cluster) -> Option<String> {
    let share = |one: &Node, other: &Node| {
        let both = |network: &Network| {
            let on = |node: &Node| node.addresses.contains_key(&network.id);
            on(one) && on(other)
        };
        counting(cluster).any(both)
    };
    let nodes = cluster.nodes.iter().enumerate();
    let pairs = nodes.flat_map(|(at, one)| {
        let others = cluster.nodes[at + 1..].iter();
        let apart = others.filter(move |other| !share(one, other));
        apart.map(move |other| format!("{} and {}", one.name, other.name))
    });
    let pairs: Vec<String> = pairs.collect();
    (!pairs.is_empty()).then(|| {
        format!(
            "Nodes that share no network that counts are never members together: {}.",
            some(pairs)
        )
    })
}
