//! Where Prometheus finds the agents: a file for its `file_sd_configs`.
//!
//! The alerts tell clusters and nodes apart by two labels that no agent can give itself, `cluster` and `peer`. They
//! are known here, and a list kept by hand would miss the node that was added last. Agents that share one file can be
//! scraped from elsewhere only if they answer on all of their addresses: a list of other targets would page at once.

use std::fs;
use std::net::IpAddr;
use std::path::Path;

use anyhow::{Context, Result};
use heartbeat_user::config::{Cluster, Node, Role};
use serde_json::{Value, json};

use crate::arguments::Arguments;

/// Writes the file unless it says the same already.
pub fn write(cluster: &Cluster, arguments: &Arguments) -> Result<()> {
    let Some(targets) = targets(cluster) else {
        println!(
            "No targets for Prometheus: agents do not show their metrics to the networks. `[agent] metrics = \
             \"0.0.0.0:13343\"` has them do so."
        );
        return Ok(());
    };
    let file = arguments.targets_file(&cluster.name);
    let text = text(&targets);
    if fs::read_to_string(&file).is_ok_and(|present| present == text) {
        return Ok(());
    }
    put(&file, &text)?;
    println!("Prometheus' targets: {}", file.display());
    Ok(())
}

/// A target for each node; `None` where agents can't be reached.
fn targets(cluster: &Cluster) -> Option<Vec<Value>> {
    let metrics = cluster.agent.metrics?;
    let target = |node: &Node| {
        let address = match metrics.ip() {
            ip if ip.is_unspecified() => reachable(cluster, node)?,
            _ => return None,
        };
        let address = std::net::SocketAddr::new(address, metrics.port());
        Some(json!({
            "targets": [address.to_string()],
            "labels": { "cluster": cluster.name, "instance": node.name, "peer": node.name },
        }))
    };
    cluster.nodes.iter().map(target).collect()
}

/// The node's address on a network that others use too, or else on its first.
fn reachable(cluster: &Cluster, node: &Node) -> Option<IpAddr> {
    let mut networks = cluster.networks.iter();
    let shared = |network: &&heartbeat_user::config::Network| {
        network.role != Role::Internal && node.addresses.contains_key(&network.id)
    };
    let shared = networks
        .find(shared)
        .and_then(|network| node.addresses.get(&network.id));
    shared.or_else(|| node.addresses.values().next()).copied()
}

/// One target a line.
fn text(targets: &[Value]) -> String {
    let lines: Vec<String> = targets.iter().map(|target| format!("  {target}")).collect();
    format!("[\n{}\n]\n", lines.join(",\n"))
}

/// At once or not at all, for Prometheus reads it at any moment.
fn put(file: &Path, text: &str) -> Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).with_context(|| format!("create {}", folder.display()))?;
    }
    let new = file.with_extension("json.new");
    fs::write(&new, text).with_context(|| format!("write {}", new.display()))?;
    fs::rename(&new, file).with_context(|| format!("put the targets into {}", file.display()))
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    const EXAMPLE: &str = include_str!("../../../heartbeat-user/cluster.toml");

    fn with_metrics(address: &str) -> Cluster {
        let line = format!("metrics = \"{address}\"");
        let text = EXAMPLE.replace("# metrics = \"127.0.0.1:13343\"", &line);
        Cluster::parse(&text, "cluster.toml").expect("valid")
    }

    #[test]
    fn targets_carry_the_labels_that_alerts_need() {
        let targets = targets(&with_metrics("0.0.0.0:13343")).expect("reachable");
        expect![[r#"
            [
              {"labels":{"cluster":"prod-db","instance":"node-a","peer":"node-a"},"targets":["10.77.2.1:13343"]},
              {"labels":{"cluster":"prod-db","instance":"node-b","peer":"node-b"},"targets":["10.77.2.2:13343"]},
              {"labels":{"cluster":"prod-db","instance":"node-c","peer":"node-c"},"targets":["10.77.2.3:13343"]}
            ]
        "#]]
        .assert_eq(&text(&targets));
    }

    #[test]
    fn a_folder_that_is_not_there_yet_is_made_for_them() {
        let place = tempfile::tempdir().expect("a temporary directory");
        let file = place.path().join("targets/heartbeat-prod-db.json");
        put(&file, "[]\n").expect("written");
        assert_eq!(fs::read_to_string(&file).expect("there"), "[]\n");
    }

    #[test]
    fn agents_that_cannot_be_reached_are_no_targets() {
        assert!(targets(&with_metrics("127.0.0.1:13343")).is_none());
        assert!(targets(&with_metrics("10.77.1.1:13343")).is_none());
        assert!(targets(&with_metrics("off")).is_none());
    }
}
