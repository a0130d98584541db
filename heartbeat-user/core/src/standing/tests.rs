extern crate std;
use std::format;
use std::string::String;
use std::vec;

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;

const SETTLE: Duration = Duration::from_millis(10);
const NETWORK: NetworkIndex = NetworkIndex(0);
const A: NodeIndex = NodeIndex(0);
const B: NodeIndex = NodeIndex(1);

fn at(ms: u64) -> Timestamp {
    Timestamp::from_ns(ms * 1_000_000).expect("not zero")
}

/// States by letters: interfaces, then the network. `n`ot available, `f`ailed, `u`nreachable, up `+`,
/// `d`own, `p`artitioned; `?` as before.
fn states(text: &str) -> States {
    let (interfaces, network) = text.split_once(' ').expect("a network too");
    let interface = |letter| match letter {
        'n' => Some(InterfaceState::Unavailable),
        'f' => Some(InterfaceState::Failed),
        'u' => Some(InterfaceState::Unreachable),
        '+' => Some(InterfaceState::Up),
        _ => None,
    };
    let whole = match network {
        "n" => Some(NetworkState::Unavailable),
        "d" => Some(NetworkState::Down),
        "p" => Some(NetworkState::Partitioned),
        "+" => Some(NetworkState::Up),
        _ => None,
    };
    States {
        interfaces: interfaces.chars().map(interface).collect(),
        network: whole,
    }
}

fn line(event: &Event) -> String {
    let (whom, judged) = match event {
        Event::Interface { node, judged, .. } => (b"abc"[node.position()].into(), *judged),
        Event::Network { judged, .. } => ('*', *judged),
        other => panic!("not told of here: {other:?}"),
    };
    format!("{} {} {whom}\n", judged.ns() / 1_000_000, event.kind().id())
}

/// A standing that is judged as a node does it: when something changed, and when something is due.
#[derive(Default)]
struct Story {
    standing: Standing,
    events: Vec<Event>,
}

impl Story {
    fn new() -> Self {
        Story {
            standing: Standing::new(1),
            events: Vec::new(),
        }
    }

    /// The network is judged to stand so from `from` to just before `until`.
    fn stands(&mut self, from: u64, until: u64, text: &str) -> &mut Self {
        let states = states(text);
        self.judge(at(from), &states);
        while let Some(due) = self.standing.deadline().filter(|due| *due < at(until)) {
            self.judge(due, &states);
            assert_ne!(self.standing.deadline(), Some(due), "what was due is told");
        }
        self
    }

    fn judge(&mut self, now: Timestamp, states: &States) {
        let events = &mut self.events;
        self.standing.judge(now, NETWORK, states, SETTLE, events);
    }

    fn remove(&mut self, ms: u64, node: NodeIndex) -> &mut Self {
        let events = &mut self.events;
        self.standing.remove(at(ms), NETWORK, node, events);
        self
    }

    fn tells(&self, expected: Expect) {
        expected.assert_eq(&self.events.iter().map(line).collect::<String>());
    }
}

#[test]
fn a_cable_out_and_in_again_is_one_failure_and_one_recovery() {
    let mut story = Story::new();
    story
        .stands(1, 100, "+++ +")
        .stands(100, 103, "u+u p")
        .stands(103, 200, "f++ +")
        .stands(200, 300, "+++ +")
        .tells(expect![[r#"
            113 1127 a
            210 1125 a
        "#]]);
    assert_eq!(story.standing.deadline(), None);
}

#[test]
fn a_pair_that_is_cut_and_mended_is_told_of_both_ends_and_the_network() {
    let mut story = Story::new();
    story.stands(1, 100, "+++ +").stands(100, 200, "+uu p");
    assert_eq!(
        story.standing.interface(NETWORK, B),
        InterfaceState::Unreachable
    );
    assert_eq!(story.standing.network(NETWORK), NetworkState::Partitioned);
    story.stands(200, 300, "+++ +").tells(expect![[r#"
        110 1126 b
        110 1126 c
        110 1129 *
        210 1125 b
        210 1125 c
        210 1128 *
    "#]]);
    assert_eq!(story.standing.interface(NETWORK, B), InterfaceState::Up);
    assert_eq!(story.standing.network(NETWORK), NetworkState::Up);
}

#[test]
fn an_agent_that_starts_tells_only_what_is_not_up() {
    let mut well = Story::new();
    well.stands(1, 100, "+++ +").tells(expect![[""]]);
    assert_eq!(
        well.standing.network(NETWORK),
        NetworkState::Up,
        "but it knows"
    );
    Story::new().stands(1, 100, "f++ +").tells(expect![[r#"
        11 1127 a
    "#]]);
    Story::new().stands(1, 100, "uun d").tells(expect![[r#"
        11 1126 a
        11 1126 b
        11 1130 *
    "#]]);
}

#[test]
fn who_comes_back_is_told_though_his_going_was_not() {
    let mut story = Story::new();
    story.stands(1, 100, "++n +").stands(100, 200, "+++ +");
    story.stands(200, 300, "++n +").stands(300, 400, "+++ +");
    story.tells(expect![[r#"
        110 1125 c
        310 1125 c
    "#]]);
}

#[test]
fn a_network_that_nobody_was_on_comes_up() {
    let mut story = Story::new();
    story
        .stands(1, 100, "nn n")
        .stands(100, 200, "++ +")
        .tells(expect![[r#"
            110 1125 a
            110 1125 b
            110 1128 *
        "#]]);
}

#[test]
fn flapping_within_the_time_to_settle_tells_nothing() {
    let mut story = Story::new();
    story.stands(1, 100, "+++ +");
    for ms in (100..400).step_by(12) {
        story
            .stands(ms, ms + 9, "uuu p")
            .stands(ms + 9, ms + 12, "+++ +");
    }
    story.tells(expect![[""]]);
    assert_eq!(story.standing.interface(NETWORK, A), InterfaceState::Up);
    assert_eq!(story.standing.deadline(), None);
}

#[test]
fn a_removed_node_is_unreachable_before_unless_that_was_told() {
    let mut story = Story::new();
    story.stands(1, 100, "+++ +").stands(100, 105, "+u+ +");
    story.remove(105, B).stands(105, 200, "+n+ +");
    story.stands(200, 300, "+++ +").tells(expect![[r#"
        105 1126 b
        210 1125 b
    "#]]);
    for told in ["+u+ +", "+f+ +"] {
        let mut story = Story::new();
        story.stands(1, 100, "+++ +").stands(100, 150, told);
        let before = story.events.clone();
        story.remove(150, B).stands(150, 200, "+n+ +");
        assert_eq!(story.events, before);
        assert_eq!(
            story.standing.interface(NETWORK, B),
            InterfaceState::Unavailable
        );
    }
}

#[test]
fn a_node_that_was_never_judged_can_be_removed() {
    let mut story = Story::new();
    story.remove(1, B).remove(2, B).tells(expect![[r#"
        1 1126 b
    "#]]);
}

#[test]
fn networks_and_nodes_keep_their_states_at_other_places() {
    let mut standing = Standing::new(2);
    let mut events = Vec::new();
    let judge = |standing: &mut Standing, ms, network, text, events: &mut Vec<Event>| {
        let network = NetworkIndex(network);
        standing.judge(at(ms), network, &states(text), SETTLE, events);
    };
    for ms in [1, 11] {
        judge(&mut standing, ms, 0, "++ +", &mut events);
        judge(&mut standing, ms, 1, "+f +", &mut events);
    }
    judge(&mut standing, 20, 1, "+u p", &mut events);
    assert_eq!(events.len(), 1, "1127 of b on the second");
    let networks = [None, Some(NetworkIndex(1))];
    let nodes = [None, Some(B), Some(A)];
    let mut moved = standing.moved(&networks, &nodes);
    let one = NetworkIndex(1);
    let held: Vec<_> = (0..3)
        .map(|node| moved.interface(one, NodeIndex(node)))
        .collect();
    let expected = [
        InterfaceState::Unavailable,
        InterfaceState::Failed,
        InterfaceState::Up,
    ];
    assert_eq!(held, expected);
    assert_eq!(moved.network(NetworkIndex(0)), NetworkState::Unavailable);
    assert_eq!(
        (moved.due(NetworkIndex(0)), moved.due(one)),
        (None, Some(at(30)))
    );
    assert_eq!(moved.deadline(), Some(at(30)));
    judge(&mut moved, 30, 1, "+u+ p", &mut events);
    assert_eq!(
        events.iter().skip(1).map(line).collect::<String>(),
        "30 1126 b\n30 1129 *\n"
    );
}

#[test]
fn what_is_not_there_stands_nowhere_and_tells_nothing() {
    let mut standing = Standing::new(1);
    let mut events = vec![];
    let nowhere = NetworkIndex(7);
    standing.judge(at(1), nowhere, &states("ff d"), Duration::ZERO, &mut events);
    standing.remove(at(2), nowhere, A, &mut events);
    assert_eq!(events, []);
    assert_eq!(standing, Standing::new(1));
    assert_eq!(standing.interface(nowhere, A), InterfaceState::Unavailable);
    assert_eq!(standing.network(nowhere), NetworkState::Unavailable);
    assert_eq!(standing.due(nowhere), None);
}

fn told_of(event: &Event, place: usize) -> Option<Reach> {
    let Event::Interface { node, state, .. } = event else {
        return None;
    };
    (node.position() == place).then_some(*state)
}

proptest! {
    #[test]
    fn what_was_told_last_is_what_stands(
        steps in proptest::collection::vec((1u64..25, "[nfu+?]{3} [ndp+?]"), 1..40),
    ) {
        let mut story = Story::new();
        let mut now = 1;
        for (lasting, text) in steps {
            story.stands(now, now + lasting, &text);
            now += lasting;
        }
        for place in 0..3 {
            let told: Vec<Reach> = story.events.iter().filter_map(|event| told_of(event, place)).collect();
            let stands = story.standing.interface(NETWORK, NodeIndex(place as u16));
            let expected = match stands {
                InterfaceState::Unavailable => told.last().copied(),
                InterfaceState::Failed => Some(Reach::Failed),
                InterfaceState::Unreachable => Some(Reach::Unreachable),
                InterfaceState::Up if told.is_empty() => None,
                InterfaceState::Up => Some(Reach::Up),
            };
            prop_assert_eq!(told.last().copied(), expected);
        }
        let due = story.standing.deadline();
        prop_assert!(due.is_none_or(|due| at(now) <= due));
    }
}
