//! What cannot change in a running agent.
//!
//! Pins, sockets and files are opened once, some of them with privileges that the agent then gives up; and an
//! agent that took another identity would be heard by nobody. The awkward case is the node that is taken out
//! of the cluster and gets the new file like all others: its own agent is stopped, not reloaded.

use std::net::SocketAddr;
use std::path::Path;

use heartbeat_ebpf::ids::NetworkId;

use super::beside::{Side, beside};
use crate::config::duration::size_text;
use crate::config::{Agent, Cluster, Network, Node};

/// What differs of all that.
pub(super) fn reasons(old: &Cluster, new: &Cluster, node: &Node) -> Vec<String> {
    let mut reasons: Vec<String> = name(old, new).into_iter().collect();
    reasons.extend(authentication(old, new));
    reasons.extend(xdp(old, new, node));
    reasons.extend(identity(new, node));
    reasons.extend(agent(&old.agent, &new.agent));
    reasons
}

fn name(old: &Cluster, new: &Cluster) -> Option<String> {
    let (from, to) = (&old.name, &new.name);
    (from != to).then(|| {
        format!(
            "cluster.name {from} -> {to} cannot change in a running cluster: put the old one back, or stop every \
             agent, run `heartbeat detach` with the old file, and start them with the new one"
        )
    })
}

fn authentication(old: &Cluster, new: &Cluster) -> Option<String> {
    let (from, to) = (old.authentication.word(), new.authentication.word());
    (from != to).then(|| {
        format!(
            "cluster.authentication {from} -> {to} cannot change in a running agent: put the old value back, \
             or restart the agents of all nodes together, for those with a key do not hear those without"
        )
    })
}

/// The modes of the networks that this node is and stays on.
fn xdp(old: &Cluster, new: &Cluster, node: &Node) -> Vec<String> {
    let Some(later) = new.nodes.iter().find(|later| later.id == node.id) else {
        return Vec::new();
    };
    let sides = beside(attached(old, node), attached(new, later));
    let differing = sides.values().filter_map(|side| match side {
        Side::Both(old, new) => restart(
            &format!("networks.{}.xdp", new.key),
            old.xdp.word(),
            new.xdp.word(),
        ),
        Side::Old(_) | Side::New(_) => None,
    });
    differing.collect()
}

fn attached<'a>(
    cluster: &'a Cluster,
    node: &'a Node,
) -> impl Iterator<Item = (NetworkId, &'a Network)> {
    let attached = |network: &&Network| node.addresses.contains_key(&network.id);
    let networks = cluster.networks.iter().filter(attached);
    networks.map(|network| (network.id, network))
}

/// The node keeps its name and its number, or the agent is not its agent any more.
fn identity(new: &Cluster, node: &Node) -> Option<String> {
    let Node { name, id, .. } = node;
    let named = new.nodes.iter().find(|other| other.name == *name);
    let numbered = new.nodes.iter().find(|other| other.id == *id);
    match (named, numbered) {
        (Some(named), _) if named.id == *id => None,
        (Some(Node { id: to, .. }), _) => Some(format!(
            "nodes.{name}.id {id} -> {to} cannot change in a running agent: put the old number back, or restart the \
             agent"
        )),
        (None, Some(Node { name: to, .. })) => Some(format!(
            "nodes.{name} with id {id} is now called {to}, and a running agent keeps its name: put {name} \
             back, or restart the agent"
        )),
        (None, None) => Some(format!(
            "nodes.{name} is this node and is gone: put it back, or stop this agent with `heartbeat leave` \
             and reload the others"
        )),
    }
}

fn agent(old: &Agent, new: &Agent) -> Vec<String> {
    let reasons = texts(old).into_iter().zip(texts(new));
    reasons
        .filter_map(|((key, from), (_, to))| restart(&format!("agent.{key}"), &from, &to))
        .collect()
}

/// Everything under `[agent]` but `xdp`, which only means what the networks have of it.
fn texts(agent: &Agent) -> [(&'static str, String); 7] {
    let Agent {
        xdp: _,
        metrics,
        socket,
        state_dir,
        pins,
        events_kept,
        raise_ksoftirqd,
        record,
    } = agent;
    let path = |path: &Path| path.display().to_string();
    [
        (
            "metrics",
            metrics
                .as_ref()
                .map_or("off".to_owned(), SocketAddr::to_string),
        ),
        ("socket", path(socket)),
        ("state_dir", path(state_dir)),
        ("pins", path(pins)),
        ("events_kept", size_text(*events_kept)),
        ("raise_ksoftirqd", raise_ksoftirqd.word().to_owned()),
        ("record", record.as_deref().map_or("off".to_owned(), path)),
    ]
}

fn restart(key: &str, from: &str, to: &str) -> Option<String> {
    (from != to).then(|| {
        format!(
            "{key} {from} -> {to} cannot change in a running agent: put the old value back, or restart the agent"
        )
    })
}
