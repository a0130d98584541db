//! What the plan says of the membership.

use expect_test::{Expect, expect};

use crate::check::membership::{lines, warnings};
use crate::config::Cluster;

/// Two networks, and two nodes that are on both.
const TWO: &str = r#"
[cluster]
name = "two"
[networks.private]
id = 1
subnet = "10.77.1.0/24"
role = "internal"
[networks.public]
id = 2
subnet = "10.77.2.0/24"
role = "mixed"
[nodes.a]
id = 1
addresses = { private = "10.77.1.1", public = "10.77.2.1" }
[nodes.b]
id = 2
addresses = { private = "10.77.1.2", public = "10.77.2.2" }
"#;

/// What is said of the membership of node `a`, and which warnings there are.
#[track_caller]
fn check(text: &str, expected: Expect) {
    let cluster = Cluster::parse(text, "cluster.toml").expect("valid");
    let node = cluster.local_node(Some("a"), &[]).expect("configured");
    let said = lines(&cluster, node).into_iter();
    let mut said: Vec<String> = said
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    said.extend(
        warnings(&cluster)
            .iter()
            .map(|warning| format!("! {warning}")),
    );
    expected.assert_eq(&said.join("\n"));
}

#[test]
fn of_two_nodes_it_is_said_who_goes_on() {
    check(
        TWO,
        expect![[r#"
        membership: a node that is silent on every network that counts is suspected: private, public
        promise: nobody accepts a view without a node within 6s of its last report
        quorum: 2 of 2 votes, or 1 with a
        stalled: a node whose host answers while its agent does not is suspected after 60s
        ! Two nodes with the same votes: when they lose each other, a goes on as the tie breaker and the other one does not, also when a failed. A third node with a vote mends that.
        ! No witness where two nodes are alone with each other (private, public): a fault between them is found, but not whose it is. An address in [membership] witness mends that."#]],
    );
}

#[test]
fn votes_witnesses_and_patience_are_shown() {
    let text = TWO.replace("id = 2\naddresses", "id = 2\nvotes = 2\naddresses")
        + "[membership]\ntie_breaker = \"b\"\nstalled_after = \"10s\"\nwitness = [\"10.77.1.254\", \"10.77.2.254\"]\n";
    check(
        &text,
        expect![[r#"
        membership: a node that is silent on every network that counts is suspected: private, public
        promise: nobody accepts a view without a node within 6s of its last report
        quorum: 2 of 3 votes
        stalled: a node whose host answers while its agent does not is suspected after 10s
        witness: 10.77.1.254, 10.77.2.254"#]],
    );
}

#[test]
fn votes_that_cannot_split_in_half_need_no_tie_breaker() {
    let quorum = |votes: u32| {
        let votes = format!("id = 2\nvotes = {votes}\naddresses");
        let cluster =
            Cluster::parse(&TWO.replace("id = 2\naddresses", &votes), "f").expect("valid");
        lines(&cluster, &cluster.nodes[0])[2].1.clone()
    };
    assert_eq!(
        [0, 1, 2, 3].map(quorum),
        [
            "1 of 1 votes",
            "2 of 2 votes, or 1 with a",
            "2 of 3 votes",
            "3 of 4 votes"
        ]
    );
}

#[test]
fn a_single_network_and_nodes_that_never_meet_are_warned_of() {
    let single = TWO.replace("role = \"mixed\"", "role = \"client\"");
    let more = "[nodes.c]\nid = 3\naddresses = { private = \"10.77.1.3\" }\n[nodes.d]\nid = 4\naddresses = { public = \"10.77.2.4\" }\n";
    check(
        &(single + more),
        expect![[r#"
            membership: a node that is silent on every network that counts is suspected: private
            promise: nobody accepts a view without a node within 6s of its last report
            quorum: 3 of 4 votes, or 2 with a
            stalled: a node whose host answers while its agent does not is suspected after 60s
            ! private is the only network that counts: when it fails, every node is on its own. A second one that fails apart from it mends that.
            ! The votes can split in half: then the side with a, the tie breaker, goes on. An odd number of votes mends that.
            ! Nodes that share no network that counts are never members together: a and d, b and d, c and d."#]],
    );
    check(
        &(TWO.to_owned() + more),
        expect![[r#"
        membership: a node that is silent on every network that counts is suspected: private, public
        promise: nobody accepts a view without a node within 6s of its last report
        quorum: 3 of 4 votes, or 2 with a
        stalled: a node whose host answers while its agent does not is suspected after 60s
        ! The votes can split in half: then the side with a, the tie breaker, goes on. An odd number of votes mends that.
        ! Nodes that share no network that counts are never members together: c and d."#]],
    );
}

#[test]
fn without_a_key_or_a_network_that_counts_there_is_no_membership() {
    check(
        &TWO.replace("name = \"two\"", "name = \"two\"\nauthentication = \"off\""),
        expect!["membership: none: without a key nobody could be believed"],
    );
    let client = TWO.replace("role = \"mixed\"", "role = \"client\"");
    check(
        &client.replace("role = \"internal\"", "role = \"client\""),
        expect!["membership: none: no network of this node counts, all are client ones"],
    );
}
