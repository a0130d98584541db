//! The rules of the module once more: pair by pair, in words, without a thought of speed.

use super::*;

/// One network, looked at slowly.
pub struct Naive<'a>(pub &'a Drawn);

impl Naive<'_> {
    fn row(&self, node: NodeIndex) -> Option<&Row> {
        self.0.rows[node.position()].as_ref()
    }

    fn nodes(&self) -> impl Iterator<Item = NodeIndex> {
        self.0.available.iter()
    }

    fn others(&self, node: NodeIndex) -> impl Iterator<Item = NodeIndex> {
        self.nodes().filter(move |other| *other != node)
    }

    /// Whether a pair is connected; `None`: neither says anything.
    fn edge(&self, one: NodeIndex, two: NodeIndex) -> Option<bool> {
        let there = self.row(one).map(|row| row.heard.contains(two));
        let back = self.row(two).map(|row| row.heard.contains(one));
        match (there, back) {
            (Some(there), Some(back)) => Some(there && back),
            (one, two) => one.or(two),
        }
    }

    fn isolated(&self, node: NodeIndex) -> bool {
        !self
            .others(node)
            .any(|other| self.edge(node, other) == Some(true))
    }

    fn works(&self) -> bool {
        !self.nodes().all(|node| self.isolated(node))
    }

    fn failed(&self, node: NodeIndex) -> bool {
        let Some(row) = self.row(node) else {
            return false;
        };
        let answers = |other| {
            self.row(other)
                .is_some_and(|row| row.witness == Witness::Answers)
        };
        let hears_one = self.others(node).any(|other| row.heard.contains(other));
        if row.soundness == Soundness::Failed {
            return true;
        }
        let tested = row.witness == Witness::Silent && self.nodes().any(answers);
        self.isolated(node) && (tested || self.works() && !hears_one)
    }

    fn counts_only_itself(&self, node: NodeIndex) -> bool {
        self.isolated(node) && !self.failed(node) && (self.row(node).is_none() || self.works())
    }

    pub fn interface(&self, node: NodeIndex) -> Option<InterfaceState> {
        if !self.nodes().any(|known| known == node) {
            return Some(InterfaceState::Unavailable);
        }
        if self.failed(node) {
            return Some(InterfaceState::Failed);
        }
        let misses =
            |other: &NodeIndex| self.edge(node, *other) == Some(false) && !self.failed(*other);
        let counts = |other: NodeIndex| !self.counts_only_itself(other);
        let missed = self.others(node).filter(misses).any(counts);
        if self.counts_only_itself(node) {
            return missed.then_some(InterfaceState::Unreachable);
        }
        let answered = self
            .row(node)
            .is_some_and(|row| row.witness == Witness::Answers);
        let lonely =
            self.isolated(node) && !answered && self.others(node).any(|other| misses(&other));
        Some(match missed || lonely {
            true => InterfaceState::Unreachable,
            false => InterfaceState::Up,
        })
    }

    pub fn network(&self) -> Option<NetworkState> {
        if self.nodes().next().is_none() {
            return Some(NetworkState::Unavailable);
        }
        let reporting = self
            .nodes()
            .filter(|node| self.row(*node).is_some())
            .count();
        if self.nodes().all(|node| self.failed(node)) || 3 <= reporting && !self.works() {
            return Some(NetworkState::Down);
        }
        let judged = || {
            self.nodes()
                .filter(|node| !self.failed(*node) && !self.counts_only_itself(*node))
        };
        let unreachable = |node| self.interface(node) == Some(InterfaceState::Unreachable);
        judged().next()?;
        Some(match judged().any(unreachable) {
            true => NetworkState::Partitioned,
            false => NetworkState::Up,
        })
    }
}
