//! Beginning to act by a view, and ceasing to.
//!
//! The awkward case is a node that gives way to a proposal which then comes to nothing: it was not removed, and
//! nobody should be woken. So giving way only ends its claim; the loss is told once a newer view without it is
//! known, its own side has no quorum, or no view has come in time.

use heartbeat_ebpf::time::Timestamp;

use super::{Membership, News, Outcome, Post};
use crate::action::Over;
use crate::message::Message;
use crate::nodes::{NodeIndex, NodeSet};
use crate::view::{Epoch, View};

/// How many openings a node that gave way waits for a view before it tells.
pub(super) const OPENINGS: u32 = 2;

impl Membership {
    /// Acts by this view from now on.
    pub(super) fn install(&mut self, now: Timestamp, view: View, out: &mut Outcome) {
        self.promise(view.epoch, out);
        let (joined, removed) = self.difference(&view);
        out.news.push(News::Installed {
            view: view.clone(),
            joined,
            removed: removed.clone(),
        });
        self.count_exits(now, &removed, out);
        self.newest = self.newest.max(view.epoch);
        self.gave_up = None;
        self.pending = None;
        self.proposed = None;
        self.previous = None;
        self.commit_to(view.clone());
        self.told = Some(view.clone());
        self.installed = Some(view);
        self.regroup.install(now);
        self.pace.hurry();
        self.stirred = true;
    }

    fn count_exits(&mut self, now: Timestamp, removed: &NodeSet, out: &mut Outcome) {
        let Some(quarantine) = &mut self.quarantine else {
            return;
        };
        for node in removed.iter() {
            let until = quarantine.removed(now, node);
            out.news
                .extend(until.map(|until| News::Quarantined(node, until)));
        }
    }

    /// Who is new in a view and who is gone, compared with what was told last.
    fn difference(&self, view: &View) -> (NodeSet, NodeSet) {
        let Some(told) = &self.told else {
            let mut joined = view.joined.clone();
            joined.insert(self.terms.me);
            return (joined, NodeSet::new());
        };
        let members = view.members.iter();
        let joined = members
            .filter(|(node, incarnation)| told.incarnation(*node) != Some(*incarnation))
            .map(|(node, _)| *node);
        let unannounced = |node: &NodeIndex| {
            let sight = &self.sights[node.position()];
            view.incarnation(*node).is_none() && sight.departure.is_none()
        };
        let removed = told.members.iter().map(|(node, _)| *node);
        (joined.collect(), removed.filter(unannounced).collect())
    }

    /// Acts by no view any more, to make room for one without this node, or of which it is a silent member.
    pub(super) fn give_way(&mut self, now: Timestamp) {
        self.pending = None;
        if self.installed.take().is_some() {
            self.gave_up = Some(now);
        }
    }

    /// There is a newer view, and this run is not in it.
    pub(super) fn lose_to(&mut self, now: Timestamp, epoch: Epoch, out: &mut Outcome) {
        self.promise(epoch, out);
        self.give_way(now);
        self.tell_loss(out);
        self.stirred = true;
    }

    /// Tells that this node is in no view any more, if it was in one.
    pub(super) fn tell_loss(&mut self, out: &mut Outcome) {
        self.gave_up = None;
        if let Some(told) = self.told.take() {
            if core::mem::take(&mut self.had_quorum) {
                out.news.push(News::QuorumLost(told.epoch));
            }
            self.pace.hurry();
        }
    }

    /// No view has come in the place of the one that was given up.
    pub(super) fn admit_loss(&mut self, now: Timestamp, out: &mut Outcome) {
        let patience = self.terms.opening * OPENINGS;
        if self.gave_up.is_some_and(|at| at.after(patience) <= now) {
            self.tell_loss(out);
        }
    }

    /// A member lacks the view that this node acts by: the first of those who act by it hands it over.
    pub(super) fn bring_up_to_date(&self, member: NodeIndex, out: &mut Outcome) {
        let (Some(view), Some(heard)) = (&self.installed, &self.reports[member.position()]) else {
            return;
        };
        let theirs = heard.report.view.as_ref().map(|(epoch, _)| *epoch);
        let behind = theirs < Some(view.epoch) && heard.report.promised <= view.epoch;
        let reached = view.set().and(&self.reaches);
        let has_it = |node: &NodeIndex| {
            let others = *node != member && self.view_of(*node) == Some(view.epoch);
            *node == self.terms.me || others
        };
        let known = self.sights[member.position()].incarnation;
        let first = reached.iter().find(has_it) == Some(self.terms.me);
        if behind && view.incarnation(member) == known && first {
            out.posts.push(Post {
                to: [member].into_iter().collect(),
                over: Over::All,
                message: Message::Install(view.clone()),
            });
        }
    }
}
