//! Votes change one node at a time.

use expect_test::expect;

use super::*;

const NODE_C: &str = "[nodes.node-c]\nid = 3\n";
const ADDRESSES_C: &str = "addresses = { private = \"10.77.1.3\", public = \"10.77.2.3\" }\n";

/// A node of these votes at the end of the nodes.
fn newcomer(name: &str, id: u16, votes: u32) -> String {
    format!(
        "[nodes.{name}]\nid = {id}\nvotes = {votes}\naddresses = {{ private = \"10.77.1.1{id:02}\", public = \
         \"10.77.2.1{id:02}\" }}\n[membership]"
    )
}

#[test]
fn the_votes_of_one_node_change_or_the_tie_breaker() {
    check(
        &[("id = 2\naddresses", "id = 2\nvotes = 3\naddresses")],
        expect![[r#"
            node 'node-b': votes 1 -> 3
        "#]],
    );
    check(
        &[("# tie_breaker = \"lowest-id\"", "tie_breaker = \"node-b\"")],
        expect![[r#"
            membership: tie_breaker node-a -> node-b
        "#]],
    );
    let unnamed = newcomer("node-d", 4, 0) + "\n";
    let more = unnamed.replace("[membership]", &newcomer("node-e", 5, 1));
    check(
        &[("[membership]", &more)],
        expect![[r#"
        node 'node-d' (id 4) added
        node 'node-d': 10.77.1.104 on 'Private Network' added
        node 'node-d': 10.77.2.104 on 'Public Network' added
        node 'node-e' (id 5) added
        node 'node-e': 10.77.1.105 on 'Private Network' added
        node 'node-e': 10.77.2.105 on 'Public Network' added
    "#]],
    );
}

#[test]
fn votes_that_change_twice_are_refused() {
    let more = newcomer("node-d", 4, 1).replace("[membership]", &newcomer("node-e", 5, 2));
    check(
        &[("[membership]", &more)],
        expect![[r#"
            refused:
            the votes cannot change so much at once: node-d (id 4) comes with 1 vote, node-e (id 5) comes with 2 votes; change one of these, reload every node, and then change the next, or two sides of the cluster could both count a majority
        "#]],
    );
    check(
        &[
            (NODE_C, ""),
            (ADDRESSES_C, ""),
            ("id = 2\naddresses", "id = 2\nvotes = 2\naddresses"),
        ],
        expect![[r#"
            refused:
            the votes cannot change so much at once: node-b (id 2) has 2 votes instead of 1 vote, node-c (id 3) goes with 1 vote; change one of these, reload every node, and then change the next, or two sides of the cluster could both count a majority
        "#]],
    );
    check(
        &[("id = 3\n", "id = 30\n")],
        expect![[r#"
            refused:
            the votes cannot change so much at once: node-c (id 3) goes with 1 vote, node-c (id 30) comes with 1 vote; change one of these, reload every node, and then change the next, or two sides of the cluster could both count a majority
        "#]],
    );
    let off = [("# authentication = \"key\"", "authentication = \"off\"")];
    let [old, new] = [edited(&off), edited(&[off[0], ("id = 3\n", "id = 30\n")])];
    let old = parsed(&old);
    assert!(compare(&old, &parsed(&new), &old.nodes[0]).is_ok());
}

#[test]
fn a_tie_breaker_that_moves_by_itself_is_named_first() {
    check(
        &[("the node.\nid = 1\n", "the node.\nid = 1\nvotes = 0\n")],
        expect![[r#"
            refused:
            the votes cannot change so much at once: node-a (id 1) goes with 1 vote, the tie breaker is node-b instead of node-a (begin with tie_breaker = "node-b" alone); change one of these, reload every node, and then change the next, or two sides of the cluster could both count a majority
        "#]],
    );
    let old = edited(&[("the node.\nid = 1\n", "the node.\nid = 8\n")]);
    let new = old.replace("[membership]", &newcomer("node-d", 1, 1));
    let (old, new) = (parsed(&old), parsed(&new));
    let refused = compare(&old, &new, &old.nodes[0]).expect_err("two changes");
    expect![[r#"the votes cannot change so much at once: node-d (id 1) comes with 1 vote, the tie breaker is node-d instead of node-b (tie_breaker = "node-b" keeps it); change one of these, reload every node, and then change the next, or two sides of the cluster could both count a majority"#]].assert_eq(&refused.to_string());
}

#[test]
fn a_tie_breaker_with_another_name_is_the_same() {
    check(
        &[
            ("[nodes.node-b]", "[nodes.node-x]"),
            ("# tie_breaker = \"lowest-id\"", "tie_breaker = \"node-a\""),
        ],
        expect![[r#"
            node 2: name 'node-b' -> 'node-x'
        "#]],
    );
}
