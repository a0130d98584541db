//! Every mistake of a file in one error.

use expect_test::{Expect, expect};

use super::*;

#[track_caller]
pub(super) fn check(text: &str, expected: Expect) {
    let mistakes = Cluster::parse(text, "cluster.toml").expect_err("mistakes");
    expected.assert_eq(&mistakes.to_string());
}

#[test]
fn a_file_with_many_mistakes_shows_them_all() {
    check(
        r#"[cluster]
name = "prod/db"
intervall = "1s"
lost_after = 1
regroup_after = 2
tolerance = 5
multicast = "of"
key_file = "cluster.key"

[networks.private]
id = 1
label = "The \"private\" one"
subnet = "10.77.1.5/24"
role = "inner"

[networks.public]
id = 1
subnet = "10.77.2.0/24"
role = "mixed"
interval = "5ms"
priority = 0

[networks.storage]
id = 3
subnet = "10.77.0.0/16"
role = "client"

[nodes.node-a]
id = 1
addresses = { private = "10.77.1.1", public = "10.77.2.1" }

[nodes.node-b]
id = 70000
votes = 2
addresses = { privat = "10.77.1.2", public = "10.77.2.1" }

[nodes.node-c]
addresses = { private = "node-c.example", public = "10.77.9.3", storage = "127.0.0.1" }

[nodes."node d"]
id = 4
addresses = { public = "10.77.2.255" }

[membership]
witness = ["192.0.2.1"]

[agent]
xdp = "offload"
metrics = "localhost:13343"
record = "/tmp/record"
raise_ksoftirqd = "yes"
events_kept = "64MB"
"#,
        expect![[r#"
            cluster.toml:2: cluster.name: read "prod/db"; allowed is a name of 1 to 63 letters, digits, '.', '_', '-', not "." or ".."
            cluster.toml:3: cluster.intervall: unknown key; did you mean interval?
            cluster.toml:4: cluster.lost_after: read 1; allowed is a number, 2 to 100 (after a single one, jitter would decide)
            cluster.toml:5: cluster.regroup_after: read 2; allowed is a number, 3 to 1000
            cluster.toml:6: cluster.tolerance: read 5; allowed is "auto" or a duration, "0s" to "60s"
            cluster.toml:7: cluster.multicast: read "of"; allowed is "auto" or "on" or "off"
            cluster.toml:8: cluster.key_file: read "cluster.key"; allowed is an absolute path of at most 4095 bytes, without ".."
            cluster.toml:12: networks.private.label: read "The \"private\" one"; allowed is 1 to 64 printable characters without quotes and backslashes
            cluster.toml:13: networks.private.subnet: read "10.77.1.5/24"; allowed is a prefix without host bits: "10.77.1.0/24"
            cluster.toml:14: networks.private.role: read "inner"; allowed is "internal" or "mixed" or "client"
            cluster.toml:17: networks.public.id: read 1; allowed is a number that no other network has: networks.private.id has this one (line 11)
            cluster.toml:20: networks.public.interval: read "5ms"; allowed is a duration, "10ms" to "60s" in whole milliseconds
            cluster.toml:21: networks.public.priority: read 0; allowed is a number, 1 to 65535
            cluster.toml:23: networks.storage: read 1 node with an address on it; allowed are 2 or more
            cluster.toml:25: networks.storage.subnet: read "10.77.0.0/16"; allowed is a subnet apart from all others: networks.public.subnet is "10.77.2.0/24" (line 18)
            cluster.toml:33: nodes.node-b.id: read 70000; allowed is a number, 1 to 65535
            cluster.toml:35: nodes.node-b.addresses.privat: unknown network; did you mean private?
            cluster.toml:35: nodes.node-b.addresses.public: read "10.77.2.1"; allowed is an address of this node alone: node-a has it too (line 30), and a floating (virtual) address cannot be monitored
            cluster.toml:37: nodes.node-c.id: read nothing; allowed is a number, 1 to 65535
            cluster.toml:38: nodes.node-c.addresses.private: read "node-c.example"; allowed is a literal IPv4 or IPv6 address, as "10.77.1.1"
            cluster.toml:38: nodes.node-c.addresses.public: read "10.77.9.3"; allowed is an address in 10.77.2.0/24, the network's subnet (line 18)
            cluster.toml:38: nodes.node-c.addresses.storage: read "127.0.0.1"; allowed is an address of one interface, not a loopback one
            cluster.toml:40: nodes.node d: read [nodes."node d"]; allowed is a name of 1 to 63 letters, digits, '.', '_', '-', not "." or ".."
            cluster.toml:42: nodes.node d.addresses.public: read "10.77.2.255"; allowed is an address of an interface in 10.77.2.0/24, not the broadcast address of the subnet
            cluster.toml:45: membership.witness: read "192.0.2.1"; allowed is an address in the subnet of a network, which is how its nodes reach it directly
            cluster.toml:48: agent.xdp: read "offload"; allowed is "auto" or "native" or "generic"
            cluster.toml:49: agent.metrics: read "localhost:13343"; allowed is "off" or an address with a port, as "127.0.0.1:13343"
            cluster.toml:51: agent.raise_ksoftirqd: read "yes"; allowed is true or false
            cluster.toml:52: agent.events_kept: read "64MB"; allowed is a size, "64KiB" to "1024GiB"
            29 mistakes in cluster.toml"#]],
    );
}

#[test]
fn an_empty_file_says_what_it_needs() {
    check(
        "",
        expect![[r#"
            cluster.toml:1: cluster: read nothing; allowed is a section [cluster]
            cluster.toml:1: networks: read nothing; allowed is a section [networks.KEY] for each network
            cluster.toml:1: nodes: read nothing; allowed is a section [nodes.NAME] for each node
            3 mistakes in cluster.toml"#]],
    );
}

#[test]
fn empty_sections_say_what_they_need() {
    check(
        "[cluster]\n[networks.a]\n[nodes.a]\n[nodes.b]\naddresses = {}\n",
        expect![[r#"
            cluster.toml:1: cluster.name: read nothing; allowed is a name of 1 to 63 letters, digits, '.', '_', '-', not "." or ".."
            cluster.toml:2: networks.a: read 0 nodes with an address on it; allowed are 2 or more
            cluster.toml:2: networks.a.id: read nothing; allowed is a number, 1 to 65535
            cluster.toml:2: networks.a.role: read nothing; allowed is "internal" or "mixed" or "client"
            cluster.toml:2: networks.a.subnet: read nothing; allowed is an IPv4 prefix of /8 to /30 or an IPv6 prefix of /8 to /127, as "10.77.1.0/24"
            cluster.toml:3: nodes.a.addresses: read nothing; allowed is a table of one address for each of its networks, as { private = "10.77.1.1" }
            cluster.toml:3: nodes.a.id: read nothing; allowed is a number, 1 to 65535
            cluster.toml:4: nodes.b.id: read nothing; allowed is a number, 1 to 65535
            cluster.toml:5: nodes.b.addresses: read {}; allowed is a table of one address for each of its networks, as { private = "10.77.1.1" }
            9 mistakes in cluster.toml"#]],
    );
}

#[test]
fn wrong_kinds_are_read_as_they_stand() {
    check(
        "cluster = 1\nnodes = []\nnetworks.a = \"x\"\nother = { a = 1 }\n",
        expect![[r#"
            cluster.toml:1: cluster: read 1; allowed is a section [cluster]
            cluster.toml:2: nodes: read []; allowed is a section [nodes]
            cluster.toml:3: networks.a: read "x"; allowed is a section [networks.a]
            cluster.toml:3: networks.a: read 0 nodes with an address on it; allowed are 2 or more
            cluster.toml:4: other: unknown key; allowed are cluster, networks, nodes, agent, membership
            5 mistakes in cluster.toml"#]],
    );
}

#[test]
fn a_name_with_a_dot_is_told_to_take_quotes() {
    check(
        &EXAMPLE.replace("[nodes.node-c]", "[nodes.c.example]"),
        expect![[r#"
            cluster.toml:81: nodes.c.addresses: read nothing; allowed is a table of one address for each of its networks, as { private = "10.77.1.1" }
            cluster.toml:81: nodes.c.example: unknown key; allowed are id, addresses, votes; a name with a dot is put in quotes: "c.example"
            cluster.toml:81: nodes.c.id: read nothing; allowed is a number, 1 to 65535
            3 mistakes in cluster.toml"#]],
    );
    parsed(&EXAMPLE.replace("[nodes.node-c]", "[nodes.\"c.example\"]"));
}

#[test]
fn a_key_twice_is_a_mistake_among_others() {
    check(
        &EXAMPLE
            .replace("id = 3", "id = 3\nid = 3\nvotes = 0")
            .replace("[membership]", "[nodes.node-a]\nvotes = 1\n[membership]"),
        expect![[r#"
            cluster.toml:83: id: read this key a second time; allowed is each key once
            cluster.toml:89: node-a: read this key a second time; allowed is each key once
            2 mistakes in cluster.toml"#]],
    );
}

#[test]
fn a_line_that_is_not_toml_hides_no_other_mistake() {
    check(
        &EXAMPLE
            .replace(
                "name = \"prod-db\"",
                "name = prod-db\nlost_after = 200\ninterval =\n",
            )
            .replace("[networks.public]", "[networks.public")
            .replace("10.77.2.3\" }", "10.77.2.3\"")
            .replace("id = 2\naddresses", "id = 0\naddresses"),
        expect![[r#"
            cluster.toml:10: syntax: read `name = prod-db`; allowed is TOML: string values must be quoted, expected literal string
            cluster.toml:11: cluster.lost_after: read 200; allowed is a number, 2 to 100 (after a single one, jitter would decide)
            cluster.toml:12: syntax: read `interval =`; allowed is TOML: string values must be quoted, expected literal string
            cluster.toml:63: syntax: read `[networks.public`; allowed is TOML: unclosed table, expected `]`
            cluster.toml:81: nodes.node-b.id: read 0; allowed is a number, 1 to 65535
            cluster.toml:90: syntax: read `[membership]`; allowed is TOML: missing key for inline table element, expected `,`
            cluster.toml:109: syntax: read `[agent]`; allowed is TOML: missing key for inline table element, expected `,`
            7 mistakes in cluster.toml"#]],
    );
}

#[test]
fn a_network_needs_two_nodes_and_a_cluster_too() {
    check(
        r#"
[cluster]
name = "one"
[networks.a]
id = 1
subnet = "2001:db8::/64"
role = "mixed"
[networks.b]
id = 2
subnet = "10.0.0.0/30"
role = "mixed"
[nodes.a]
id = 1
addresses = { a = "2001:db8::" }
"#,
        expect![[r#"
            cluster.toml:4: networks.a: read 1 node with an address on it; allowed are 2 or more
            cluster.toml:8: networks.b: read 0 nodes with an address on it; allowed are 2 or more
            cluster.toml:12: nodes: read 1 node; allowed are 2 to 1024
            cluster.toml:14: nodes.a.addresses.a: read "2001:db8::"; allowed is an address of an interface in 2001:db8::/64, not the subnet-router anycast address
            4 mistakes in cluster.toml"#]],
    );
}

#[test]
fn regroup_comes_after_the_loss_of_any_path_that_counts() {
    check(
        &EXAMPLE.replacen("# lost_after = 2", "lost_after = 6", 1),
        expect![[r#"
            cluster.toml:16: cluster.lost_after: read 6; allowed is less than regroup_after, which is 6 unless [cluster] sets it
            1 mistake in cluster.toml"#]],
    );
    check(
        &EXAMPLE.replace("# regroup_after = 6", "regroup_after = 3\nlost_after = 3"),
        expect![[r#"
            cluster.toml:19: cluster.regroup_after: read 3; allowed is more than lost_after on each network that counts, which is up to 3
            1 mistake in cluster.toml"#]],
    );
    let client_only = EXAMPLE.replace("role = \"mixed\"", "role = \"client\"\nlost_after = 50");
    parsed(&client_only);
}

#[test]
fn a_cluster_without_multicast_has_no_network_with_it() {
    let off = EXAMPLE.replacen("# multicast = \"auto\"", "multicast = \"off\"", 1);
    let network = |multicast: &str| {
        let role = "role = \"mixed\"";
        off.replace(role, &format!("{role}\nmulticast = \"{multicast}\""))
    };
    check(
        &network("on"),
        expect![[r#"
            cluster.toml:65: networks.public.multicast: read "on"; allowed is "off": cluster.multicast (line 30) turns it off on every network
            1 mistake in cluster.toml"#]],
    );
    check(
        &network("auto"),
        expect![[r#"
            cluster.toml:65: networks.public.multicast: read "auto"; allowed is "off": cluster.multicast (line 30) turns it off on every network
            1 mistake in cluster.toml"#]],
    );
    parsed(&network("off"));
}

#[test]
fn addresses_that_no_interface_keeps_are_refused() {
    for address in [
        "0.0.0.0",
        "127.0.0.1",
        "169.254.1.1",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "ff02::1",
        "fe80::1",
        "::ffff:10.77.2.3",
        "10.77.2.0",
        "10.77.2.255",
        "10.77.2.3/24",
        "010.77.2.3",
    ] {
        let mistakes =
            Cluster::parse(&EXAMPLE.replace("10.77.2.3", address), "f").expect_err(address);
        assert_eq!(mistakes.list().len(), 1, "{mistakes}");
        assert_eq!(mistakes.list()[0].key, "nodes.node-c.addresses.public");
    }
}

/// A cluster of full networks.
fn large(nodes: usize, networks: usize) -> String {
    let mut text = "[cluster]\nname = \"large\"\n".to_owned();
    for network in 1..=networks {
        text += &format!(
            "[networks.n{network}]\nid = {network}\nsubnet = \"10.{network}.0.0/16\"\nrole = \"mixed\"\n"
        );
    }
    for node in 1..=nodes {
        text += &format!("[nodes.n{node}]\nid = {node}\n");
        for network in 1..=networks {
            text += &format!(
                "addresses.n{network} = \"10.{network}.{}.{}\"\n",
                node / 200,
                node % 200 + 1
            );
        }
    }
    text
}

#[test]
fn limits_are_errors_and_never_truncations() {
    parsed(&large(1024, 4));
    parsed(&large(65, 64));
    check(
        &large(1024, 5),
        expect![[r#"
            cluster.toml:23: nodes.n1: read 5115 paths from this node, and too many from 1023 more; allowed are 4096
            1 mistake in cluster.toml"#]],
    );
    check(
        &large(1025, 1),
        expect![[r#"
            cluster.toml:3079: nodes.n1025: read 1025 nodes; allowed are 2 to 1024
            1 mistake in cluster.toml"#]],
    );
    check(
        &large(2, 65),
        expect![[r#"
            cluster.toml:259: networks.n65: read 65 networks; allowed are 64
            1 mistake in cluster.toml"#]],
    );
}
