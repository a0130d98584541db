//! Leases: why at most one quorate view exists at any instant.
//!
//! Majorities alone make sure that two views never get the same number, but not that the old one has ended
//! when the new one begins: a node that is cut off still believes in the view it had. So believing has a term.
//! A node that hears a report promises its sender not to accept any view without it for some time, and says so
//! by sending the report's stamp back. Whoever acts by a view counts the promises that are still good, from
//! the moment at which it *sent* what was answered, which is earlier than any moment at which the other began to
//! count; and whoever would accept a view without somebody waits until its own promise to it is over.
//!
//! The awkward case is a node that froze and woke up: nothing told it anything meanwhile, yet its leases are
//! over, because they end by the clock and not by a message.

use alloc::vec::Vec;
use core::time::Duration;

use heartbeat_ebpf::time::Timestamp;

use crate::membership::offset::Offset;
use crate::nodes::{NodeIndex, NodeSet};

/// Promises given and held, by node.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Leases {
    given: Vec<Timestamp>,
    held: Vec<Option<Timestamp>>,
    answers: Vec<u64>,
}

impl Leases {
    /// A run that knows nothing of the promises that an earlier one gave: all count as given at `begun`.
    pub fn new(nodes: usize, begun: Timestamp, promise: Duration) -> Self {
        Leases {
            given: alloc::vec![begun.after(promise); nodes],
            held: alloc::vec![None; nodes],
            answers: alloc::vec![0; nodes],
        }
    }

    /// Promises a node whose report with this stamp came at `now`.
    pub fn give(&mut self, node: NodeIndex, now: Timestamp, stamp: u64, promise: Duration) {
        let given = &mut self.given[node.position()];
        *given = now.after(promise).max(*given);
        self.answers[node.position()] = stamp;
    }

    /// What was promised to a node binds no more: it has given way itself, or its run is over.
    pub fn release(&mut self, node: NodeIndex, now: Timestamp) {
        let given = &mut self.given[node.position()];
        *given = now.min(*given);
        self.answers[node.position()] = 0;
    }

    /// Says no more that a node was promised something; what was said before still binds.
    pub fn withhold(&mut self, node: NodeIndex) {
        self.answers[node.position()] = 0;
    }

    /// Until when no view without this node may be accepted.
    pub fn bound_until(&self, node: NodeIndex) -> Timestamp {
        self.given[node.position()]
    }

    /// What to send back: the stamps of what was answered with a promise, by node.
    pub fn answers(&self) -> &[u64] {
        &self.answers
    }

    /// A node's promise, of `promise`, to what was sent at `sent`; given up `margin` early.
    pub fn hold(&mut self, node: NodeIndex, sent: Timestamp, promise: Duration, margin: Duration) {
        let until = sent.after(promise.saturating_sub(margin));
        let held = &mut self.held[node.position()];
        *held = held.map_or(until, |held| held.max(until)).into();
    }

    /// Counts on no promise any more.
    pub fn drop_all(&mut self) {
        self.held.fill(None);
    }

    /// Counts on none of this node's.
    pub fn drop_of(&mut self, node: NodeIndex) {
        self.held[node.position()] = None;
    }

    /// Nodes whose promises are good at `now`.
    pub fn good(&self, now: Timestamp) -> NodeSet {
        let held = self.held.iter().enumerate();
        held.filter(|(_, until)| until.is_some_and(|until| now < until))
            .map(|(node, _)| NodeIndex(node as u16))
            .collect()
    }

    /// When the first promise that is good at `now` ends.
    pub fn next_end(&self, now: Timestamp) -> Option<Timestamp> {
        let held = self.held.iter().flatten().copied();
        held.filter(|until| now < *until).min()
    }

    /// Moves all moments.
    pub fn offset(&mut self, by: &Offset) {
        by.all(&mut self.given);
        by.all(self.held.iter_mut().flatten());
        for answer in &mut self.answers {
            *answer = by.stamp(*answer);
        }
    }

    /// The same leases where nodes have other places: `from` tells each place's old one.
    pub fn moved(&self, from: &[Option<NodeIndex>], begun: Timestamp) -> Self {
        let old = |place: &Option<NodeIndex>| place.map(NodeIndex::position);
        Leases {
            given: from
                .iter()
                .map(|place| old(place).map_or(begun, |at| self.given[at]))
                .collect(),
            held: from
                .iter()
                .map(|place| old(place).and_then(|at| self.held[at]))
                .collect(),
            answers: from
                .iter()
                .map(|place| old(place).map_or(0, |at| self.answers[at]))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROMISE: Duration = Duration::from_secs(6);
    const MARGIN: Duration = Duration::from_millis(150);
    const X: NodeIndex = NodeIndex(1);

    fn at(ms: u64) -> Timestamp {
        Timestamp::from_ns(ms * 1_000_000).expect("not zero")
    }

    #[test]
    fn what_is_held_ends_before_what_was_given_however_late_the_answer() {
        let mut theirs = Leases::new(2, at(1), Duration::ZERO);
        let mut ours = Leases::new(2, at(1), Duration::ZERO);
        theirs.give(NodeIndex(0), at(1_400), at(1_000).ns(), PROMISE);
        ours.hold(X, at(1_000), PROMISE, MARGIN);
        assert!(ours.good(at(6_849)).contains(X));
        assert!(ours.good(at(6_850)).is_empty());
        assert_eq!(theirs.bound_until(NodeIndex(0)), at(7_400));
    }

    #[test]
    fn a_shorter_promise_does_not_take_back_a_longer_one() {
        let mut leases = Leases::new(2, at(1), Duration::ZERO);
        leases.give(X, at(1_000), 7, PROMISE);
        leases.give(X, at(2_000), 8, Duration::from_secs(1));
        assert_eq!(leases.bound_until(X), at(7_000));
        assert_eq!(leases.answers(), [0, 8]);
        leases.release(X, at(3_000));
        assert_eq!(leases.bound_until(X), at(3_000));
    }

    #[test]
    fn a_new_run_is_bound_as_if_the_one_before_had_just_promised() {
        let leases = Leases::new(2, at(1_000), PROMISE);
        assert_eq!(leases.bound_until(X), at(7_000));
        assert!(leases.good(at(1_001)).is_empty());
    }
}
