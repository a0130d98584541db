//! Leaving somebody out takes a cause that more than one node knows of.
//!
//! A proposal says who stays and not why the others go. The awkward case is a coordinator that was late: it has read
//! half of what lies before it, goes by a view that the others have long replaced, and proposes one without the
//! node that has joined since. All who are asked have the same reports, so each of them looks for the cause
//! itself, and consents to nothing that it can't explain: the coordinator proposes again and again, and until
//! then either the word of the cause has come or the coordinator knows better.

use heartbeat_ebpf::time::Timestamp;

use super::Membership;
use crate::nodes::{NodeIndex, NodeSet};
use crate::view::View;

impl Membership {
    /// Whether `view` leaves out a member of the view that this node acts by, for no cause that this node knows of.
    pub(super) fn wrongs_somebody(&self, now: Timestamp, view: &View) -> bool {
        let members = self.installed.iter().flat_map(|ours| &ours.members);
        let mut left_out = members
            .map(|(node, _)| *node)
            .filter(|node| view.incarnation(*node).is_none());
        left_out.any(|node| !self.is_left_out_for_cause(now, node, view))
    }

    /// Whether something speaks for leaving out a member: it is silent, gone or another run, a newer view is without it
    /// already, or there is somebody that it does not reach, or that does not reach it.
    pub(super) fn is_left_out_for_cause(
        &self,
        now: Timestamp,
        node: NodeIndex,
        view: &View,
    ) -> bool {
        let Some(ours) = &self.installed else {
            return true;
        };
        self.is_missing(now, node, ours)
            || self.is_out_elsewhere(now, node, ours)
            || self.is_cut_off(now, node, ours, view)
    }

    /// Whether all of `acceptors` say that they do not reach a node.
    pub(super) fn is_given_up(&self, node: NodeIndex, acceptors: &NodeSet, now: Timestamp) -> bool {
        let mut words = acceptors
            .iter()
            .map(|acceptor| self.says_of(now, acceptor, node));
        words.all(|word| word == Some(false))
    }

    fn is_missing(&self, now: Timestamp, node: NodeIndex, ours: &View) -> bool {
        let sight = &self.sights[node.position()];
        let same = sight.incarnation == ours.incarnation(node) && sight.departure.is_none();
        node != self.terms.me && (!same || self.fresh(node, now).is_none())
    }

    fn is_out_elsewhere(&self, now: Timestamp, node: NodeIndex, ours: &View) -> bool {
        let others = (0..self.terms.nodes).map(|place| NodeIndex(place as u16));
        let mut views = others.filter_map(|other| self.fresh(other, now)?.view.as_ref());
        views.any(|(epoch, members)| ours.epoch < *epoch && !members.contains(node))
    }

    /// Whoever consents and is silent here may know.
    fn is_cut_off(&self, now: Timestamp, node: NodeIndex, ours: &View, view: &View) -> bool {
        let mut others = ours.set().or(&view.set());
        others.remove(node);
        others.iter().any(|other| {
            let theirs = self.says_of(now, other, node);
            let its = self.says_of(now, node, other);
            let secret = theirs.is_none() && view.acceptors.contains(other);
            secret || theirs == Some(false) || its == Some(false)
        })
    }

    /// Whether a node says that it reaches another; `None`: it says nothing.
    fn says_of(&self, now: Timestamp, one: NodeIndex, other: NodeIndex) -> Option<bool> {
        if one == self.terms.me {
            return Some(self.reaches.contains(other));
        }
        let report = self.fresh(one, now)?;
        Some(report.reaches.contains(other))
    }
}
