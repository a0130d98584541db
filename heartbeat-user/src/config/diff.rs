//! What a reload changes: two configurations compared, as an operator reads it and as the agent carries it out.
//!
//! A running agent takes a new file whole or not at all, so that the comparison gives either every change or
//! every reason why not. Nodes and networks are recognised by their ids, as on the wire, because a name or a
//! label may change while the path goes on. The awkward case is the key that `[cluster]` sets for every
//! network: once read it is a change of each of them, and sixty lines say less than one, so that a change
//! which all networks share is told once.

use heartbeat_ebpf::ids::NetworkId;

use super::{Cluster, Network, Node};
use beside::{Side, beside};
use settings::Difference;

pub use change::Change;
pub use refused::Refused;

mod beside;
mod change;
mod fixed;
mod nodes;
mod refused;
mod settings;
mod voters;

/// Every change from `old` to `new` for the agent of `node`, a node of `old`: first of the cluster, then of
/// the networks, then of the nodes, each by id. The interfaces of a node or a network that comes or goes are
/// listed, too. The list is empty where nothing changes.
///
/// # Errors
/// Everything that differs and cannot change in a running agent.
pub fn compare(old: &Cluster, new: &Cluster, node: &Node) -> Result<Vec<Change>, Refused> {
    let mut reasons = fixed::reasons(old, new, node);
    reasons.extend(voters::reason(old, new));
    Refused::unless_empty(reasons)?;
    let cluster = settings::differences(settings::of_cluster(old), settings::of_cluster(new));
    let mut changes = told(&cluster, "cluster");
    changes.extend(told(&settings::of_membership(old, new), "membership"));
    changes.extend(networks(old, new));
    changes.extend(nodes::changes(old, new));
    Ok(changes)
}

/// What changes of the networks: first what changes alike on all of several, then one by one.
fn networks(old: &Cluster, new: &Cluster) -> Vec<Change> {
    let sides = beside(by_id(old), by_id(new));
    let differing = sides.values().filter_map(|side| match side {
        Side::Both(old, new) => Some(of_both(old, new)),
        Side::Old(_) | Side::New(_) => None,
    });
    let shared = shared(&differing.collect::<Vec<_>>());
    let mut changes = told(&shared, "every network");
    for (id, side) in sides {
        match side {
            Side::Old(old) => changes.push(Change::NetworkRemoved {
                id,
                network: old.label.clone(),
            }),
            Side::New(new) => changes.push(Change::NetworkAdded {
                id,
                network: new.label.clone(),
            }),
            Side::Both(old, new) => {
                let mut own = of_both(old, new);
                own.retain(|difference| !shared.contains(difference));
                changes.extend(told(&own, &format!("network '{}'", new.label)));
            }
        }
    }
    changes
}

fn by_id(cluster: &Cluster) -> impl Iterator<Item = (NetworkId, &Network)> {
    cluster.networks.iter().map(|network| (network.id, network))
}

fn of_both(old: &Network, new: &Network) -> Vec<Difference> {
    settings::differences(settings::of_network(old), settings::of_network(new))
}

/// What differs alike in all lists, of which there must be two at least.
fn shared(lists: &[Vec<Difference>]) -> Vec<Difference> {
    let [first, others @ ..] = lists else {
        return Vec::new();
    };
    let everywhere = |difference: &&Difference| others.iter().all(|list| list.contains(difference));
    match others {
        [] => Vec::new(),
        _ => first.iter().filter(everywhere).cloned().collect(),
    }
}

/// Differences of what `whose` names, as changes.
fn told(differences: &[Difference], whose: &str) -> Vec<Change> {
    let told = |difference: &Difference| Change::Setting {
        what: format!("{whose}: {}", difference.key),
        from: difference.from.clone(),
        to: difference.to.clone(),
    };
    differences.iter().map(told).collect()
}

#[cfg(test)]
mod tests;
