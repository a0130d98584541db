use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;
use crate::key::file;

/// A ring of keys whose bytes follow from their ids; the first signs.
fn ring(ids: &[u8]) -> KeyRing {
    let lines = ids
        .iter()
        .map(|id| format!("{id}:{}\n", format!("{id:02x}").repeat(16)));
    file::parse(&lines.collect::<String>(), "cluster.key").expect("valid")
}

fn ids(entries: &[Keys; 2]) -> [u8; 2] {
    [entries[0].id, entries[1].id]
}

/// Where keys go, given what is there.
type Place = fn(&KeyRing, [u8; 2]) -> [Keys; 2];

/// What a reload does on one node, in this order.
#[derive(Clone, Copy)]
enum Step {
    WriteFirst,
    WriteSecond,
    Sign,
}

const STEPS: [Step; 3] = [Step::WriteFirst, Step::WriteSecond, Step::Sign];

/// A node as the others hear it.
#[derive(Clone, Copy)]
struct Node {
    entries: [Keys; 2],
    planned: [Keys; 2],
    signing: Keys,
    done: usize,
}

impl Node {
    fn started(ring: &KeyRing) -> Self {
        let entries = ring.placed([0, 0]);
        Node {
            entries,
            planned: entries,
            signing: ring.signing.map(),
            done: 0,
        }
    }

    /// Does the next step of a reload; none: it is over.
    fn step(mut self, ring: &KeyRing, place: Place) -> Option<Self> {
        match STEPS.get(self.done)? {
            Step::WriteFirst => {
                self.planned = place(ring, ids(&self.entries));
                self.entries[0] = self.planned[0];
            }
            Step::WriteSecond => self.entries[1] = self.planned[1],
            Step::Sign => self.signing = ring.signing.map(),
        }
        self.done += 1;
        Some(self)
    }
}

/// What a roll-out has shown.
#[derive(Default, Debug, PartialEq, Eq)]
struct Seen {
    /// Ways to the end.
    orders: usize,
    /// Moments in which a node signed with a key that some node did not have.
    unheard: usize,
}

/// Reloads three nodes in every order of their steps.
fn roll_out(nodes: [Node; 3], ring: &KeyRing, place: Place, seen: &mut Seen) {
    let hears = |node: &Node, sender: &Node| node.entries.contains(&sender.signing);
    let heard = |sender: &Node| nodes.iter().all(|node| hears(node, sender));
    seen.unheard += nodes.iter().filter(|sender| !heard(sender)).count();
    let steps = nodes
        .iter()
        .enumerate()
        .filter_map(|(index, node)| Some((index, node.step(ring, place)?)));
    let steps: Vec<(usize, Node)> = steps.collect();
    seen.orders += usize::from(steps.is_empty());
    for (index, node) in steps {
        let mut next = nodes;
        next[index] = node;
        roll_out(next, ring, place, seen);
    }
}

/// The same nodes once a roll-out is over.
fn reloaded(node: Node, ring: &KeyRing, place: Place) -> Node {
    let over = (0..STEPS.len()).fold(node, |node, _| {
        node.step(ring, place).expect("a step is left")
    });
    Node { done: 0, ..over }
}

fn play(rings: &[&[u8]], place: Place) -> Seen {
    let mut seen = Seen::default();
    let mut node = Node::started(&ring(rings[0]));
    for ids in &rings[1..] {
        roll_out([node; 3], &ring(ids), place, &mut seen);
        node = reloaded(node, &ring(ids), place);
    }
    seen
}

/// Nine steps of three nodes have 9! / (3!)^3 orders.
const ORDERS: usize = 1680;

#[test]
fn three_roll_outs_replace_a_key_and_no_heartbeat_goes_unheard() {
    let seen = play(&[&[1], &[1, 2], &[2, 1], &[2]], KeyRing::placed);
    let all_heard = Seen {
        orders: 3 * ORDERS,
        unheard: 0,
    };
    assert_eq!(seen, all_heard);
}

#[test]
fn one_replacement_after_the_other_goes_unnoticed_too() {
    let rings: [&[u8]; 10] = [
        &[1],
        &[1, 2],
        &[2, 1],
        &[2],
        &[2, 3],
        &[3, 2],
        &[3],
        &[3, 4],
        &[4, 3],
        &[4],
    ];
    assert_eq!(play(&rings, KeyRing::placed).unheard, 0);
}

#[test]
fn a_replacement_may_be_taken_back_at_any_time() {
    let rings: [&[u8]; 7] = [&[1], &[1, 2], &[1], &[1, 3], &[3, 1], &[1, 3], &[1]];
    assert_eq!(play(&rings, KeyRing::placed).unheard, 0);
}

/// What would be wrong is seen by the same eyes.
#[test]
fn shorter_ways_go_unheard() {
    let in_order: Place = |ring, _| ring.placed([0, 0]);
    assert!(0 < play(&[&[1, 2], &[2, 1]], in_order).unheard);
    assert!(0 < play(&[&[1], &[2]], KeyRing::placed).unheard);
    assert!(0 < play(&[&[1], &[2, 1]], KeyRing::placed).unheard);
    assert!(0 < play(&[&[1, 2], &[2]], KeyRing::placed).unheard);
}

#[test]
fn a_key_stays_where_it_is() {
    let placed = |keys: &[u8], current| ids(&ring(keys).placed(current));
    assert_eq!(placed(&[1, 2], [0, 0]), [1, 2]);
    assert_eq!(placed(&[2, 1], [1, 2]), [1, 2]);
    assert_eq!(placed(&[2], [1, 2]), [0, 2]);
    assert_eq!(placed(&[2, 3], [0, 2]), [3, 2]);
    assert_eq!(placed(&[3, 1], [1, 2]), [1, 3]);
    assert_eq!(placed(&[3, 2], [1, 2]), [3, 2]);
    assert_eq!(placed(&[5, 6], [1, 2]), [5, 6]);
}

proptest! {
    #[test]
    fn no_write_takes_away_a_key_that_stays(
        old in prop::collection::hash_set(1u8..6, 1..=2),
        new in prop::collection::hash_set(1u8..6, 1..=2),
        turned in any::<bool>(),
    ) {
        let of = |ids: &std::collections::HashSet<u8>| ring(&ids.iter().copied().collect::<Vec<_>>());
        let mut before = of(&old).placed([0, 0]);
        if turned {
            before.reverse();
        }
        let after = of(&new).placed(ids(&before));
        let mut sorted: Vec<u8> = ids(&after).into_iter().filter(|id| *id != 0).collect();
        sorted.sort();
        let mut wanted: Vec<u8> = new.iter().copied().collect();
        wanted.sort();
        prop_assert_eq!(sorted, wanted);
        for between in [[after[0], before[1]], [before[0], after[1]]] {
            for keys in before.iter().filter(|keys| keys.id != 0 && after.contains(keys)) {
                prop_assert!(between.contains(keys), "{:?} between {:?} and {:?}", between, before, after);
            }
        }
    }
}

#[track_caller]
fn check(old: &[u8], new: &[u8], expected: Expect) {
    let changes = ring(old).compare(&ring(new)).expect("no key changed");
    let lines: Vec<String> = changes.iter().map(ToString::to_string).collect();
    expected.assert_eq(&lines.join("\n"));
}

#[test]
fn each_roll_out_says_what_it_does() {
    check(&[1], &[1], expect![[r#""#]]);
    check(&[1], &[1, 2], expect!["key 2 added"]);
    check(&[1, 2], &[2, 1], expect!["key 2 signs instead of key 1"]);
    check(&[2, 1], &[2], expect!["key 1 removed"]);
}

#[test]
fn a_roll_out_left_out_says_what_it_costs() {
    check(
        &[1],
        &[2, 1],
        expect![[r#"
        key 2 added
        key 2 signs instead of key 1
        key 2 signs without having been second before: nodes that have not got it drop this node's heartbeats"#]],
    );
    check(
        &[1, 2],
        &[2],
        expect![[r#"
        key 2 signs instead of key 1
        key 1 removed
        key 1 signed until now: the heartbeats of nodes that still sign with it are dropped"#]],
    );
    check(
        &[1],
        &[2],
        expect![[r#"
        key 2 added
        key 2 signs instead of key 1
        key 2 signs without having been second before: nodes that have not got it drop this node's heartbeats
        key 1 removed
        key 1 signed until now: the heartbeats of nodes that still sign with it are dropped"#]],
    );
    check(
        &[1, 2],
        &[3, 4],
        expect![[r#"
        key 3 added
        key 4 added
        key 3 signs instead of key 1
        key 3 signs without having been second before: nodes that have not got it drop this node's heartbeats
        key 1 removed
        key 2 removed
        key 1 signed until now: the heartbeats of nodes that still sign with it are dropped"#]],
    );
}

#[test]
fn another_key_under_an_old_id_is_refused() {
    let other = |text: &str| file::parse(text, "cluster.key").expect("valid");
    let (old, new) = (
        ring(&[1, 2]),
        other(&format!("2:{}\n1:{}\n", "ab".repeat(16), "cd".repeat(16))),
    );
    let refused = old.compare(&new).expect_err("other bytes");
    expect![[r#"
        key 1 is another one than before, and a frame tells keys apart by their ids alone: put the old one back, or give the new one another id than 1
        key 2 is another one than before, and a frame tells keys apart by their ids alone: put the old one back, or give the new one another id than 2"#]].assert_eq(&refused.to_string());
    // The same bytes under both ids are no change of either.
    assert!(old.compare(&ring(&[2, 1])).is_ok());
}
