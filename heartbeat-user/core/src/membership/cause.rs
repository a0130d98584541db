//! Leaving somebody out takes a cause that more than one node knows of.
//!
//! A proposal says who stays and not why the others go. The awkward case is a coordinator that was late: it has read
//! half of what lies before it, goes by a view that the others have long replaced, and proposes one without the
//! node that has joined since. All who are asked have the same reports, so each of them looks for the cause
//! itself, and consents to nothing that it can't explain: the coordinator proposes again and again, and until
//! then either the word of the cause has come or the coordinator knows better.

use heartbeat_ebpf::time::Timestamp;

use super::Membership;
use crate::nodes::NodeIndex;
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

    /// Whether something speaks for leaving out a member: it is silent, gone or another run, or there is somebody that
    /// it does not reach, or that does not reach it. Whoever consents and is silent here may know.
    pub(super) fn is_left_out_for_cause(
        &self,
        now: Timestamp,
        node: NodeIndex,
        view: &View,
    ) -> bool {
        let Some(ours) = &self.installed else {
            return true;
        };
        if node != self.terms.me {
            let sight = &self.sights[node.position()];
            let same = sight.incarnation == ours.incarnation(node);
            if !same || sight.departure.is_some() || self.fresh(node, now).is_none() {
                return true;
            }
        }
        let word = |one: NodeIndex, other: NodeIndex| {
            if one == self.terms.me {
                return Some(self.reaches.contains(other));
            }
            let report = self.fresh(one, now);
            report.map(|report| report.reaches.contains(other))
        };
        let mut others = ours.set().or(&view.set());
        others.remove(node);
        let mut words = others
            .iter()
            .map(|other| (other, word(other, node), word(node, other)));
        words.any(|(other, theirs, its)| {
            let secret = theirs.is_none() && view.acceptors.contains(other);
            secret || theirs == Some(false) || its == Some(false)
        })
    }
}
