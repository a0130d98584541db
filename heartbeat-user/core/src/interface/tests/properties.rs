//! Against definitions, pair by pair and without a thought of speed.

use proptest::prelude::*;

use super::naive::Naive;
use super::*;

fn report() -> impl Strategy<Value = Option<Row>> {
    let soundness = prop_oneof![
        9 => Just(Soundness::Sound),
        2 => Just(Soundness::Unknown),
        1 => Just(Soundness::Failed)
    ];
    let witness = prop_oneof![
        4 => Just(Witness::Unknown),
        1 => Just(Witness::Answers),
        1 => Just(Witness::Silent)
    ];
    let heard = prop_oneof![Just(0xff), any::<u8>(), Just(0)].prop_map(bits);
    let row = (heard, soundness, witness).prop_map(|(heard, soundness, witness)| Row {
        soundness,
        witness,
        ..reported(heard)
    });
    proptest::option::weighted(0.8, row)
}

fn bits(bits: u8) -> NodeSet {
    let nodes = (0..8).filter(|place| bits >> place & 1 == 1);
    nodes.map(NodeIndex).collect()
}

fn any_drawn() -> impl Strategy<Value = Drawn> {
    let rows = proptest::collection::vec(report(), 1..=6);
    let available = prop_oneof![3 => Just(0xff), 1 => any::<u8>()];
    (rows, available).prop_map(|(rows, available)| {
        let attached = NodeSet::first(rows.len());
        Drawn {
            available: bits(available).and(&attached),
            attached,
            rows,
        }
    })
}

/// The same with a word of everybody: who said nothing hears nobody.
fn complete() -> impl Strategy<Value = Drawn> {
    any_drawn().prop_map(|mut drawn| {
        for row in &mut drawn.rows {
            row.get_or_insert_with(|| reported(NodeSet::new()));
        }
        drawn
    })
}

/// The published definitions, for the case that every available node reports.
struct Published<'a>(&'a Drawn);

impl Published<'_> {
    fn nodes(&self) -> Vec<NodeIndex> {
        self.0.available.iter().collect()
    }

    fn row(&self, node: NodeIndex) -> &Row {
        let row = &self.0.rows[node.position()];
        row.as_ref().expect("everybody reports")
    }

    fn edge(&self, one: NodeIndex, two: NodeIndex) -> bool {
        one != two && self.row(one).heard.contains(two) && self.row(two).heard.contains(one)
    }

    fn isolated(&self, node: NodeIndex) -> bool {
        !self.nodes().iter().any(|other| self.edge(node, *other))
    }

    fn any_edge(&self) -> bool {
        !self.nodes().iter().all(|node| self.isolated(*node))
    }

    fn failed(&self, node: NodeIndex) -> bool {
        let row = self.row(node);
        let answers = |other: &NodeIndex| self.row(*other).witness == Witness::Answers;
        row.soundness == Soundness::Failed
            || self.isolated(node) && self.any_edge()
            || self.isolated(node)
                && row.witness == Witness::Silent
                && self.nodes().iter().any(answers)
    }

    fn interface(&self, node: NodeIndex) -> InterfaceState {
        let missed =
            |other: &NodeIndex| *other != node && !self.failed(*other) && !self.edge(node, *other);
        match (self.failed(node), self.nodes().iter().any(missed)) {
            (true, _) => InterfaceState::Failed,
            (false, true) => InterfaceState::Unreachable,
            (false, false) => InterfaceState::Up,
        }
    }

    fn network(&self) -> NetworkState {
        let nodes = self.nodes();
        let states = || nodes.iter().map(|node| self.interface(*node));
        if nodes.is_empty() {
            NetworkState::Unavailable
        } else if states().all(|state| state == InterfaceState::Failed)
            || 3 <= nodes.len() && !self.any_edge()
        {
            NetworkState::Down
        } else if states().any(|state| state == InterfaceState::Unreachable) {
            NetworkState::Partitioned
        } else {
            NetworkState::Up
        }
    }

    /// Whether a node says that it hears somebody, while nobody is connected with it and others are with each
    /// other: it may have stopped since, which the definitions know nothing of.
    fn claims(&self, node: NodeIndex) -> bool {
        let mut heard = self.row(node).heard.and(&self.0.available);
        heard.remove(node);
        self.isolated(node) && self.any_edge() && !heard.is_empty()
    }
}

/// The same cluster with its nodes in another order.
fn turned(drawn: &Drawn, by: usize) -> Drawn {
    let count = drawn.rows.len();
    let place = |node: NodeIndex| NodeIndex(((node.position() + by) % count) as u16);
    let turn = |set: &NodeSet| -> NodeSet { set.and(&drawn.attached).iter().map(place).collect() };
    let mut rows = drawn.rows.clone();
    rows.rotate_right(by % count);
    for row in rows.iter_mut().flatten() {
        row.heard = turn(&row.heard);
    }
    Drawn {
        attached: drawn.attached.clone(),
        available: turn(&drawn.available),
        rows,
    }
}

/// The same after a node has stopped: nobody hears it, and it says nothing.
fn stopped(drawn: &Drawn, gone: NodeIndex) -> Drawn {
    let mut stopped = drawn.clone();
    stopped.available.insert(gone);
    for row in stopped.rows.iter_mut().flatten() {
        row.heard.remove(gone);
    }
    stopped.rows[gone.position()] = None;
    stopped
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 4_000,
        max_global_rejects: 400_000,
        ..ProptestConfig::default()
    })]

    #[test]
    fn looked_at_slowly_it_is_the_same(drawn in any_drawn()) {
        let naive = Naive(&drawn);
        let states = drawn.judge();
        for (place, state) in states.interfaces.iter().enumerate() {
            prop_assert_eq!(*state, naive.interface(NodeIndex(place as u16)), "{}", place);
        }
        prop_assert_eq!(states.network, naive.network());
    }

    #[test]
    fn where_everybody_reports_the_published_definitions_hold(drawn in complete()) {
        let published = Published(&drawn);
        prop_assume!(!published.nodes().into_iter().any(|node| published.claims(node)));
        let states = drawn.judge();
        for node in published.nodes() {
            let state = states.interfaces[node.position()];
            prop_assert_eq!(state, Some(published.interface(node)), "{:?}", node);
        }
        prop_assert_eq!(states.network, Some(published.network()));
    }

    #[test]
    fn who_claims_to_hear_others_and_is_heard_by_none_is_never_failed_by_that(drawn in complete()) {
        let published = Published(&drawn);
        let states = drawn.judge();
        for node in published.nodes().into_iter().filter(|node| published.claims(*node)) {
            let row = published.row(node);
            let evidence = row.soundness == Soundness::Failed || row.witness == Witness::Silent;
            let failed = states.interfaces[node.position()] == Some(InterfaceState::Failed);
            prop_assert!(evidence || !failed, "{:?}", node);
        }
    }

    #[test]
    fn who_stops_is_unreachable_and_changes_nothing_for_those_who_still_reach_each_other(
        drawn in any_drawn(), place in 0usize..6,
    ) {
        let gone = NodeIndex((place % drawn.rows.len()) as u16);
        let mut without = stopped(&drawn, gone);
        without.available.remove(gone);
        let mut expected = without.judge();
        prop_assume!(expected.network == Some(NetworkState::Up));
        let pairs = without.with(|matrix| matrix.pairs());
        let reaches = |node: NodeIndex| {
            let up = expected.interfaces[node.position()] == Some(InterfaceState::Up);
            up && !pairs.isolated.contains(node)
        };
        prop_assume!(pairs.reporting.iter().any(reaches));
        expected.interfaces[gone.position()] = Some(InterfaceState::Unreachable);
        prop_assert_eq!(stopped(&drawn, gone).judge(), expected);
    }

    #[test]
    fn only_nodes_that_report_are_failed_and_only_unavailable_ones_unavailable(drawn in any_drawn()) {
        for (place, state) in drawn.judge().interfaces.into_iter().enumerate() {
            let present = drawn.available.contains(NodeIndex(place as u16));
            prop_assert_eq!(present, state != Some(InterfaceState::Unavailable));
            let reports = drawn.rows[place].is_some();
            prop_assert!(reports || state != Some(InterfaceState::Failed));
        }
    }

    #[test]
    fn where_a_network_is_up_all_that_report_and_are_up_are_connected(drawn in any_drawn()) {
        let states = drawn.judge();
        prop_assume!(states.network == Some(NetworkState::Up));
        let up = |node: &NodeIndex| {
            let state = states.interfaces[node.position()];
            state == Some(InterfaceState::Up) && drawn.rows[node.position()].is_some()
        };
        let up: Vec<NodeIndex> = drawn.available.iter().filter(up).collect();
        for (one, two) in up.iter().flat_map(|one| up.iter().map(move |two| (*one, *two))) {
            prop_assert!(one == two || Published(&drawn).edge(one, two));
        }
    }

    #[test]
    fn names_do_not_matter(drawn in any_drawn(), by in 0usize..6) {
        let mut expected = drawn.judge();
        expected.interfaces.rotate_right(by % drawn.rows.len());
        prop_assert_eq!(turned(&drawn, by).judge(), expected);
    }
}

#[test]
fn a_thousand_nodes_are_judged_in_a_moment() {
    let all = NodeSet::first(1024);
    let heard = NodeSet::first(1023);
    let rows = (0..1023).map(|_| Some(reported(heard.clone())));
    let drawn = Drawn {
        attached: all.clone(),
        available: all,
        rows: rows.collect(),
    };
    let begun = std::time::Instant::now();
    let states = drawn.judge();
    assert!(begun.elapsed() < std::time::Duration::from_millis(500));
    let expected: Vec<_> = (0..1024u16)
        .map(|place| match place {
            1023 => Some(InterfaceState::Unreachable),
            0.. => Some(InterfaceState::Up),
        })
        .collect();
    assert_eq!(states.interfaces, expected);
    assert_eq!(states.network, Some(NetworkState::Up));
}
