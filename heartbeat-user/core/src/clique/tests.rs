extern crate std;

use proptest::prelude::*;

use super::*;

fn set(nodes: &[u16]) -> NodeSet {
    nodes.iter().map(|node| NodeIndex(*node)).collect()
}

/// Everybody reaches everybody, but for these pairs.
fn all_but(count: u16, pairs: &[(u16, u16)]) -> Vec<NodeSet> {
    let mut edges: Vec<NodeSet> = (0..count)
        .map(|node| NodeSet::first(count.into()).without(&set(&[node])))
        .collect();
    for (one, two) in pairs {
        edges[usize::from(*one)].remove(NodeIndex(*two));
        edges[usize::from(*two)].remove(NodeIndex(*one));
    }
    edges
}

/// A vote for everybody, and nothing else to choose by but a tie breaker.
fn question<'a>(votes: &'a [u32], cautious: &'a NodeSet, tie_breaker: u16) -> Weights<'a> {
    Weights {
        votes,
        cautious,
        tie_breaker: NodeIndex(tie_breaker),
    }
}

fn choose(edges: &[NodeSet], votes: &[u32], tie_breaker: u16) -> (NodeSet, Choice) {
    let everybody = NodeSet::first(edges.len());
    let nobody = NodeSet::new();
    largest(
        &everybody,
        edges,
        &question(votes, &nobody, tie_breaker),
        STEPS,
    )
}

/// Small numbers, the same ones every time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % end
    }
}

/// The pairs that are missing if each is with a chance of `per_mille`.
fn holes(count: u16, per_mille: u64, seed: u64) -> Vec<(u16, u16)> {
    let mut numbers = Numbers(seed);
    let pairs = (0..count).flat_map(|one| (0..one).map(move |two| (two, one)));
    pairs.filter(|_| numbers.below(1000) < per_mille).collect()
}

fn is_clique(nodes: &NodeSet, edges: &[NodeSet]) -> bool {
    nodes.iter().all(|node| {
        let others = nodes.without(&[node].into_iter().collect());
        others.is_subset(&edges[node.position()])
    })
}

fn is_maximal(nodes: &NodeSet, edges: &[NodeSet]) -> bool {
    let outside = NodeSet::first(edges.len()).without(nodes);
    outside
        .iter()
        .all(|node| !nodes.is_subset(&edges[node.position()]))
}

#[test]
fn nobody_is_left_out_without_a_reason() {
    assert_eq!(
        choose(&all_but(5, &[]), &[1; 5], 0),
        (NodeSet::first(5), Choice::Exact)
    );
    assert_eq!(choose(&[], &[], 0), (NodeSet::new(), Choice::Exact));
}

#[test]
fn of_a_broken_pair_the_one_with_more_votes_stays_then_the_tie_breaker_then_the_lower_one() {
    let edges = all_but(4, &[(1, 2)]);
    assert_eq!(choose(&edges, &[1, 1, 2, 1], 1).0, set(&[0, 2, 3]));
    assert_eq!(choose(&edges, &[1, 1, 1, 1], 2).0, set(&[0, 2, 3]));
    assert_eq!(choose(&edges, &[1, 1, 1, 1], 0).0, set(&[0, 1, 3]));
}

#[test]
fn a_node_whose_word_needs_a_second_voice_goes_before_the_tie_breaker_but_not_before_votes() {
    let edges = all_but(4, &[(0, 1)]);
    let everybody = NodeSet::first(4);
    let cautious = set(&[0]);
    let stays =
        |votes: &[u32]| largest(&everybody, &edges, &question(votes, &cautious, 0), STEPS).0;
    assert_eq!(stays(&[1, 1, 1, 1]), set(&[1, 2, 3]));
    assert_eq!(stays(&[2, 1, 1, 1]), set(&[0, 2, 3]));
    assert_eq!(stays(&[0, 0, 1, 1]), set(&[0, 2, 3]), "the tie breaker");
}

#[test]
fn a_cautious_node_without_votes_stays_if_nothing_speaks_against_it() {
    let everybody = NodeSet::first(3);
    let cautious = set(&[2]);
    let weights = question(&[1, 1, 0], &cautious, 0);
    let chosen = largest(&everybody, &all_but(3, &[]), &weights, STEPS);
    assert_eq!(chosen, (everybody, Choice::Exact));
}

#[test]
fn an_edge_that_only_one_end_has_does_not_count() {
    let mut edges = all_but(3, &[]);
    edges[2].remove(NodeIndex(1));
    assert_eq!(choose(&edges, &[1; 3], 0).0, set(&[0, 1]));
}

#[test]
fn a_node_that_nobody_hears_goes_and_takes_nobody_with_it() {
    let pairs: Vec<(u16, u16)> = (1..200).map(|other| (0, other)).collect();
    let (chosen, choice) = choose(&all_but(200, &pairs), &[1; 200], 0);
    assert_eq!(choice, Choice::Exact);
    assert_eq!(chosen, NodeSet::first(200).without(&set(&[0])));
}

#[test]
fn of_a_cluster_cut_in_two_the_side_with_more_votes_stays_at_any_size() {
    for count in [5u16, 64, 256, 1024] {
        for smaller in [count / 3, count / 2] {
            let across = |one| (smaller..count).map(move |two| (one, two));
            let cut: Vec<(u16, u16)> = (0..smaller).flat_map(across).collect();
            let votes = std::vec![1; count.into()];
            let (chosen, choice) = choose(&all_but(count, &cut), &votes, count - 1);
            assert_eq!(choice, Choice::Exact, "{count} nodes, {smaller} cut off");
            let larger = NodeSet::first(count.into()).without(&NodeSet::first(smaller.into()));
            assert_eq!(
                chosen, larger,
                "the side of the tie breaker, or the larger one"
            );
        }
    }
}

#[test]
fn a_large_cluster_with_a_few_broken_pairs_is_decided_exactly() {
    for seed in 0..20 {
        let pairs = holes(256, 3, seed);
        let edges = all_but(256, &pairs);
        let (chosen, choice) = choose(&edges, &[1; 256], 0);
        assert_eq!(choice, Choice::Exact, "seed {seed}, {} pairs", pairs.len());
        assert!(is_clique(&chosen, &edges) && is_maximal(&chosen, &edges));
    }
}

#[test]
fn the_worst_graph_ends_the_search_with_a_set_that_nobody_could_be_added_to() {
    let pairs = holes(256, 300, 7);
    let edges = all_but(256, &pairs);
    let (chosen, choice) = choose(&edges, &[1; 256], 0);
    assert_eq!(choice, Choice::Greedy);
    assert!(is_clique(&chosen, &edges) && is_maximal(&chosen, &edges));
    assert_eq!(
        choose(&edges, &[1; 256], 0),
        (chosen, choice),
        "and again the same"
    );
}

#[test]
fn a_search_without_a_single_step_still_answers() {
    let edges = all_but(6, &[(0, 1), (1, 2), (2, 3), (3, 4), (4, 0)]);
    let everybody = NodeSet::first(6);
    let nobody = NodeSet::new();
    let (chosen, choice) = largest(&everybody, &edges, &question(&[1; 6], &nobody, 9), 0);
    assert!(is_clique(&chosen, &edges) && is_maximal(&chosen, &edges));
    assert_eq!(choice, Choice::Greedy);
}

/// Every set, the best of them by the order as it is told, not by weights.
fn naive(candidates: &NodeSet, edges: &[NodeSet], weights: &Weights<'_>) -> NodeSet {
    let votes = |node: NodeIndex| weights.votes.get(node.position()).copied().unwrap_or(0);
    let key = |nodes: &NodeSet| {
        let doubted = nodes.and(weights.cautious);
        let voters = doubted.iter().filter(|node| votes(*node) != 0).count();
        let lower: Vec<NodeIndex> = nodes.iter().collect();
        (
            nodes.iter().map(votes).sum::<u32>(),
            core::cmp::Reverse(voters),
            nodes.contains(weights.tie_breaker),
            nodes.len(),
            core::cmp::Reverse(doubted.len() - voters),
            core::cmp::Reverse(lower),
        )
    };
    let sets = (0u32..1 << edges.len()).map(|bits| {
        let chosen = (0..edges.len() as u16).filter(|node| bits >> node & 1 == 1);
        chosen.map(NodeIndex).collect::<NodeSet>()
    });
    let fitting = sets.filter(|nodes| nodes.is_subset(candidates) && is_clique(nodes, edges));
    fitting.max_by_key(key).expect("the empty set is one")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn it_finds_what_trying_every_set_finds(
        votes in proptest::collection::vec(0u32..3, 1..=10),
        cautious in any::<u16>(),
        absent in any::<u16>(),
        tie_breaker in 0u16..10,
        per_mille in 0u64..1000,
        seed in any::<u64>(),
        steps in prop_oneof![1 => Just(STEPS), 1 => 0u32..60],
    ) {
        let count = votes.len() as u16;
        let edges = all_but(count, &holes(count, per_mille, seed));
        let of = |bits: u16| (0..count).filter(|node| bits >> node & 1 == 1).map(NodeIndex).collect::<NodeSet>();
        let candidates = NodeSet::first(count.into()).without(&of(absent & seed as u16));
        let cautious = of(cautious);
        let weights = question(&votes, &cautious, tie_breaker);
        let (chosen, choice) = largest(&candidates, &edges, &weights, steps);
        match choice {
            Choice::Exact => prop_assert_eq!(chosen, naive(&candidates, &edges, &weights)),
            Choice::Greedy => {
                prop_assert!(steps < STEPS);
                prop_assert!(chosen.is_subset(&candidates) && is_clique(&chosen, &edges));
                let outside = candidates.without(&chosen);
                prop_assert!(outside.iter().all(|node| !chosen.is_subset(&edges[node.position()])));
            }
        }
    }
}
