//! Pairs of random files, and a second account of what lies between them.

use std::cell::Cell;
use std::collections::BTreeMap;

use heartbeat_core::timing::Tolerance;
use proptest::collection::btree_map;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};

use super::*;
use crate::config::{Agent, Authentication, duration};

/// Lines `key = value`.
type Keys = Vec<String>;

/// One random file. Nodes and networks are called after their numbers, so that both files of a pair mean the
/// same thing by a name.
#[derive(Clone, Debug)]
struct Recipe {
    cluster: Keys,
    networks: BTreeMap<u16, Keys>,
    /// Which networks each node is on, which of two addresses it has there, and its votes.
    nodes: BTreeMap<u16, (u8, u8, u32)>,
    membership: Keys,
    agent: Keys,
}

impl Recipe {
    fn text(&self) -> String {
        let mut text = format!("[cluster]\n{}", self.cluster.join("\n"));
        for (id, keys) in &self.networks {
            text += &format!(
                "\n[networks.n{id}]\nid = {id}\nlabel = \"Network {id}\"\nsubnet = \"10.77.{id}.0/24\"\n{}",
                keys.join("\n")
            );
        }
        for (position, (id, (on, address, votes))) in self.nodes.iter().enumerate() {
            text += &format!("\n[nodes.node-{id}]\nid = {id}\nvotes = {votes}\n");
            for (index, network) in self.networks.keys().enumerate() {
                // Two nodes are on every network, and every node is on the first.
                if position < 2 || index == 0 || on >> index & 1 != 0 {
                    let host = 2 * id + u16::from(address >> index & 1);
                    text += &format!("addresses.n{network} = \"10.77.{network}.{host}\"\n");
                }
            }
        }
        // A witness is on the first network, which there always is.
        let first = self.networks.keys().next().map_or(0, |id| *id);
        let membership = self.membership.join("\n");
        text += "\n[membership]\n";
        text += &membership.replace("FIRST", &first.to_string());
        text + "\n[agent]\n" + &self.agent.join("\n")
    }
}

/// A line with one of these values, more or less often.
fn line(key: &'static str, weight: f64, values: &'static [&'static str]) -> BoxedStrategy<Keys> {
    let line = move |value: Option<&str>| {
        value
            .map(|value| format!("{key} = {value}"))
            .into_iter()
            .collect()
    };
    prop::option::weighted(weight, select(values))
        .prop_map(line)
        .boxed()
}

fn lines(lines: Vec<BoxedStrategy<Keys>>) -> impl Strategy<Value = Keys> {
    lines.prop_map(|lines| lines.concat())
}

fn recipe() -> impl Strategy<Value = Recipe> {
    let cluster = lines(vec![
        prop_oneof![30 => Just("a"), 1 => Just("b")]
            .prop_map(|name| vec![format!("name = \"{name}\"")])
            .boxed(),
        line("interval", 0.3, &["\"1s\"", "\"100ms\""]),
        line("lost_after", 0.3, &["3", "4"]),
        line("regroup_after", 0.3, &["7", "8"]),
        line("tolerance", 0.3, &["\"auto\"", "\"150ms\""]),
        line("restored_after", 0.3, &["2"]),
        line("multicast", 0.3, &["\"auto\"", "\"on\""]),
        line("restart_grace", 0.3, &["\"20s\""]),
        line("authentication", 0.02, &["\"off\""]),
        line("key_file", 0.1, &["\"/root/key\""]),
    ]);
    let network = lines(vec![
        select(&["mixed", "internal", "client"])
            .prop_map(|role| vec![format!("role = \"{role}\"")])
            .boxed(),
        line("interval", 0.2, &["\"1s\"", "\"100ms\""]),
        line("lost_after", 0.2, &["2", "5"]),
        line("multicast", 0.2, &["\"auto\"", "\"on\"", "\"off\""]),
        line("priority", 0.2, &["99"]),
        line("xdp", 0.02, &["\"generic\""]),
    ]);
    let membership = lines(vec![
        line("tie_breaker", 0.02, &["\"lowest-id\""]),
        line("witness", 0.2, &["[]", "[\"10.77.FIRST.254\"]"]),
        line("stalled_after", 0.2, &["\"20m\"", "\"60s\""]),
        line("quarantine", 0.2, &["\"off\"", "{ exits = 2 }"]),
        line("settle", 0.2, &["\"auto\"", "\"1s\""]),
    ]);
    let agent = lines(vec![
        line("xdp", 0.02, &["\"auto\"", "\"native\""]),
        line("metrics", 0.02, &["\"off\""]),
        line("socket", 0.02, &["\"/run/s\""]),
        line("state_dir", 0.02, &["\"/s\""]),
        line("pins", 0.02, &["\"/p\""]),
        line("events_kept", 0.02, &["\"1MiB\""]),
        line("raise_ksoftirqd", 0.02, &["true"]),
        line("record", 0.02, &["\"off\"", "\"/r\""]),
    ]);
    let networks = btree_map(1u16..=4, network, 1..=4);
    // The first node is the own one, and seldom another. Others seldom have votes, or most pairs would be refused.
    let own = prop_oneof![30 => Just(1u16), 1 => Just(7u16)];
    let votes = prop_oneof![20 => Just(0u32), 1 => 1u32..=2];
    let others = btree_map(2u16..=6, (any::<u8>(), any::<u8>(), votes), 1..=5);
    let nodes = (own, 1u32..=2, others).prop_map(|(own, votes, mut nodes)| {
        nodes.insert(own, (u8::MAX, 0, votes));
        nodes
    });
    (cluster, networks, nodes, membership, agent).prop_map(
        |(cluster, networks, nodes, membership, agent)| Recipe {
            cluster,
            networks,
            nodes,
            membership,
            agent,
        },
    )
}

/// Other names for what has the same numbers.
const NAMES: [(&str, &str); 4] = [
    ("\"Network 1\"", "\"Front\""),
    ("networks.n2", "networks.back"),
    ("addresses.n2", "addresses.back"),
    ("nodes.node-2", "nodes.second"),
];

fn renamed(text: String, names: u8) -> String {
    // A network's key has two places.
    let chosen = [names & 1, names & 2, names & 2, names & 4];
    let pairs = NAMES.iter().zip(chosen).filter(|(_, chosen)| *chosen != 0);
    pairs.fold(text, |text, ((from, to), _)| text.replace(from, to))
}

/// What a cluster is, by what a change calls it.
type Facts = BTreeMap<String, String>;

fn tie_breaker(cluster: &Cluster) -> &str {
    let id = cluster.membership.tie_breaker;
    let mut nodes = cluster.nodes.iter();
    let node = nodes.find(|node| node.id == id);
    node.map_or("", |node| &node.name)
}

fn facts(cluster: &Cluster) -> Facts {
    let mut facts = Facts::new();
    let mut fact = |what: String, value: String| assert_eq!(facts.insert(what, value), None);
    if let Authentication::Key { file } = &cluster.authentication {
        fact("cluster: key_file".into(), file.display().to_string());
    }
    fact(
        "cluster: regroup_after".into(),
        cluster.regroup_after.to_string(),
    );
    fact(
        "cluster: restart_grace".into(),
        duration::text(cluster.restart_grace),
    );
    for (key, value) in cluster.membership.settings() {
        // It is told by its name.
        if key != "tie_breaker" {
            fact(format!("membership: {key}"), value);
        }
    }
    fact(
        "membership: tie_breaker".into(),
        tie_breaker(cluster).into(),
    );
    for network in &cluster.networks {
        let whose = format!("network '{}'", network.label);
        fact(whose.clone(), String::new());
        let mut own = |key: &str, value: String| fact(format!("{whose}: {key}"), value);
        own("priority", network.priority.to_string());
        own("role", format!("{:?}", network.role).to_lowercase());
        own(
            "multicast",
            format!("{:?}", network.multicast).to_lowercase(),
        );
        own("interval", duration::text(network.timing.interval));
        own("lost_after", network.timing.lost_after.to_string());
        own("restored_after", network.timing.restored_after.to_string());
        let tolerance = match network.timing.tolerance {
            Tolerance::Auto => "auto".to_owned(),
            Tolerance::Fixed(tolerance) => duration::text(tolerance),
        };
        own("tolerance", tolerance);
    }
    for node in &cluster.nodes {
        fact(format!("node '{}'", node.name), String::new());
        fact(
            format!("node '{}': votes", node.name),
            node.votes.to_string(),
        );
        for (network, address) in &node.addresses {
            fact(
                format!("node '{}' on 'Network {network}'", node.name),
                address.to_string(),
            );
        }
    }
    facts
}

/// Carries out the changes. What a new network is like stands in the new file only.
fn applied(mut facts: Facts, changes: &[Change], new: &Facts) -> Facts {
    let of_network = |network: &str, fact: &str| {
        let rest = fact.strip_prefix(&format!("network '{network}'"));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
    };
    let interface = |node: &str, network: &str| format!("node '{node}' on '{network}'");
    for change in changes {
        match change {
            Change::Setting { what, from, to } => {
                assert_ne!(from, to);
                let of_all = what.strip_prefix("every network");
                let named = |fact: &str| match of_all {
                    Some(key) => fact.starts_with("network '") && fact.ends_with(key),
                    None => fact == what,
                };
                let values = facts.iter_mut().filter(|(fact, _)| named(fact));
                let changed = values
                    .map(|(_, value)| value)
                    .filter(|value| *value == from);
                assert!(
                    0 < changed.map(|value| value.clone_from(to)).count(),
                    "{change}"
                );
            }
            Change::NetworkAdded { network, .. } => {
                let added = new.iter().filter(|(fact, _)| of_network(network, fact));
                facts.extend(added.map(|(fact, value)| (fact.clone(), value.clone())));
            }
            Change::NetworkRemoved { network, .. } => {
                facts.retain(|fact, _| !of_network(network, fact))
            }
            Change::NodeAdded { node, .. } => {
                assert_eq!(facts.insert(format!("node '{node}'"), String::new()), None);
                let votes = format!("node '{node}': votes");
                let own = new[&votes].clone();
                assert_eq!(facts.insert(votes, own), None);
            }
            Change::NodeRemoved { node, .. } => {
                assert!(facts.remove(&format!("node '{node}'")).is_some());
                assert!(facts.remove(&format!("node '{node}': votes")).is_some());
            }
            Change::InterfaceAdded {
                node,
                network,
                address,
            } => {
                let before = facts.insert(interface(node, network), address.to_string());
                assert_eq!(before, None);
            }
            Change::InterfaceRemoved {
                node,
                network,
                address,
            } => {
                let before = facts.remove(&interface(node, network));
                assert_eq!(before, Some(address.to_string()));
            }
            Change::AddressChanged {
                node,
                network,
                from,
                to,
            } => {
                let before = facts.insert(interface(node, network), to.to_string());
                assert_eq!(before, Some(from.to_string()));
            }
        }
    }
    facts
}

/// How many voters and tie breakers differ.
fn votes_that_differ(old: &Cluster, new: &Cluster) -> usize {
    let votes = |cluster: &Cluster, id: u16| {
        let mut nodes = cluster.nodes.iter();
        let node = nodes.find(|node| node.id.number() == id);
        node.map_or(0, |node| node.votes)
    };
    let differ = (1..=7).filter(|id| votes(old, *id) != votes(new, *id));
    differ.count() + usize::from(old.membership.tie_breaker != new.membership.tie_breaker)
}

/// Whether something differs that cannot change in the agent of the old cluster's first node.
fn needs_a_restart(old: &Cluster, new: &Cluster) -> bool {
    let own = &old.nodes[0];
    let Some(later) = new
        .nodes
        .iter()
        .find(|node| (&node.name, node.id) == (&own.name, own.id))
    else {
        return true;
    };
    let xdp = |cluster: &Cluster, node: &Node, other: &Node| -> BTreeMap<_, _> {
        let networks = cluster.networks.iter();
        let on = |network: &&Network| {
            [node, other]
                .iter()
                .all(|node| node.addresses.contains_key(&network.id))
        };
        networks
            .filter(on)
            .map(|network| (network.id, network.xdp))
            .collect()
    };
    let agent = |cluster: &Cluster| Agent {
        xdp: crate::config::XdpMode::Auto,
        ..cluster.agent.clone()
    };
    old.name != new.name
        || (old.authentication == Authentication::Off)
            != (new.authentication == Authentication::Off)
        || agent(old) != agent(new)
        || new.authentication != Authentication::Off && 1 < votes_that_differ(old, new)
        || xdp(old, own, later) != xdp(new, later, own)
}

#[test]
fn the_changes_make_the_new_configuration_of_the_old_or_there_is_none() {
    let (taken, refused) = (Cell::new(0), Cell::new(0));
    let mut runner = TestRunner::new(Config::with_cases(512));
    let outcome = runner.run(&(recipe(), recipe()), |(old, new)| {
        let (old, new) = (parsed(&old.text()), parsed(&new.text()));
        match compare(&old, &new, &old.nodes[0]) {
            Ok(changes) => {
                taken.set(taken.get() + 1);
                prop_assert!(!needs_a_restart(&old, &new));
                prop_assert_eq!(applied(facts(&old), &changes, &facts(&new)), facts(&new));
            }
            Err(reasons) => {
                refused.set(refused.get() + 1);
                prop_assert!(needs_a_restart(&old, &new), "{}", reasons);
                prop_assert!(!reasons.reasons().is_empty());
            }
        }
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
    assert!(
        100 < taken.get() && 100 < refused.get(),
        "{taken:?} {refused:?}"
    );
}

proptest! {
    #[test]
    fn what_changes_the_digest_is_told(old in recipe(), new in recipe(), names in any::<[u8; 2]>()) {
        let old = parsed(&renamed(old.text(), names[0]));
        let new = parsed(&renamed(new.text(), names[1]));
        let own = &old.nodes[0];
        let told = compare(&old, &new, own).map_or(true, |changes| !changes.is_empty());
        prop_assert!(told || old.digest == new.digest);
        prop_assert_eq!(compare(&old, &old, own), Ok(Vec::new()));
    }

    #[test]
    fn other_names_are_told(recipe in recipe(), names in any::<[u8; 2]>()) {
        let [old, new] = names.map(|names| parsed(&renamed(recipe.text(), names)));
        let own = old.nodes.iter().find(|node| node.id.number() != 2).expect("not alone");
        let changes = compare(&old, &new, own).expect("names of others and of networks can change");
        prop_assert_eq!(changes.is_empty(), old.digest == new.digest);
    }
}
