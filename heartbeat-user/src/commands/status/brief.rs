//! The view in one line, for scripts and for the message of the day.
//!
//! `node-a: 4 of 6 paths up, node-c LOST on Private Network`. A cluster may lose many peers at once, and a
//! line must stay one: past a few, the rest is a number.

use std::collections::BTreeMap;

use crate::snapshot::{NetworkView, PathView, Snapshot};

/// Peers and networks that are named.
const NAMED_MAX: usize = 4;
/// States that are told, the worst first, in the words of the line.
const STATES: [(&str, &str); 4] = [
    ("lost", "LOST"),
    ("unknown", "never heard"),
    ("restarting", "restarting"),
    ("left", "left"),
];

/// One line, without its end.
pub fn brief(snapshot: &Snapshot) -> String {
    let all = snapshot.paths.len();
    let up = snapshot.paths.iter().filter(|path| path.state == "up");
    let head = match up.count() {
        up if up == all => format!("{}: all {all} paths up", snapshot.node),
        up => format!("{}: {up} of {all} paths up", snapshot.node),
    };
    let mut parts: Vec<String> = STATES
        .iter()
        .flat_map(|(state, word)| peers(snapshot, state, word))
        .collect();
    let problem = |network: &NetworkView| {
        let problem = network.problem.as_deref().unwrap_or("no XDP program");
        let down = network.xdp.is_none();
        down.then(|| format!("{}: {problem}", network.network))
    };
    parts.extend(snapshot.networks.iter().filter_map(problem));
    parts.extend(snapshot.networks.iter().filter_map(state));
    if snapshot.membership.lacks_quorum() {
        // Whatever else is wrong, this must not be among what is not named.
        parts.insert(0, "NO QUORUM".to_owned());
    }
    let more = parts.len().saturating_sub(NAMED_MAX);
    parts.truncate(NAMED_MAX);
    if 0 < more {
        parts.push(format!("and {more} more"));
    }
    if !snapshot.maintenance.is_empty() {
        parts.push("maintenance is on".to_owned());
    }
    std::iter::once(head)
        .chain(parts)
        .collect::<Vec<_>>()
        .join(", ")
}

/// What is wrong with a network beyond the paths from here.
fn state(network: &NetworkView) -> Option<String> {
    let wrong = matches!(network.state.as_str(), "partitioned" | "down");
    wrong.then(|| format!("{} {}", network.network, network.state))
}

/// The peers with a path in this state, and on which networks.
fn peers(snapshot: &Snapshot, state: &str, word: &str) -> Vec<String> {
    let mut networks: BTreeMap<&str, Vec<&PathView>> = BTreeMap::new();
    for path in snapshot.paths.iter().filter(|path| path.state == state) {
        networks.entry(&path.peer).or_default().push(path);
    }
    let told = |(peer, paths): (&str, Vec<&PathView>)| {
        let of_peer = snapshot.paths.iter().filter(|path| path.peer == peer);
        if of_peer.count() == paths.len() {
            return format!("{peer} {word}");
        }
        let names: Vec<&str> = paths.iter().map(|path| path.network.as_str()).collect();
        format!("{peer} {word} on {}", names.join(" and "))
    };
    networks.into_iter().map(told).collect()
}
