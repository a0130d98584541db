//! Who stays: the largest set of nodes in which every node reaches every other.
//!
//! Members of a view rely on each other, so that a pair that lost each other can't both be members, however well
//! both are heard by the rest. The awkward case is that the largest such set is not unique, and costs, in the
//! worst of graphs, more time than any cluster has. Every node computes it by itself from nearly the same
//! reports, and disagreement costs a round: so there is one order of all sets, ties included, and a limit on the
//! search, counted in steps and not in time, after which every node gives up at the same point.
//!
//! What is worth more, in this order: votes; voters whose word is good; the tie breaker; nodes; nodes without
//! votes whose word is good; lower nodes. All but the last are sums over nodes, hence one number, a *weight*. No
//! weight is zero, so that the best set is one that no node could be added to.

use alloc::vec::Vec;

use crate::nodes::{NodeIndex, NodeSet};
use crate::view::Choice;

mod search;

use search::Search;

/// Enough steps for whatever faults of a few nodes, pairs and networks leave behind at any size, and for 64 nodes
/// with pairs broken at random; where they are not enough, they take some tens of milliseconds.
pub const STEPS: u32 = 30_000;

/// What nodes are worth.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Weights<'a> {
    /// Votes by node; past the end: none.
    pub votes: &'a [u32],
    /// Nodes whose word about others needs a second voice: of two sets that have as many votes, the one with
    /// fewer of them stays.
    pub cautious: &'a NodeSet,
    /// Who goes on when the votes split exactly in half.
    pub tie_breaker: NodeIndex,
}

/// A node's share, such that no number of lesser shares makes up for a greater one: there are at most 2^16 nodes.
const NODE: u128 = 1 << 17;
const TIE_BREAKER: u128 = 1 << 34;
const GOOD_WORD: u128 = 1 << 35;
const VOTE: u128 = 1 << 52;

impl Weights<'_> {
    /// What a node adds to a set; never zero.
    fn of(&self, node: NodeIndex) -> u128 {
        let votes = self.votes.get(node.position()).copied().unwrap_or(0);
        let tie_breaker = if node == self.tie_breaker {
            TIE_BREAKER
        } else {
            0
        };
        let worth = u128::from(votes) * VOTE + NODE + tie_breaker;
        match (self.cautious.contains(node), votes) {
            (false, _) => worth,
            (true, 0) => worth - 1,
            (true, _) => worth - GOOD_WORD,
        }
    }
}

/// The best set of candidates in which every node has an edge to every other.
///
/// `edges` are by node; an edge counts if both ends have it. A step is a look at what one node lacks. When
/// `steps` are used up, the rest is chosen greedily: the set is then one that no node could be added to, the same
/// for the same question, and marked as [`Choice::Greedy`].
pub fn largest(
    candidates: &NodeSet,
    edges: &[NodeSet],
    weights: &Weights<'_>,
    steps: u32,
) -> (NodeSet, Choice) {
    let missing = missing(candidates, edges);
    let lacks_nobody = |node: &NodeIndex| missing[node.position()].is_empty();
    let mut chosen: NodeSet = candidates.iter().filter(lacks_nobody).collect();
    let questioned = candidates.without(&chosen);
    let weights = (0..missing.len()).map(|at| weights.of(NodeIndex(at as u16)));
    let mut search = Search::new(missing, weights.collect(), steps);
    for part in search.parts(&questioned) {
        chosen = chosen.or(&lowest(&mut search, &part));
    }
    if search.is_exhausted() {
        (search.fill(chosen, candidates), Choice::Greedy)
    } else {
        (chosen, Choice::Exact)
    }
}

/// By node, the candidates that it has no edge to, or that have none to it.
fn missing(candidates: &NodeSet, edges: &[NodeSet]) -> Vec<NodeSet> {
    let last = candidates.iter().last();
    let count = last.map_or(0, |last| last.position() + 1);
    let mut missing = alloc::vec![NodeSet::new(); count];
    for node in candidates.iter() {
        let has = edges.get(node.position());
        let lacks = has.map_or_else(|| candidates.clone(), |has| candidates.without(has));
        for other in lacks.iter().filter(|other| *other != node) {
            missing[node.position()].insert(other);
            missing[other.position()].insert(node);
        }
    }
    missing
}

/// The best set within one part of the nodes, and of those that weigh the same the one with the lowest nodes: a
/// node is taken if a best set is left with it. Once the budget is used up no set is known to be best, and what
/// was found last stands.
fn lowest(search: &mut Search, part: &NodeSet) -> NodeSet {
    let mut best = search.best(part.clone());
    let mut open = part.clone();
    while let Some(node) = open.lowest().filter(|_| !search.is_exhausted()) {
        let left = search.chosen(&open, node);
        if !best.contains(node) {
            let mut settled = best.without(&open);
            settled.insert(node);
            let needed = search.weight(&best) - search.weight(&settled);
            if needed <= search.bound(&left) {
                let other = settled.or(&search.best(left.clone()));
                if search.weight(&best) == search.weight(&other) {
                    best = other;
                }
            }
        }
        if best.contains(node) {
            open = left;
        } else {
            open.remove(node);
        }
    }
    best
}

#[cfg(test)]
mod tests;
