use expect_test::{Expect, expect};

use super::*;

mod random;
mod voters;

/// The documented example, of which `node-a` compares.
const EXAMPLE: &str = include_str!("../../../cluster.toml");

#[track_caller]
fn parsed(text: &str) -> Cluster {
    Cluster::parse(text, "cluster.toml").unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

/// The lines of a reload on `node-a` from the example to `text`.
fn lines(text: &str) -> String {
    let old = parsed(EXAMPLE);
    match compare(&old, &parsed(text), &old.nodes[0]) {
        Ok(changes) => changes.iter().map(|change| format!("{change}\n")).collect(),
        Err(refused) => format!("refused:\n{refused}\n"),
    }
}

/// The example with replacements, each of which must find something.
fn edited(edits: &[(&str, &str)]) -> String {
    let mut text = EXAMPLE.to_owned();
    for (from, to) in edits {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    text
}

#[track_caller]
fn check(edits: &[(&str, &str)], expected: Expect) {
    expected.assert_eq(&lines(&edited(edits)));
}

#[test]
fn the_same_file_changes_nothing() {
    check(&[], expect![""]);
    check(&[("\n\n", "\n# a comment\n\n")], expect![""]);
    check(
        &[("# interval = \"1.2s\"", "interval = \"1200ms\"")],
        expect![""],
    );
}

#[test]
fn every_setting_that_can_change_is_one_line() {
    check(
        &[
            ("# interval = \"1.2s\"", "interval = \"1s\""),
            ("# lost_after = 2", "lost_after = 3"),
            ("# regroup_after = 6", "regroup_after = 7"),
            ("# tolerance = \"auto\"", "tolerance = \"150ms\""),
            ("# restored_after = 1", "restored_after = 2"),
            ("# multicast = \"auto\"", "multicast = \"off\""),
            ("# key_file = \"/etc/", "key_file = \"/root/"),
            ("# restart_grace = \"10s\"", "restart_grace = \"1m\""),
            ("# priority = 100", "priority = 50"),
            ("\"Public Network\"", "\"Front\""),
            ("role = \"mixed\"", "role = \"client\""),
            ("10.77.2.0/24", "10.77.2.0/25"),
            ("[networks.public]", "[networks.front]"),
            ("public =", "front ="),
            ("# witness = []", "witness = [\"10.77.1.254\"]"),
            ("# stalled_after = \"60s\"", "stalled_after = \"30s\""),
            ("# quarantine = {", "quarantine = \"off\" # {"),
            ("# settle = \"auto\"", "settle = \"2s\""),
        ],
        expect![[r#"
            cluster: regroup_after 6 -> 7
            cluster: key_file /etc/heartbeat-ebpf/cluster.key -> /root/heartbeat-ebpf/cluster.key
            cluster: restart_grace 10s -> 60s
            membership: witness none -> 10.77.1.254
            membership: stalled_after 60s -> 30s
            membership: quarantine 3 exits within 3600s for 7200s -> off
            membership: settle auto -> 2s
            every network: interval 1.2s -> 1s
            every network: lost_after 2 -> 3
            every network: tolerance auto -> 150ms
            every network: restored_after 1 -> 2
            every network: multicast auto -> off
            network 'Private Network': priority 100 -> 50
            network 'Front': key public -> front
            network 'Front': label 'Public Network' -> 'Front'
            network 'Front': subnet 10.77.2.0/24 -> 10.77.2.0/25
            network 'Front': role mixed -> client
        "#]],
    );
}

#[test]
fn what_one_network_has_of_its_own_names_it() {
    check(
        &[(
            "role = \"mixed\"",
            "role = \"mixed\"\ninterval = \"100ms\"\nlost_after = 3\nmulticast = \"on\"",
        )],
        expect![[r#"
            network 'Public Network': interval 1.2s -> 100ms
            network 'Public Network': lost_after 2 -> 3
            network 'Public Network': multicast auto -> on
        "#]],
    );
}

#[test]
fn a_node_that_comes_brings_its_interfaces() {
    check(
        &[(
            "[membership]",
            "[nodes.node-d]\nid = 7\naddresses = { private = \"10.77.1.4\", public = \"10.77.2.4\" }\n[membership]",
        )],
        expect![[r#"
            node 'node-d' (id 7) added
            node 'node-d': 10.77.1.4 on 'Private Network' added
            node 'node-d': 10.77.2.4 on 'Public Network' added
        "#]],
    );
}

#[test]
fn a_node_that_goes_takes_its_interfaces() {
    check(
        &[
            ("[nodes.node-c]\nid = 3\n", ""),
            (
                "addresses = { private = \"10.77.1.3\", public = \"10.77.2.3\" }\n",
                "",
            ),
        ],
        expect![[r#"
            node 'node-c' (id 3) removed
            node 'node-c': 10.77.1.3 on 'Private Network' removed
            node 'node-c': 10.77.2.3 on 'Public Network' removed
        "#]],
    );
}

#[test]
fn a_network_that_comes_lists_who_is_on_it() {
    check(
        &[
            (
                "[nodes.node-a]",
                "[networks.backup]\nid = 9\nsubnet = \"2001:db8::/64\"\nrole = \"client\"\n[nodes.node-a]",
            ),
            (
                "{ private = \"10.77.1.1\"",
                "{ backup = \"2001:db8::1\", private = \"10.77.1.1\"",
            ),
            (
                "{ private = \"10.77.1.3\"",
                "{ backup = \"2001:db8::3\", private = \"10.77.1.3\"",
            ),
        ],
        expect![[r#"
            network 'backup' (id 9) added
            node 'node-a': 2001:db8::1 on 'backup' added
            node 'node-c': 2001:db8::3 on 'backup' added
        "#]],
    );
}

#[test]
fn a_network_that_goes_lists_who_was_on_it() {
    let without = [
        ", public = \"10.77.2.1\"",
        ", public = \"10.77.2.2\"",
        ", public = \"10.77.2.3\"",
    ];
    let mut edits: Vec<(&str, &str)> = without.iter().map(|address| (*address, "")).collect();
    edits.push((
        "[networks.public]\nid = 2\nlabel = \"Public Network\"\nsubnet = \"10.77.2.0/24\"\nrole = \"mixed\"\n",
        "",
    ));
    check(
        &edits,
        expect![[r#"
        network 'Public Network' (id 2) removed
        node 'node-a': 10.77.2.1 on 'Public Network' removed
        node 'node-b': 10.77.2.2 on 'Public Network' removed
        node 'node-c': 10.77.2.3 on 'Public Network' removed
    "#]],
    );
}

#[test]
fn addresses_interfaces_and_names_change_node_by_node() {
    check(
        &[
            ("10.77.1.1", "10.77.1.101"),
            ("10.77.2.2", "10.77.2.102"),
            (
                "{ private = \"10.77.1.3\", public = \"10.77.2.3\" }",
                "{ public = \"10.77.2.3\" }",
            ),
            ("[nodes.node-c]", "[nodes.node-x]"),
        ],
        expect![[r#"
            node 'node-a': 10.77.1.1 -> 10.77.1.101 on 'Private Network'
            node 'node-b': 10.77.2.2 -> 10.77.2.102 on 'Public Network'
            node 3: name 'node-c' -> 'node-x'
            node 'node-x': 10.77.1.3 on 'Private Network' removed
        "#]],
    );
}

#[test]
fn another_number_is_another_node_and_another_network() {
    check(
        &[
            ("id = 3\n", "id = 30\nvotes = 0\n"),
            ("id = 2\nlabel", "id = 20\nlabel"),
        ],
        expect![[r#"
            network 'Public Network' (id 2) removed
            network 'Public Network' (id 20) added
            node 'node-a': 10.77.2.1 on 'Public Network' removed
            node 'node-a': 10.77.2.1 on 'Public Network' added
            node 'node-b': 10.77.2.2 on 'Public Network' removed
            node 'node-b': 10.77.2.2 on 'Public Network' added
            node 'node-c' (id 3) removed
            node 'node-c': 10.77.1.3 on 'Private Network' removed
            node 'node-c': 10.77.2.3 on 'Public Network' removed
            node 'node-c' (id 30) added
            node 'node-c': 10.77.1.3 on 'Private Network' added
            node 'node-c': 10.77.2.3 on 'Public Network' added
        "#]],
    );
}

#[test]
fn what_cannot_change_is_refused_with_all_reasons() {
    check(
        &[
            ("prod-db", "test-db"),
            ("# authentication = \"key\"", "authentication = \"off\""),
            ("# xdp = \"auto\"\n\n", "xdp = \"native\"\n\n"),
            ("role = \"mixed\"", "role = \"mixed\"\nxdp = \"generic\""),
            ("# metrics = \"127.0.0.1:13343\"", "metrics = \"off\""),
            ("# socket = \"/run/", "socket = \"/tmp/"),
            ("# state_dir = \"/var/", "state_dir = \"/tmp/"),
            ("# pins = \"/sys/fs/bpf/", "pins = \"/sys/fs/bpf/other/"),
            ("# events_kept = \"64MiB\"", "events_kept = \"1GiB\""),
            ("# raise_ksoftirqd = false", "raise_ksoftirqd = true"),
            ("# record = \"off\"", "record = \"/tmp/record\""),
            ("# restored_after = 1", "restored_after = 2"),
        ],
        expect![[r#"
            refused:
            cluster.name prod-db -> test-db cannot change in a running cluster: put the old one back, or stop every agent, run `heartbeat detach` with the old file, and start them with the new one
            cluster.authentication key -> off cannot change in a running agent: put the old value back, or restart the agents of all nodes together, for those with a key do not hear those without
            networks.private.xdp auto -> native cannot change in a running agent: put the old value back, or restart the agent
            networks.public.xdp auto -> generic cannot change in a running agent: put the old value back, or restart the agent
            agent.metrics 127.0.0.1:13343 -> off cannot change in a running agent: put the old value back, or restart the agent
            agent.socket /run/heartbeat-ebpf/heartbeat.sock -> /tmp/heartbeat-ebpf/heartbeat.sock cannot change in a running agent: put the old value back, or restart the agent
            agent.state_dir /var/lib/heartbeat-ebpf -> /tmp/lib/heartbeat-ebpf cannot change in a running agent: put the old value back, or restart the agent
            agent.pins /sys/fs/bpf/heartbeat-ebpf -> /sys/fs/bpf/other/heartbeat-ebpf cannot change in a running agent: put the old value back, or restart the agent
            agent.events_kept 64MiB -> 1GiB cannot change in a running agent: put the old value back, or restart the agent
            agent.raise_ksoftirqd false -> true cannot change in a running agent: put the old value back, or restart the agent
            agent.record off -> /tmp/record cannot change in a running agent: put the old value back, or restart the agent
        "#]],
    );
}

#[test]
fn the_own_node_keeps_name_and_number() {
    check(
        &[("the node.\nid = 1\n", "the node.\nid = 8\n")],
        expect![[r#"
            refused:
            nodes.node-a.id 1 -> 8 cannot change in a running agent: put the old number back, or restart the agent
            the votes cannot change so much at once: node-a (id 1) goes with 1 vote, node-a (id 8) comes with 1 vote, the tie breaker is node-b instead of node-a (begin with tie_breaker = "node-b" alone); change one of these, reload every node, and then change the next, or two sides of the cluster could both count a majority
        "#]],
    );
    check(
        &[("[nodes.node-a]", "[nodes.node-x]")],
        expect![[r#"
        refused:
        nodes.node-a with id 1 is now called node-x, and a running agent keeps its name: put node-a back, or restart the agent
    "#]],
    );
    check(
        &[
            ("[nodes.node-a]", "[nodes.node-x]"),
            ("[nodes.node-b]", "[nodes.node-a]"),
        ],
        expect![[r#"
            refused:
            nodes.node-a.id 1 -> 2 cannot change in a running agent: put the old number back, or restart the agent
        "#]],
    );
    check(
        &[
            ("[nodes.node-a]", "[nodes.node-x]"),
            ("the node.\nid = 1\n", "the node.\nid = 8\n"),
        ],
        expect![[r#"
            refused:
            nodes.node-a is this node and is gone: put it back, or stop this agent with `heartbeat leave` and reload the others
            the votes cannot change so much at once: node-a (id 1) goes with 1 vote, node-x (id 8) comes with 1 vote, the tie breaker is node-b instead of node-a (begin with tie_breaker = "node-b" alone); change one of these, reload every node, and then change the next, or two sides of the cluster could both count a majority
        "#]],
    );
}

#[test]
fn how_others_attach_is_no_reason_to_refuse() {
    let edits = [("role = \"mixed\"", "role = \"mixed\"\nxdp = \"generic\"")];
    let leaves = (
        "{ private = \"10.77.1.1\", public = \"10.77.2.1\" }",
        "{ private = \"10.77.1.1\" }",
    );
    check(
        &edits,
        expect![[r#"
            refused:
            networks.public.xdp auto -> generic cannot change in a running agent: put the old value back, or restart the agent
        "#]],
    );
    check(
        &[edits[0], leaves],
        expect![[r#"
        node 'node-a': 10.77.2.1 on 'Public Network' removed
    "#]],
    );
}
