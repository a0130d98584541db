//! The hosts of a cluster, and how each is reached.

use std::thread;

use anyhow::{Context, Result, bail, ensure};
use heartbeat_user::config::Cluster;

use crate::arguments::Arguments;

/// One host.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Host {
    /// The node that it is.
    pub node: String,
    /// What ssh calls it.
    pub destination: String,
    /// Whether it may be changed.
    pub chosen: bool,
}

/// How many connections are open at a time.
const AT_ONCE: usize = 16;

/// The hosts in the order of the configuration.
pub fn hosts(cluster: &Cluster, arguments: &Arguments) -> Result<Vec<Host>> {
    let chosen =
        |node: &str| arguments.only.is_empty() || arguments.only.iter().any(|only| only == node);
    let mut hosts: Vec<Host> = cluster
        .nodes
        .iter()
        .map(|node| Host {
            node: node.name.clone(),
            destination: node.name.clone(),
            chosen: chosen(&node.name),
        })
        .collect();
    let names: Vec<&str> = cluster
        .nodes
        .iter()
        .map(|node| node.name.as_str())
        .collect();
    if let Some(other) = arguments
        .only
        .iter()
        .find(|only| !names.contains(&only.as_str()))
    {
        bail!(
            "--only {other}: the configuration has only {}",
            names.join(", ")
        );
    }
    for word in &arguments.hosts {
        let (node, destination) = word
            .split_once('=')
            .with_context(|| format!("--hosts {word}: allowed is NODE=DESTINATION"))?;
        ensure!(
            !destination.is_empty() && !destination.starts_with('-'),
            "--hosts {word}: what is behind = is no destination for ssh"
        );
        let host = hosts.iter_mut().find(|host| host.node == node);
        let host = host.with_context(|| {
            format!(
                "--hosts {word}: the configuration has only {}",
                names.join(", ")
            )
        })?;
        host.destination = destination.to_owned();
    }
    Ok(hosts)
}

/// Does the same on all of these at once, so many at a time, and returns what came of it in their order.
pub fn on_each<I: Sync, T: Send>(items: &[I], work: impl Fn(&I) -> T + Sync) -> Vec<T> {
    let work = &work;
    let some = |items: &[I]| -> Vec<T> {
        thread::scope(|scope| {
            let begun: Vec<_> = items
                .iter()
                .map(|item| scope.spawn(move || work(item)))
                .collect();
            begun
                .into_iter()
                .map(|one| {
                    one.join()
                        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
                })
                .collect()
        })
    };
    items.chunks(AT_ONCE).flat_map(some).collect()
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    const CONFIGURATION: &str = include_str!("../../../heartbeat-user/cluster.toml");

    fn read(arguments: &[&str]) -> Result<Vec<Host>> {
        let cluster = Cluster::parse(CONFIGURATION, "cluster.toml").expect("valid");
        let fixed = ["deploy", "--binary=heartbeat", "--config=cluster.toml"];
        let arguments = fixed.iter().chain(arguments);
        hosts(&cluster, &Arguments::parse_from(arguments))
    }

    #[test]
    fn a_host_is_called_as_its_node_unless_said_otherwise() {
        let hosts = read(&["--hosts=node-b=ops@10.0.0.2", "--only=node-a,node-b"]).expect("known");
        let shown: Vec<_> = hosts
            .iter()
            .map(|host| (&*host.destination, host.chosen))
            .collect();
        assert_eq!(
            shown,
            [("node-a", true), ("ops@10.0.0.2", true), ("node-c", false)]
        );
    }

    #[test]
    fn nodes_that_nobody_knows_are_refused() {
        for wrong in [
            "--hosts=node-x=10.0.0.1",
            "--hosts=node-a",
            "--hosts=node-a=-oProxyCommand=x",
            "--only=node-x",
        ] {
            assert!(read(&[wrong]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn answers_come_in_the_order_of_the_questions() {
        let items: Vec<usize> = (0..50).collect();
        assert_eq!(
            on_each(&items, |item| item * 2),
            items.iter().map(|item| item * 2).collect::<Vec<_>>()
        );
    }
}
