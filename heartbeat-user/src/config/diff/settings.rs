//! The values of a configuration as text, under the keys that set them.
//!
//! Every field is named here or left out by name, so that a key of a later release cannot be forgotten: it
//! does not compile until somebody decides whether a running agent takes it.

use std::path::PathBuf;

use heartbeat_core::timing::{Timing, Tolerance};

use crate::config::duration::text as duration;
use crate::config::{Authentication, Cluster, Network};

/// A key and its value.
type Setting = (&'static str, String);

/// A key whose value differs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Difference {
    /// As the file has it.
    pub key: &'static str,
    /// What it was.
    pub from: String,
    /// What it is now.
    pub to: String,
}

/// Which settings of one thing differ.
pub(super) fn differences<const N: usize>(old: [Setting; N], new: [Setting; N]) -> Vec<Difference> {
    let pairs = old.into_iter().zip(new);
    let all = pairs.map(|((key, from), (_, to))| Difference { key, from, to });
    all.filter(|difference| difference.from != difference.to)
        .collect()
}

/// What belongs to the cluster alone. Its name and whether it authenticates cannot change.
pub(super) fn of_cluster(cluster: &Cluster) -> [Setting; 3] {
    let Cluster {
        name: _,
        hash: _,
        digest: _,
        authentication,
        restart_grace,
        regroup_after,
        membership: _,
        networks: _,
        nodes: _,
        agent: _,
    } = cluster;
    let key_file = match authentication {
        Authentication::Key { file } => file.clone(),
        Authentication::Off => PathBuf::new(),
    };
    [
        ("regroup_after", regroup_after.to_string()),
        ("key_file", key_file.display().to_string()),
        ("restart_grace", duration(*restart_grace)),
    ]
}

/// What differs of `[membership]`. A tie breaker is recognised by its number and told by its name, which may
/// change while it stays the same.
pub(super) fn of_membership(old: &Cluster, new: &Cluster) -> Vec<Difference> {
    let mut all = differences(old.membership.settings(), new.membership.settings());
    for difference in all
        .iter_mut()
        .filter(|difference| difference.key == "tie_breaker")
    {
        difference.from = tie_breaker(old);
        difference.to = tie_breaker(new);
    }
    all
}

/// The name of the node that breaks ties.
pub(super) fn tie_breaker(cluster: &Cluster) -> String {
    let id = cluster.membership.tie_breaker;
    let node = cluster.nodes.iter().find(|node| node.id == id);
    node.map_or_else(|| id.to_string(), |node| node.name.clone())
}

/// What each network has, from `[cluster]` or of its own. How to attach to it cannot change.
pub(super) fn of_network(network: &Network) -> [Setting; 10] {
    let Network {
        key,
        id: _,
        label,
        subnet,
        role,
        priority,
        timing,
        multicast,
        xdp: _,
    } = network;
    let [interval, lost_after, tolerance, restored_after] = of_timing(timing);
    [
        ("key", key.clone()),
        ("label", format!("'{label}'")),
        ("subnet", subnet.to_string()),
        ("role", role.word().to_owned()),
        ("priority", priority.to_string()),
        interval,
        lost_after,
        tolerance,
        restored_after,
        ("multicast", multicast.word().to_owned()),
    ]
}

fn of_timing(timing: &Timing) -> [Setting; 4] {
    let Timing {
        interval,
        lost_after,
        tolerance,
        restored_after,
    } = timing;
    let tolerance = match tolerance {
        Tolerance::Auto => "auto".to_owned(),
        Tolerance::Fixed(tolerance) => duration(*tolerance),
    };
    [
        ("interval", duration(*interval)),
        ("lost_after", lost_after.to_string()),
        ("tolerance", tolerance),
        ("restored_after", restored_after.to_string()),
    ]
}
