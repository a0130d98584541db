//! The search itself, in the graph of what is missing.
//!
//! Few edges are missing in any cluster worth the name, so the question is turned around: which nodes to leave
//! out, so that no two of the rest lack each other? There most nodes lack nobody and stay without a question, and
//! the rest falls into parts that are decided one by one. The awkward case is a network cut in two, where
//! everybody lacks half of the cluster: a bound that pairs nodes that exclude each other ends it at once.

use alloc::vec::Vec;

use crate::nodes::{NodeIndex, NodeSet};

/// A search: what is asked, and how much of the budget is left.
pub struct Search {
    /// By node: those that can't be in a set with it. Symmetric.
    missing: Vec<NodeSet>,
    /// By node; none is zero.
    weights: Vec<u128>,
    steps: u32,
    exhausted: bool,
}

impl Search {
    pub fn new(missing: Vec<NodeSet>, weights: Vec<u128>, steps: u32) -> Self {
        Search {
            missing,
            weights,
            steps,
            exhausted: false,
        }
    }

    /// Whether the budget was too small.
    pub fn is_exhausted(&self) -> bool {
        self.exhausted
    }

    /// What a set is worth.
    pub fn weight(&self, nodes: &NodeSet) -> u128 {
        nodes.iter().map(|node| self.worth(node)).sum()
    }

    /// What is left of `within` after a node of it is chosen.
    pub fn chosen(&self, within: &NodeSet, node: NodeIndex) -> NodeSet {
        let mut left = within.without(self.lacks(node));
        left.remove(node);
        left
    }

    /// `nodes` and every candidate, lowest first, that can still be added.
    pub fn fill(&self, mut nodes: NodeSet, candidates: &NodeSet) -> NodeSet {
        for node in candidates.iter() {
            if self.lacks(node).and(&nodes).is_empty() {
                nodes.insert(node);
            }
        }
        nodes
    }

    /// The parts of `within` that have nothing to do with each other, by their lowest nodes.
    pub fn parts(&self, within: &NodeSet) -> Vec<NodeSet> {
        let mut left = within.clone();
        let mut parts = Vec::new();
        while let Some(first) = left.lowest() {
            let mut part = NodeSet::new();
            let mut edge: NodeSet = [first].into_iter().collect();
            while let Some(node) = edge.lowest() {
                edge.remove(node);
                left.remove(node);
                part.insert(node);
                edge = edge.or(&self.lacks(node).and(&left));
            }
            parts.push(part);
        }
        parts
    }

    /// No set within `within` is worth more: nodes that all exclude each other count as the best of them.
    pub fn bound(&self, within: &NodeSet) -> u128 {
        let mut left = within.clone();
        let mut bound = 0;
        while let Some(first) = left.lowest() {
            left.remove(first);
            let mut best = self.worth(first);
            let mut others = self.lacks(first).and(&left);
            while let Some(node) = others.lowest() {
                left.remove(node);
                best = best.max(self.worth(node));
                others = others.and(self.lacks(node));
            }
            bound += best;
        }
        bound
    }

    /// The best set within `within`, or a good one if the budget is used up.
    pub fn best(&mut self, mut within: NodeSet) -> NodeSet {
        let mut sure = NodeSet::new();
        let mut best = (0, NodeSet::new());
        loop {
            self.reduce(&mut within, &mut sure);
            let parts = self.parts(&within);
            if parts.len() != 1 {
                let found = parts.into_iter().map(|part| self.best(part));
                let all = found.fold(sure, |all, found| all.or(&found));
                return self.better(best, all).1;
            }
            best = self.better(best, sure.or(&self.greedy(&within)));
            let beaten = self.weight(&sure) + self.bound(&within) <= best.0;
            if beaten || !self.pay(within.len()) {
                return best.1;
            }
            let node = self.pivot(&within);
            let rest = self.chosen(&within, node);
            let mut with = sure.or(&self.best(rest));
            with.insert(node);
            best = self.better(best, with);
            within.remove(node);
        }
    }

    /// Settles what needs no trial: a node stays if all that it excludes are together worth no more, or exclude
    /// each other and none is worth more.
    fn reduce(&mut self, within: &mut NodeSet, sure: &mut NodeSet) {
        let mut open = within.clone();
        while let Some(node) = open.lowest() {
            open.remove(node);
            let others = self.lacks(node).and(within);
            if !self.stays(node, &others) {
                continue;
            }
            sure.insert(node);
            within.remove(node);
            let touched = others.iter().map(|other| self.lacks(other));
            let touched = touched.fold(NodeSet::new(), |all, more| all.or(more));
            *within = within.without(&others);
            open = open.or(&touched).and(within);
        }
    }

    fn stays(&self, node: NodeIndex, others: &NodeSet) -> bool {
        let worth = self.worth(node);
        let mut together = 0;
        let outweighed = others.iter().any(|other| {
            together += self.worth(other);
            worth < together
        });
        let alike = || {
            others.iter().all(|other| {
                let mut rest = others.clone();
                rest.remove(other);
                self.worth(other) <= worth && rest.is_subset(self.lacks(other))
            })
        };
        !outweighed || alike()
    }

    /// Takes one node after the other, the one first that costs least.
    fn greedy(&self, within: &NodeSet) -> NodeSet {
        let mut left = within.clone();
        let mut taken = NodeSet::new();
        let mut lost = alloc::vec![0; self.missing.len()];
        for node in within.iter() {
            lost[node.position()] = self.weight(&self.lacks(node).and(within));
        }
        let cost = |node: &NodeIndex, lost: &[u128]| {
            lost[node.position()].saturating_sub(self.worth(*node))
        };
        while let Some(node) = left.iter().min_by_key(|node| cost(node, &lost)) {
            taken.insert(node);
            let next = self.chosen(&left, node);
            for gone in left.without(&next).iter() {
                for other in self.lacks(gone).and(&next).iter() {
                    lost[other.position()] -= self.worth(gone);
                }
            }
            left = next;
        }
        taken
    }

    /// The node to decide next: the one that excludes most; of several the lowest.
    fn pivot(&self, within: &NodeSet) -> NodeIndex {
        let degree = |node: &NodeIndex| self.lacks(*node).and(within).len();
        let mut most = within.lowest().expect("a part has a node");
        for node in within.iter() {
            if degree(&most) < degree(&node) {
                most = node;
            }
        }
        most
    }

    fn better(&self, best: (u128, NodeSet), other: NodeSet) -> (u128, NodeSet) {
        let weight = self.weight(&other);
        if best.0 < weight {
            (weight, other)
        } else {
            best
        }
    }

    fn pay(&mut self, looks: usize) -> bool {
        match self.steps.checked_sub(looks as u32) {
            Some(left) => self.steps = left,
            None => self.exhausted = true,
        }
        !self.exhausted
    }

    fn lacks(&self, node: NodeIndex) -> &NodeSet {
        &self.missing[node.position()]
    }

    fn worth(&self, node: NodeIndex) -> u128 {
        self.weights[node.position()]
    }
}
