//! How the cluster stands, told by the agents of all its hosts.
//!
//! A path has two ends, and only both together say that it works: a node that hears its peers and is heard by none
//! looks well from within. The awkward case is a roll that changes networks: a path that only one of its ends
//! knows yet can't be up, and is looked at when the last node knows it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context, Result};
use heartbeat_user::snapshot::Snapshot;

use crate::host::{Host, on_each};
use crate::shell;
use crate::ssh::Ssh;

/// A path: observer, peer, label of the network.
pub type Path = (String, String, String);

/// What the agents say, by node; a host whose agent does not answer is not in it.
#[derive(Clone, Debug, Default)]
pub struct Standing(BTreeMap<String, Snapshot>);

/// What an agent's answer may take.
const LIMIT: Duration = Duration::from_secs(20);
const SCRIPT: &str = "/usr/sbin/heartbeat status --json --socket \"$socket\" || [ $? -eq 1 ]\n";

impl Standing {
    /// Asks these hosts.
    pub fn of(ssh: &Ssh, hosts: &[&Host], socket: &str) -> Self {
        let answers = on_each(hosts, |host| ask(ssh, host, socket));
        let answers = hosts.iter().zip(answers);
        let known = answers.filter_map(|(host, answer)| Some((host.node.clone(), answer.ok()?)));
        Standing(known.collect())
    }

    /// Whether this node's agent answered.
    pub fn has(&self, node: &str) -> bool {
        self.0.contains_key(node)
    }

    /// Paths between agents that answered which are not up, of those that both ends know.
    pub fn lost(&self) -> BTreeSet<Path> {
        let mut lost = BTreeSet::new();
        for (node, snapshot) in &self.0 {
            let down = snapshot.paths.iter().filter(|path| path.state != "up");
            let down = down.filter(|path| self.knows(&path.peer, node, &path.network));
            lost.extend(down.map(|path| (node.clone(), path.peer.clone(), path.network.clone())));
        }
        lost
    }

    /// Whether the agent of `observer` answered and has a path to `peer` on the network.
    fn knows(&self, observer: &str, peer: &str, network: &str) -> bool {
        let snapshot = self.0.get(observer);
        let mut paths = snapshot.into_iter().flat_map(|snapshot| &snapshot.paths);
        paths.any(|path| path.peer == peer && path.network == network)
    }
}

fn ask(ssh: &Ssh, host: &Host, socket: &str) -> Result<Snapshot> {
    let script = shell::script(&[("socket", socket)], &[SCRIPT]);
    let said = ssh.run(host, &script, &[], LIMIT)?;
    serde_json::from_str(&said).context("understand `heartbeat status --json`")
}

/// Paths in words: `node-a <- node-b on Private Network`.
pub fn named(paths: &BTreeSet<Path>) -> String {
    const SHOWN: usize = 6;
    let words = paths
        .iter()
        .map(|(observer, peer, network)| format!("{observer} <- {peer} on {network}"));
    let mut words: Vec<String> = words.take(SHOWN).collect();
    if SHOWN < paths.len() {
        words.push(format!("and {} more", paths.len() - SHOWN));
    }
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn standing(paths: &[(&str, &str, &str)]) -> Standing {
        let mut standing = Standing::default();
        for node in ["a", "b"] {
            let own = paths.iter().filter(|(observer, _, _)| *observer == node);
            let own: Vec<_> = own
                .map(|(_, network, state)| path(other(node), network, state))
                .collect();
            let snapshot = json!({ "paths": own });
            let mut whole = serde_json::to_value(Snapshot::default()).expect("plain");
            whole["paths"] = snapshot["paths"].clone();
            standing.0.insert(
                node.to_owned(),
                serde_json::from_value(whole).expect("whole"),
            );
        }
        standing
    }

    fn other(node: &str) -> &str {
        if node == "a" { "b" } else { "a" }
    }

    fn path(peer: &str, network: &str, state: &str) -> serde_json::Value {
        json!({
            "peer": peer, "network": network, "state": state, "maintenance": false, "largest_gap_seconds": 0.0,
            "detection_seconds": 1.0, "arrivals": 0, "lost": 0, "lost_shown": 0, "reordered": 0, "duplicates": 0,
            "heard": 0, "agent_age_seconds": 0.0, "candidate": false, "sent": 0, "send_errors": 0, "lost_total": 0,
            "restored_total": 0
        })
    }

    #[test]
    fn a_path_is_lost_if_either_end_says_so() {
        let well = standing(&[("a", "n", "up"), ("b", "n", "up")]);
        assert!(well.lost().is_empty());
        let deaf = standing(&[("a", "n", "up"), ("b", "n", "lost")]);
        assert_eq!(named(&deaf.lost()), "b <- a on n");
    }

    #[test]
    fn a_path_that_one_end_alone_knows_is_not_waited_for() {
        let one = standing(&[("a", "n", "up"), ("a", "new", "unknown"), ("b", "n", "up")]);
        assert!(one.lost().is_empty());
        let both = standing(&[("a", "new", "unknown"), ("b", "new", "unknown")]);
        assert_eq!(both.lost().len(), 2);
    }
}
