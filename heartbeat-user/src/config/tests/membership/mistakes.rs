//! Every mistake of `[membership]` and of votes.

use expect_test::expect;

use super::super::mistakes::check;
use super::*;

#[test]
fn each_key_of_membership_says_what_it_may_be() {
    check(
        &with(
            r#"tie_breaker = 1
witness = "10.77.1.254"
stalled_after = "2h"
quarantine = "never"
settle = "2m"
tie = 1"#,
        ),
        expect![[r#"
            cluster.toml:88: membership.tie_breaker: read 1; allowed is "lowest-id" or the name of a node with votes
            cluster.toml:89: membership.witness: read "10.77.1.254"; allowed is a list of addresses, as ["10.77.1.254"]
            cluster.toml:90: membership.stalled_after: read "2h"; allowed is a duration, "1s" to "3600s"
            cluster.toml:91: membership.quarantine: read "never"; allowed is "off" or a table as { exits = 3, within = "1h", for = "2h" }
            cluster.toml:92: membership.settle: read "2m"; allowed is "auto" or a duration, "0s" to "60s"
            cluster.toml:93: membership.tie: unknown key; allowed are tie_breaker, witness, stalled_after, quarantine, settle
            6 mistakes in cluster.toml"#]],
    );
    check(
        &with("quarantine = { exits = 0, within = \"1w\", fore = \"1h\" }"),
        expect![[r#"
            cluster.toml:88: membership.quarantine.exits: read 0; allowed is a number, 1 to 100
            cluster.toml:88: membership.quarantine.fore: unknown key; did you mean for?
            cluster.toml:88: membership.quarantine.within: read "1w"; allowed is a duration, "1s" to "604800s"
            3 mistakes in cluster.toml"#]],
    );
    check(
        "membership = 1\n",
        expect![[r#"
        cluster.toml:1: cluster: read nothing; allowed is a section [cluster]
        cluster.toml:1: membership: read 1; allowed is a section [membership]
        cluster.toml:1: networks: read nothing; allowed is a section [networks.KEY] for each network
        cluster.toml:1: nodes: read nothing; allowed is a section [nodes.NAME] for each node
        4 mistakes in cluster.toml"#]],
    );
}

#[test]
fn a_tie_is_broken_by_a_node_with_votes() {
    check(
        &with("tie_breaker = \"node-d\""),
        expect![[r#"
        cluster.toml:88: membership.tie_breaker: unknown node; did you mean node-a?
        1 mistake in cluster.toml"#]],
    );
    check(
        &with("tie_breaker = \"primary\""),
        expect![[r#"
        cluster.toml:88: membership.tie_breaker: read "primary"; allowed is "lowest-id" or the name of a node with votes
        1 mistake in cluster.toml"#]],
    );
    check(
        &with("tie_breaker = \"node-b\"")
            .replace("id = 2\naddresses", "id = 2\nvotes = 0\naddresses"),
        expect![[r#"
            cluster.toml:89: membership.tie_breaker: read "node-b"; allowed is a node with votes: nodes.node-b.votes is 0 (line 79)
            1 mistake in cluster.toml"#]],
    );
}

#[test]
fn somebody_has_votes() {
    check(
        &EXAMPLE.replace("addresses = {", "votes = 0\naddresses = {"),
        expect![[r#"
            cluster.toml:67: nodes: read votes = 0 of every node; allowed is a node with votes, or no side has quorum
            1 mistake in cluster.toml"#]],
    );
    check(
        &EXAMPLE.replace("addresses = {", "votes = 101\naddresses = {"),
        expect![[r#"
            cluster.toml:72: nodes.node-a.votes: read 101; allowed is a number, 0 to 100
            cluster.toml:80: nodes.node-b.votes: read 101; allowed is a number, 0 to 100
            cluster.toml:85: nodes.node-c.votes: read 101; allowed is a number, 0 to 100
            3 mistakes in cluster.toml"#]],
    );
}

#[test]
fn a_witness_lies_in_a_network_outside_the_cluster() {
    check(
        &with(
            r#"witness = [
  "10.77.1.254",
  "10.77.1.254",
  "10.77.1.2",
  "192.0.2.1",
  "10.77.2.255",
  "router.example",
  7,
]"#,
        ),
        expect![[r#"
            cluster.toml:90: membership.witness: read "10.77.1.254"; allowed is each address once: membership.witness has this one (line 89)
            cluster.toml:91: membership.witness: read "10.77.1.2"; allowed is an address outside the cluster: node-b has it, and a node is no witness
            cluster.toml:92: membership.witness: read "192.0.2.1"; allowed is an address in the subnet of a network, which is how its nodes reach it directly
            cluster.toml:93: membership.witness: read "10.77.2.255"; allowed is an address of an interface in 10.77.2.0/24, not the broadcast address of the subnet
            cluster.toml:94: membership.witness: read "router.example"; allowed is a literal IPv4 or IPv6 address, as "10.77.1.1"
            cluster.toml:95: membership.witness: read 7; allowed is a literal IPv4 or IPv6 address, as "10.77.1.1"
            6 mistakes in cluster.toml"#]],
    );
    let many: Vec<String> = (100..165)
        .map(|host| format!("\"10.77.1.{host}\""))
        .collect();
    check(
        &with(&format!("witness = [{}]", many.join(", "))),
        expect![[r#"
            cluster.toml:88: membership.witness: read 65 addresses; allowed are 64
            1 mistake in cluster.toml"#]],
    );
}

#[test]
fn patience_with_a_stalled_agent_outlasts_a_silence() {
    check(
        &with("stalled_after = \"7.35s\""),
        expect![[r#"
        cluster.toml:88: membership.stalled_after: read "7.35s"; allowed is more than 7.35s: so long a silence on every network that counts makes any node suspected
        1 mistake in cluster.toml"#]],
    );
    parsed(&with("stalled_after = \"7.36s\""));
}
