//! The plan as text, for 80 columns.

use std::fmt::{self, Write};

use super::membership;
use super::outlook::Outlook;
use crate::config::duration::{text as duration, text_like};
use crate::config::{Authentication, Cluster, Network, Node, Path, Role};
use crate::group::{self, Family};
use crate::key::KeyRing;

const WIDTH: usize = 80;
/// Where values begin.
const VALUES: usize = 14;

/// What the agent of `node` would do; `outlooks` are those of its networks, by id.
pub(super) fn text(
    cluster: &Cluster,
    node: &Node,
    keys: Option<&KeyRing>,
    outlooks: &[Outlook],
) -> String {
    let mut text = String::new();
    let written = write_plan(&mut text, cluster, node, keys, outlooks);
    written.expect("writing to a string does not fail");
    text
}

fn write_plan(
    text: &mut String,
    cluster: &Cluster,
    node: &Node,
    keys: Option<&KeyRing>,
    outlooks: &[Outlook],
) -> fmt::Result {
    let paths = cluster.paths(node);
    write_node(text, cluster, node, keys, paths.len())?;
    let attached = |network: &&Network| node.addresses.contains_key(&network.id);
    let networks: Vec<&Network> = cluster.networks.iter().filter(attached).collect();
    for (network, outlook) in networks.iter().zip(outlooks) {
        let paths = paths.iter().filter(|path| path.network.id == network.id);
        write_network(text, cluster, network, outlook)?;
        write_paths(text, &paths.collect::<Vec<_>>())?;
    }
    let late = networks
        .iter()
        .zip(outlooks)
        .filter(|(_, outlook)| !outlook.ready);
    let late: Vec<&str> = late.map(|(network, _)| network.label.as_str()).collect();
    writeln!(text)?;
    for warning in membership::warnings(cluster) {
        paragraph(text, "! ", 2, &warning)?;
    }
    match late[..] {
        [] => writeln!(text, "This host is ready."),
        _ => paragraph(
            text,
            "",
            0,
            &format!("This host is not ready for: {}.", late.join(", ")),
        ),
    }
}

fn write_node(
    text: &mut String,
    cluster: &Cluster,
    node: &Node,
    keys: Option<&KeyRing>,
    paths: usize,
) -> fmt::Result {
    let count = |count: usize, thing: &str| match count {
        1 => format!("1 {thing}"),
        _ => format!("{count} {thing}s"),
    };
    let (nodes, networks) = (cluster.nodes.len(), cluster.networks.len());
    let nodes = format!(
        "{} and {}",
        count(nodes, "node"),
        count(networks, "network")
    );
    let metrics = cluster
        .agent
        .metrics
        .map(|address| format!("http://{address}/metrics"));
    line(
        text,
        "cluster",
        &format!("{} of {nodes}, digest {:08x}", cluster.name, cluster.digest),
    )?;
    line(
        text,
        "this node",
        &format!("{}, id {}, {}", node.name, node.id, count(paths, "path")),
    )?;
    line(text, "key", &key(cluster, keys))?;
    for (name, value) in membership::lines(cluster, node) {
        line(text, name, &value)?;
    }
    line(
        text,
        "restart",
        &format!(
            "peers wait {} for an agent that said it restarts",
            duration(cluster.restart_grace)
        ),
    )?;
    line(text, "metrics", metrics.as_deref().unwrap_or("off"))?;
    line(text, "socket", &cluster.agent.socket.display().to_string())?;
    line(text, "state", &cluster.node_dir(node).display().to_string())?;
    line(text, "pins", &cluster.pin_dir(node).display().to_string())
}

fn key(cluster: &Cluster, keys: Option<&KeyRing>) -> String {
    let (Authentication::Key { file }, Some(keys)) = (&cluster.authentication, keys) else {
        return "off: anyone on a network may forge heartbeats".to_owned();
    };
    let other = keys
        .other
        .map(|other| format!(", {} verifies too", other.id));
    format!(
        "{}, id {} signs{}",
        file.display(),
        keys.signing.id,
        other.unwrap_or_default()
    )
}

/// How heartbeats may reach the peers on a network.
fn carriage(cluster: &Cluster, network: &Network) -> String {
    let authenticated = matches!(cluster.authentication, Authentication::Key { .. });
    if !authenticated || !network.may_multicast(cluster.nodes_on(network.id)) {
        return "to each peer".to_owned();
    }
    let group = group::address(&cluster.name, network.id, Family::of(&network.subnet));
    format!("to each peer, and to the group {group} alone once all confirm it")
}

fn write_network(
    text: &mut String,
    cluster: &Cluster,
    network: &Network,
    outlook: &Outlook,
) -> fmt::Result {
    let role = match network.role {
        Role::Internal => "internal",
        Role::Mixed => "mixed",
        Role::Client => "client, does not count for liveness",
    };
    let timing = &network.timing;
    let restored = match timing.restored_after.get() {
        1 => "1 heartbeat".to_owned(),
        count => format!("{count} heartbeats"),
    };
    writeln!(text, "\n{}", network.label)?;
    line(
        text,
        "network",
        &format!(
            "{}, id {}, {}, {role}",
            network.key, network.id, network.subnet
        ),
    )?;
    line(
        text,
        "interval",
        &format!("{}, up again after {restored}", duration(timing.interval)),
    )?;
    line(text, "lost after", &detection(network))?;
    if let Some(suspicion) = membership::suspicion(cluster, network) {
        line(text, "suspected", &suspicion)?;
    }
    line(text, "sent", &carriage(cluster, network))?;
    line(text, "interface", &outlook.interface)?;
    let mark = if outlook.ready { "" } else { "! " };
    line(text, "XDP", &format!("{mark}{}", outlook.xdp))
}

/// The sum that makes the detection time.
fn detection(network: &Network) -> String {
    let timing = &network.timing;
    let sum = timing.detection(None);
    let missed = timing.interval.saturating_mul(timing.lost_after.get());
    let term = |duration| text_like(duration, sum);
    format!(
        "{} x {} + {} = {}",
        timing.lost_after,
        term(timing.interval),
        term(sum.saturating_sub(missed)),
        term(sum)
    )
}

fn write_paths(text: &mut String, paths: &[&Path<'_>]) -> fmt::Result {
    let ways = paths
        .iter()
        .map(|path| format!("{} -> {}", path.local, path.remote));
    let ways: Vec<String> = ways.collect();
    let width = ways.iter().map(String::len).max().unwrap_or(0);
    let mut name = "paths";
    for (path, way) in paths.iter().zip(ways) {
        writeln!(text, "  {name:<12}{way:<width$}  {}", path.peer.name)?;
        name = "";
    }
    if paths.is_empty() {
        line(text, name, "none: no other node is on this network")?;
    }
    Ok(())
}

fn line(text: &mut String, name: &str, value: &str) -> fmt::Result {
    paragraph(text, &format!("  {name:<12}"), VALUES, value)
}

/// A paragraph that begins with `head` and goes on `indent` columns from the left. A word that is too long
/// stays whole: an address or a path is there to be copied.
fn paragraph(text: &mut String, head: &str, indent: usize, value: &str) -> fmt::Result {
    let mut column = head.len();
    text.push_str(head);
    for (index, word) in value.split(' ').enumerate() {
        let width = word.chars().count();
        if index > 0 && column + 1 + width > WIDTH {
            write!(text, "\n{:indent$}", "")?;
            column = indent;
        } else if index > 0 {
            text.push(' ');
            column += 1;
        }
        text.push_str(word);
        column += width;
    }
    text.push('\n');
    Ok(())
}
