//! How much the votes may change at once.
//!
//! A new file reaches the nodes one by one. Meanwhile some count a majority of the old votes and others one of
//! the new, and where the two lists are far apart, both may be right: two halves of one cluster, each with a
//! view of its own. So a reload changes the votes of one node, whether it comes, goes or counts for more, or
//! names another tie breaker, and the next change waits until all nodes have this one. The awkward case is
//! `lowest-id`: a node that comes or goes at the low end moves the tie breaker too, which is a second change.

use heartbeat_ebpf::ids::NodeId;

use super::beside::{Side, beside};
use super::settings::tie_breaker;
use crate::config::local::some;
use crate::config::{Authentication, Cluster, Node};

/// Why the votes of `old` cannot become those of `new` at once, if they cannot.
pub(super) fn reason(old: &Cluster, new: &Cluster) -> Option<String> {
    let changes: Vec<String> = votes(old, new).into_iter().chain(moved(old, new)).collect();
    match (&old.authentication, changes.len()) {
        // Nodes without a key agree on no members.
        (Authentication::Off, _) | (Authentication::Key { .. }, 0 | 1) => None,
        (Authentication::Key { .. }, _) => Some(format!(
            "the votes cannot change so much at once: {}; change one of these, reload every node, and then change \
             the next, or two sides of the cluster could both count a majority",
            some(changes)
        )),
    }
}

/// Whose votes change. A node without any is no voter, and may come and go.
fn votes(old: &Cluster, new: &Cluster) -> Vec<String> {
    let sides = beside(voters(old), voters(new));
    let changes = sides.into_values().filter_map(|side| match side {
        Side::Old(old) => Some(format!("{} goes with {}", named(old), counted(old.votes))),
        Side::New(new) => Some(format!("{} comes with {}", named(new), counted(new.votes))),
        Side::Both(old, new) if old.votes == new.votes => None,
        Side::Both(old, new) => Some(format!(
            "{} has {} instead of {}",
            named(new),
            counted(new.votes),
            counted(old.votes)
        )),
    });
    changes.collect()
}

fn voters(cluster: &Cluster) -> impl Iterator<Item = (NodeId, &Node)> {
    let voters = cluster.nodes.iter().filter(|node| 0 < node.votes);
    voters.map(|node| (node.id, node))
}

/// Another tie breaker, and how to make that no change or the only one.
fn moved(old: &Cluster, new: &Cluster) -> Option<String> {
    let (before, after) = (old.membership.tie_breaker, new.membership.tie_breaker);
    (before != after).then(|| {
        let [from, to] = [old, new].map(tie_breaker);
        let stays = voters(new).find(|(id, _)| *id == before);
        let heir = voters(new).find(|(id, _)| voters(old).any(|(other, _)| other == *id));
        let hint = match (stays, heir) {
            (Some((_, node)), _) => format!(" (tie_breaker = \"{}\" keeps it)", node.name),
            (None, Some((_, node))) => {
                format!(" (begin with tie_breaker = \"{}\" alone)", node.name)
            }
            (None, None) => String::new(),
        };
        format!("the tie breaker is {to} instead of {from}{hint}")
    })
}

fn named(node: &Node) -> String {
    format!("{} (id {})", node.name, node.id)
}

fn counted(votes: u32) -> String {
    match votes {
        1 => "1 vote".to_owned(),
        _ => format!("{votes} votes"),
    }
}
