//! `[membership]` and votes: what they default to, and what becomes of them.

use heartbeat_core::config::{Quarantine, Settle};
use heartbeat_core::nodes::NodeIndex;

use super::*;

mod mistakes;

/// The example with these lines in `[membership]`, and a node's votes.
fn with(lines: &str) -> String {
    EXAMPLE.replace("\n[membership]\n", &format!("\n[membership]\n{lines}\n"))
}

fn votes(of: &str, votes: u32) -> String {
    EXAMPLE.replace(
        &format!("[nodes.{of}]"),
        &format!("[nodes.{of}]\nvotes = {votes}"),
    )
}

#[test]
fn defaults_are_those_of_the_documents() {
    let cluster = example();
    let expected = Membership {
        tie_breaker: NodeId::new(1).expect("not zero"),
        witness: Vec::new(),
        stalled_after: Duration::from_secs(60),
        quarantine: Some(Quarantine {
            exits: 3,
            within: Duration::from_secs(3600),
            lasting: Duration::from_secs(7200),
        }),
        settle: Settle::Auto,
    };
    assert_eq!(cluster.membership, expected);
    assert_eq!(cluster.suspicion(), Some(Duration::from_millis(7350)));
    assert!(cluster.nodes.iter().all(|node| node.votes == 1));
    let without = EXAMPLE.replace("\n[membership]\n", "\n");
    assert_eq!(parsed(&without), cluster);
}

#[test]
fn every_key_is_read() {
    let membership = parsed(&with(
        r#"tie_breaker = "node-b"
witness = ["10.77.2.254", "10.77.1.254", "10.77.2.253"]
stalled_after = "10s"
quarantine = { exits = 5, for = "30m" }
settle = "0s""#,
    ))
    .membership;
    assert_eq!(membership.tie_breaker.number(), 2);
    let witness: Vec<String> = membership.witness.iter().map(IpAddr::to_string).collect();
    assert_eq!(witness, ["10.77.1.254", "10.77.2.253", "10.77.2.254"]);
    assert_eq!(membership.stalled_after, Duration::from_secs(10));
    assert_eq!(
        membership.quarantine,
        Some(Quarantine {
            exits: 5,
            within: Duration::from_secs(3600),
            lasting: Duration::from_secs(1800),
        })
    );
    assert_eq!(membership.settle, Settle::Fixed(Duration::ZERO));
    let off = parsed(&with("quarantine = \"off\""));
    assert_eq!(off.membership.quarantine, None);
}

#[test]
fn the_lowest_id_that_has_votes_breaks_ties() {
    let tie_breaker = |text: &str| parsed(text).membership.tie_breaker.number();
    assert_eq!(tie_breaker(&votes("node-a", 0)), 2);
    assert_eq!(tie_breaker(&votes("node-b", 0)), 1);
    assert_eq!(tie_breaker(&with("tie_breaker = \"lowest-id\"")), 1);
}

#[test]
fn witnesses_belong_to_the_network_that_they_are_on() {
    let cluster = parsed(&with(r#"witness = ["10.77.2.254", "10.77.2.253"]"#));
    let [private, public] = &cluster.networks[..] else {
        panic!("two networks")
    };
    assert_eq!(cluster.witnesses(private).count(), 0);
    let public: Vec<IpAddr> = cluster.witnesses(public).collect();
    assert_eq!(public, cluster.membership.witness);
}

#[test]
fn the_default_patience_grows_with_a_slow_cluster() {
    let slow = EXAMPLE.replacen("# interval = \"1.2s\"", "interval = \"20s\"", 1);
    let cluster = parsed(&slow);
    // 6 x 20 s + 2.5 s, twice.
    assert_eq!(cluster.membership.stalled_after, Duration::from_secs(245));
    let client = slow.replace("role = \"internal\"", "role = \"client\"");
    let client = client.replace("role = \"mixed\"", "role = \"client\"");
    let cluster = parsed(&client);
    assert_eq!(cluster.suspicion(), None);
    assert_eq!(cluster.membership.stalled_after, Duration::from_secs(60));
}

#[test]
fn the_core_is_told_all_that_it_judges_by() {
    let text = votes("node-c", 7).replace("\n[membership]\n", "\n[membership]\ntie_breaker = \"node-c\"\nstalled_after = \"20s\"\nquarantine = \"off\"\nsettle = \"1s\"\n");
    let cluster = parsed(&text);
    let node = cluster.local_node(Some("node-b"), &[]).expect("configured");
    let core = cluster.core(node);
    let votes: Vec<(&str, u32)> = core
        .nodes
        .iter()
        .map(|node| (node.name.as_str(), node.votes))
        .collect();
    assert_eq!(votes, [("node-a", 1), ("node-b", 1), ("node-c", 7)]);
    let membership = &core.membership;
    assert_eq!(membership.tie_breaker, NodeIndex(2));
    assert_eq!(membership.regroup_after, 6);
    assert_eq!(membership.stalled_after, Duration::from_secs(20));
    assert_eq!(membership.quarantine, None);
    assert_eq!(membership.settle, Settle::Fixed(Duration::from_secs(1)));
}

#[test]
fn a_record_is_a_file_or_none() {
    let record = |value: &str| {
        let text = EXAMPLE.replace("# record = \"off\"", &format!("record = {value}"));
        parsed(&text).agent.record
    };
    assert_eq!(record("\"off\""), None);
    assert_eq!(
        record("\"/var/tmp/record\""),
        Some("/var/tmp/record".into())
    );
}

#[test]
fn the_digest_follows_it_and_ignores_defaults_spelled_out() {
    let same = [
        with("tie_breaker = \"node-a\""),
        with("tie_breaker = \"lowest-id\"\nwitness = []"),
        with("stalled_after = \"1m\"\nsettle = \"auto\""),
        with("quarantine = { for = \"120m\" }"),
        votes("node-b", 1),
        EXAMPLE.replace("# record = \"off\"", "record = \"/var/tmp/record\""),
    ];
    for text in same {
        assert_eq!(parsed(&text).digest, example().digest);
    }
    let different = [
        with("tie_breaker = \"node-b\""),
        with("witness = [\"10.77.1.254\"]"),
        with("witness = [\"10.77.2.254\"]"),
        with("stalled_after = \"61s\""),
        with("quarantine = \"off\""),
        with("quarantine = { exits = 4 }"),
        with("quarantine = { within = \"2h\" }"),
        with("quarantine = { for = \"1h\" }"),
        with("settle = \"150ms\""),
        votes("node-a", 2),
        votes("node-b", 2),
        votes("node-b", 0),
    ];
    let mut digests: Vec<u32> = different.iter().map(|text| parsed(text).digest).collect();
    digests.push(example().digest);
    digests.sort();
    digests.dedup();
    assert_eq!(digests.len(), different.len() + 1);
    let order = [
        with("witness = [\"10.77.1.254\", \"10.77.2.254\"]"),
        with("witness = [\"10.77.2.254\", \"10.77.1.254\"]"),
    ];
    let [one, other] = order.map(|text| parsed(&text).digest);
    assert_eq!(one, other);
}
