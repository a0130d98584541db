//! What is wrong, a sentence each.

use super::{ago, standing};
use crate::snapshot::{NetworkView, PathView, Snapshot};

/// Everything that is wrong, by networks, peers and this node.
pub fn problems(snapshot: &Snapshot) -> Vec<String> {
    let network = |network: &NetworkView| {
        network
            .problem
            .as_ref()
            .map(|problem| format!("{}: {problem}", network.network))
    };
    let mut problems: Vec<String> = snapshot.networks.iter().filter_map(network).collect();
    problems.extend(standing::problems(snapshot));
    for path in &snapshot.paths {
        if path.state == "lost" {
            let silent = path
                .silent_seconds
                .map_or_else(String::new, |seconds| format!(" for {}", ago(seconds)));
            problems.push(format!(
                "{} on {}: no heartbeat{silent}",
                path.peer, path.network
            ));
        }
        if path.candidate && path.state != "up" {
            problems.push(format!(
                "{} on {}: it is heard, but no echo has confirmed this run of its agent",
                path.peer, path.network
            ));
        }
        if let Some(error) = path.send_error.as_ref().filter(|_| path.state != "up") {
            problems.push(format!(
                "{} on {}: sending failed, last with: {error}",
                path.peer, path.network
            ));
        }
    }
    problems.extend(
        snapshot
            .config_differs
            .iter()
            .filter(|(_, differs)| **differs)
            .map(|(peer, _)| format!("{peer} runs another configuration than this node: compare the files, then `heartbeat reload`")),
    );
    problems.extend(
        snapshot
            .networks
            .iter()
            .filter_map(|network| refusals(snapshot, network)),
    );
    if snapshot.scheduling == "normal" {
        problems.push(
            "the sender runs at normal priority: under load peers may miss our heartbeats"
                .to_owned(),
        );
    }
    problems
}

/// What XDP refused on a network where somebody is not heard: a wrong key looks like silence otherwise.
fn refusals(snapshot: &Snapshot, network: &NetworkView) -> Option<String> {
    let silent = |path: &PathView| path.network == network.network && path.state != "up";
    if !snapshot.paths.iter().any(silent) {
        return None;
    }
    let refused: Vec<String> = SUSPICIOUS
        .iter()
        .filter_map(|verdict| network.frames.get_key_value(*verdict))
        .filter(|(_, count)| 0 < **count)
        .map(|(verdict, count)| format!("{count} {verdict}"))
        .collect();
    let told = || {
        format!(
            "{}: frames refused since the program was attached: {}",
            network.network,
            refused.join(", ")
        )
    };
    (!refused.is_empty()).then(told)
}

/// Verdicts that a mistake in somebody's configuration or key causes.
const SUSPICIOUS: [&str; 10] = [
    "tag",
    "key",
    "authentication",
    "cluster",
    "receiver",
    "path",
    "source",
    "version",
    "length",
    "interval",
];
