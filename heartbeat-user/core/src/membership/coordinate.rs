//! Regrouping: from the wish for other members to a view that all have accepted.
//!
//! One node coordinates, the first of those who should be members, because two proposals at once cost time. The
//! awkward case is a first node that does nothing, though it says that it is there: after a while the next one
//! takes over, and promises see to it that nothing worse follows than another round.

use alloc::vec::Vec;
use heartbeat_ebpf::time::Timestamp;

use super::wish::Wish;
use super::{Membership, Outcome, Post};
use crate::action::Over;
use crate::message::{Caution, Message};
use crate::nodes::{NodeIndex, NodeSet};
use crate::regroup::Stage;
use crate::view::{Epoch, View};

/// A view that this node proposes.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Proposed {
    pub view: View,
    pub accepts: NodeSet,
    /// When it is proposed once more.
    pub again: Timestamp,
    /// How often it was proposed.
    pub attempts: u32,
}

/// A proposal that not all have accepted after so many attempts is made anew with a higher number: another has
/// the same, or somebody has promised itself to that number for another reason.
const ATTEMPTS: u32 = 16;

impl Membership {
    /// Takes what there is to do to get the view that this node wishes for.
    pub(super) fn coordinate(&mut self, now: Timestamp, out: &mut Outcome) {
        self.withdraw(now);
        let Some(wish) = self.wish(now) else {
            self.proposed = None;
            self.regroup.wait(now);
            return;
        };
        let met = self
            .installed
            .as_ref()
            .is_some_and(|view| wish.is_met_by(view));
        if met && !self.is_overtaken(now) {
            self.proposed = None;
            self.finish(now);
            return;
        }
        self.regroup.begin(now);
        if !self.has_quorum(&wish.acceptors) {
            self.close(now, out);
        } else if self.is_ready(now, &wish) && self.is_my_turn(now, &wish) {
            self.regroup.enter(Stage::Pruning);
            self.propose(now, wish, out);
        }
        self.conclude(now, out);
    }

    /// What this node has not repeated for an opening, because it was late itself, is for nobody to count on: others
    /// may have gone on without it.
    fn withdraw(&mut self, now: Timestamp) {
        let opening = self.terms.opening;
        let stale = |proposed: &mut Proposed| proposed.again.after(opening) < now;
        self.proposed.take_if(stale);
    }

    /// This side has no quorum: once that is certain, and no promise makes it look otherwise, it is told.
    fn close(&mut self, now: Timestamp, out: &mut Outcome) {
        self.proposed = None;
        self.regroup.enter(Stage::Closing);
        let certain = self.regroup.since().after(self.terms.opening) <= now;
        let Some(view) = self.installed.as_ref().filter(|_| certain) else {
            return;
        };
        if !self.is_quorate(now) {
            // Nobody may hand back what was given up: only a newer view brings this node back.
            let next = view.epoch.next();
            self.promise(next, out);
            self.give_way(now);
            self.tell_loss(out);
        }
    }

    /// Whether what is known suffices to leave nodes out: all who stay have given them up, or had the time to.
    fn is_ready(&self, now: Timestamp, wish: &Wish) -> bool {
        let Some(view) = &self.installed else {
            return true;
        };
        let removed = view.set().without(&wish.set());
        // A new run of a member is about to join, once it has heard the others.
        let comes_back = |node: NodeIndex| {
            let heard = self.sights[node.position()].incarnation;
            view.incarnation(node) < heard && self.reaches.contains(node)
        };
        let patience = if removed.iter().any(comes_back) {
            self.terms.promise
        } else {
            self.terms.opening
        };
        let waited = self.regroup.since().after(patience) <= now;
        let certain = |node: NodeIndex| {
            let left = self.sights[node.position()].has_left();
            left || self.is_given_up(node, &wish.acceptors, now)
        };
        waited || (!wish.is_met_by(view) && removed.iter().all(certain))
    }

    /// Whether it is for this node to propose: the first of those with the newest view, and the next one once
    /// nobody has proposed anything for a while.
    fn is_my_turn(&self, now: Timestamp, wish: &Wish) -> bool {
        let newest = wish.acceptors.iter().map(|node| self.acts_by(node)).max();
        let up_to_date = |node: &NodeIndex| Some(self.acts_by(*node)) == newest;
        let mut order: Vec<(bool, NodeIndex)> = wish
            .acceptors
            .iter()
            .filter(up_to_date)
            .map(|node| (self.is_cautious(node, now), node))
            .collect();
        order.sort_unstable();
        let place = order.iter().position(|(_, node)| *node == self.terms.me);
        place.is_some_and(|place| {
            let idle = self.courted.max(Some(self.regroup.since()));
            let wait = self.terms.opening * 2 * place as u32;
            place == 0 || idle.is_some_and(|idle| idle.after(wait) <= now)
        })
    }

    fn acts_by(&self, node: NodeIndex) -> Option<Epoch> {
        if node == self.terms.me {
            return self.installed.as_ref().map(|view| view.epoch);
        }
        self.view_of(node)
    }

    fn is_cautious(&self, node: NodeIndex, now: Timestamp) -> bool {
        let theirs = || self.fresh(node, now).map(|report| report.caution);
        let caution = if node == self.terms.me {
            Some(self.caution())
        } else {
            theirs()
        };
        caution == Some(Caution::Cautious)
    }

    /// Whether a member has promised more than our view and acts by none or an older one: only a new view can bring it back.
    fn is_overtaken(&self, now: Timestamp) -> bool {
        let Some(view) = &self.installed else {
            return false;
        };
        let stranded = |node: &NodeIndex| {
            let report = self.fresh(*node, now);
            report.is_some_and(|report| {
                let theirs = report.view.as_ref().map(|(epoch, _)| *epoch);
                view.epoch < report.promised && theirs < Some(view.epoch)
            })
        };
        self.accepted
            .as_ref()
            .is_some_and(|accepted| view.epoch < accepted.epoch)
            || view.set().iter().any(|node| stranded(&node))
    }

    /// Proposes, anew where the wish or what others have promised has changed, and once more where answers are
    /// missing. A newer proposal of another node gets an attempt's time before it is outbid: two nodes that each
    /// believe that it is their turn would otherwise outbid each other as fast as messages go, until a report tells
    /// one of them better.
    fn propose(&mut self, now: Timestamp, wish: Wish, out: &mut Outcome) {
        let same = self.proposed.as_ref().is_some_and(|proposed| {
            let view = &proposed.view;
            view.members == wish.members
                && view.acceptors == wish.acceptors
                && proposed.attempts < ATTEMPTS
                && self.promised <= view.epoch
                && self.highest_promise(&wish.acceptors, now) <= view.epoch
        });
        let rested = self.outbid.map(|at| at.after(self.terms.attempt));
        let again = self.proposed.as_ref().map(|proposed| proposed.again);
        let due = again.or(rested).is_none_or(|again| again <= now);
        if !same
            && (due
                || self
                    .proposed
                    .as_ref()
                    .is_some_and(|old| old.view.members != wish.members))
        {
            self.propose_anew(now, wish, out);
        } else if due {
            self.propose_again(now, out);
        }
    }

    fn highest_promise(&self, nodes: &NodeSet, now: Timestamp) -> Epoch {
        let promises = nodes.iter().filter_map(|node| self.fresh(node, now));
        let highest = promises.map(|report| report.promised).max();
        highest.unwrap_or_default().max(self.promised)
    }

    fn propose_anew(&mut self, now: Timestamp, wish: Wish, out: &mut Outcome) {
        let everybody = NodeSet::first(self.terms.nodes);
        let epoch = self
            .highest_promise(&everybody, now)
            .max(self.newest)
            .next();
        let before = self.installed.as_ref();
        let new = |(node, incarnation): &&(NodeIndex, _)| {
            before.and_then(|view| view.incarnation(*node)) != Some(*incarnation)
        };
        let joined = wish.members.iter().filter(new).map(|(node, _)| *node);
        let view = View {
            epoch,
            joined: joined.collect(),
            members: wish.members,
            acceptors: wish.acceptors,
            choice: wish.choice,
        };
        self.promise(epoch, out);
        self.proposed = Some(Proposed {
            view,
            accepts: NodeSet::new(),
            again: now,
            attempts: 0,
        });
        self.propose_again(now, out);
        self.accept_pending(now, out);
    }

    /// Sends the proposal to everybody who reports and has not accepted: those who are left out give way.
    fn propose_again(&mut self, now: Timestamp, out: &mut Outcome) {
        let nodes = (0..self.terms.nodes).map(|place| NodeIndex(place as u16));
        let there = nodes.filter(|node| self.fresh(*node, now).is_some());
        let there: NodeSet = there.collect();
        let Some(proposed) = &mut self.proposed else {
            return;
        };
        proposed.again = now.after(self.terms.attempt);
        proposed.attempts += 1;
        let view = proposed.view.clone();
        let mut to = there.or(&view.acceptors).without(&proposed.accepts);
        if to.remove(self.terms.me) {
            self.pend(now, self.terms.me, view.clone());
        }
        if !to.is_empty() {
            out.posts.push(Post {
                to,
                over: Over::All,
                message: Message::Proposal(view),
            });
        }
    }

    /// A node has accepted what this one proposes.
    pub(super) fn count(&mut self, node: NodeIndex, epoch: Epoch) {
        if let Some(proposed) = &mut self.proposed
            && proposed.view.epoch == epoch
            && proposed.view.acceptors.contains(node)
        {
            proposed.accepts.insert(node);
            self.stirred = true;
        }
    }

    /// Installs what all have accepted.
    fn conclude(&mut self, now: Timestamp, out: &mut Outcome) {
        let Some(proposed) = &self.proposed else {
            return;
        };
        let accepted = self.accepted.as_ref() == Some(&proposed.view);
        if !accepted || !proposed.view.acceptors.is_subset(&proposed.accepts) {
            return;
        }
        let view = proposed.view.clone();
        let mut to = view.set();
        to.remove(self.terms.me);
        self.install(now, view.clone(), out);
        if !to.is_empty() {
            out.posts.push(Post {
                to,
                over: Over::All,
                message: Message::Install(view),
            });
        }
    }

    /// The view is as it should be: the two cleanups, and then rest.
    fn finish(&mut self, now: Timestamp) {
        let Some(view) = &self.installed else { return };
        let mut others = view.acceptors.clone();
        others.remove(self.terms.me);
        let reports = || others.iter().filter_map(|node| self.fresh(node, now));
        let installed = reports()
            .all(|report| report.view.as_ref().map(|(epoch, _)| *epoch) == Some(view.epoch));
        let cleaned = installed && reports().all(|report| report.stage.has_cleaned());
        if self.regroup.clean(installed.into(), cleaned.into()) {
            self.pace.hurry();
        }
    }
}
