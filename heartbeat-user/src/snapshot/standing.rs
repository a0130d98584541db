//! What the nodes agree on, for people: the line of the membership, and what is wrong with interfaces,
//! networks and members.

use super::words::some;
use super::{InterfaceView, MemberView, MembershipView, NetworkView, PathView, Snapshot};

/// `view 7: 2 of 3 votes, quorum; without node-c`; nothing where this node takes no part.
pub fn line(membership: &MembershipView) -> Option<String> {
    if !membership.takes_part {
        return None;
    }
    let regroup = match membership.stage.as_str() {
        "stabilized" => String::new(),
        stage => format!("   regroup: {stage}"),
    };
    let Some(view) = membership.view else {
        return Some(format!("no view: this node is no member{regroup}"));
    };
    let (votes, all) = membership.votes();
    let quorum = if membership.quorate {
        "quorum"
    } else {
        "NO QUORUM"
    };
    let outside = outside(membership).map(|node| node.node.as_str());
    let outside: Vec<&str> = outside.collect();
    let without = match outside[..] {
        [] => format!(", all {} nodes", membership.nodes.len()),
        _ => format!(", without {}", some(&outside)),
    };
    Some(format!(
        "view {view}: {quorum}, {votes} of {all} votes{without}{regroup}"
    ))
}

fn outside(membership: &MembershipView) -> impl Iterator<Item = &MemberView> {
    membership.nodes.iter().filter(|node| !node.member)
}

/// What is wrong, a sentence each.
pub fn problems(snapshot: &Snapshot) -> Vec<String> {
    let mut problems = quorum(snapshot);
    for network in &snapshot.networks {
        problems.extend(of_network(network));
        let wrong = network.interfaces.iter().filter(|one| one.is_wrong());
        problems.extend(wrong.map(|interface| of_interface(network, interface)));
    }
    problems.extend(kept_out(snapshot));
    problems
}

fn quorum(snapshot: &Snapshot) -> Vec<String> {
    let membership = &snapshot.membership;
    if !membership.lacks_quorum() {
        return Vec::new();
    }
    let (votes, all) = membership.votes();
    vec![match membership.view {
        None => format!(
            "this node is in no view of the membership, of which the newest is {}: it was removed, or waits to be let in",
            membership.epoch
        ),
        Some(view) => format!(
            "no quorum: this node reaches too little of the {all} votes to act by view {view}, which has {votes}"
        ),
    }]
}

fn of_network(network: &NetworkView) -> Option<String> {
    let label = &network.network;
    match network.state.as_str() {
        "partitioned" => Some(format!(
            "{label} is partitioned: some nodes on it do not reach each other"
        )),
        "down" => Some(format!(
            "{label} is down: no node reaches another one on it"
        )),
        _ => None,
    }
}

fn of_interface(network: &NetworkView, interface: &InterfaceView) -> String {
    let (node, label) = (&interface.node, &network.network);
    match interface.state.as_str() {
        "failed" => {
            format!("{node} on {label}: its interface failed; the fault is there and nowhere else")
        }
        _ => format!(
            "{node} on {label}: its interface is unreachable for at least one node; where the fault lies is not determined"
        ),
    }
}

/// Nodes that are heard well on all networks that count and yet are no members.
fn kept_out(snapshot: &Snapshot) -> Vec<String> {
    let membership = &snapshot.membership;
    let Some(view) = membership.view.filter(|_| membership.quorate) else {
        return Vec::new();
    };
    let counts = |path: &&PathView| {
        let mut networks = snapshot.networks.iter();
        let network = networks.find(|network| network.network == path.network);
        network.is_some_and(|network| network.role != "client")
    };
    let heard = |node: &&MemberView| {
        let own = snapshot.paths.iter().filter(|path| path.peer == node.node);
        let mut states = own.filter(counts).map(|path| path.state == "up").peekable();
        states.peek().is_some() && states.all(|up| up)
    };
    let out = outside(membership).filter(heard);
    out.map(|node| {
        format!(
            "{} is heard, but is no member of view {view}: it waits to be let in, another node does not reach it, or \
             it is kept out (see 1135 and 334311 in `heartbeat events`)",
            node.node
        )
    })
    .collect()
}
