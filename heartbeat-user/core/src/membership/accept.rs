//! Accepting a view that another node proposes, or giving way to it.
//!
//! An acceptor waits until its promises to everybody who is left out are over. The awkward case is a node that is
//! left out and well: it keeps reporting, so that a promise to it would never end. It is therefore proposed to as
//! well, and gives way, which frees all others at once; and from the moment at which a view without it is
//! considered, it is promised nothing more.

use heartbeat_ebpf::time::Timestamp;

use super::wish::Wish;
use super::{Membership, Outcome, Post};
use crate::action::Over;
use crate::arrival::Departure;
use crate::message::{Caution, Message};
use crate::nodes::NodeIndex;
use crate::view::{Choice, Epoch, View};

/// A proposal is forgotten if its coordinator does not repeat it for so many attempts.
const PATIENCE: u32 = 8;

/// A node insists on the members that it wishes for so many openings longer than promises to others may last.
const OPENINGS: u32 = 8;

/// A view that is being considered.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Pending {
    pub view: View,
    pub coordinator: NodeIndex,
    pub repeated: Timestamp,
}

impl Membership {
    /// Takes a proposal: the newest counts.
    pub(super) fn consider(
        &mut self,
        now: Timestamp,
        coordinator: NodeIndex,
        view: &View,
        out: &mut Outcome,
    ) {
        if view.epoch < self.promised {
            self.pace.hurry();
            self.stirred = true;
            return;
        }
        self.courted = Some(now);
        if view.epoch == self.promised {
            return self.consider_again(now, coordinator, view, out);
        }
        if !self.votes_with(coordinator) || self.prefers_others(now, view) {
            return;
        }
        self.stirred = true;
        self.promise(view.epoch, out);
        self.proposed = None;
        self.outbid = Some(now);
        if view.acceptors.contains(self.terms.me) {
            self.pend(now, coordinator, view.clone());
        } else {
            self.make_room(now, view);
        }
    }

    /// Whether this node wishes for other members than a view has, and has not done so in vain for long. Whoever has
    /// the same reports wishes for the same, so that what is proposed will soon be wished for here, or by its
    /// coordinator no more. Two that have lost each other would otherwise talk the rest round by turns, and each
    /// turn renews the promises that keep the other's view from being accepted. The largest fully connected set is
    /// the same for all who are in it, whomever each of them can't hear; of second-best ones that is not certain.
    fn prefers_others(&self, now: Timestamp, view: &View) -> bool {
        if view.choice == Choice::Greedy
            || !view.acceptors.contains(self.terms.me)
            || self.caution() == Caution::Cautious
        {
            return false;
        }
        let patience = self.terms.promise * 2 + self.terms.opening * OPENINGS;
        let patient = self.regroup.waited(now) < patience;
        let other = |wish: &Wish| wish.choice == Choice::Exact && !wish.is_met_by(view);
        patient && self.wish(now).is_some_and(|wish| other(&wish))
    }

    /// Gives way to a view in which this node has no say, if it can see why.
    fn make_room(&mut self, now: Timestamp, view: &View) {
        let me = self.terms.me;
        if view.incarnation(me).is_some() || self.is_left_out_for_cause(now, me, view) {
            self.give_way(now);
        }
    }

    /// Keeps a proposal until it can be accepted.
    pub(super) fn pend(&mut self, now: Timestamp, coordinator: NodeIndex, view: View) {
        for place in 0..self.terms.nodes {
            let node = NodeIndex(place as u16);
            if !view.acceptors.contains(node) {
                self.leases.withhold(node);
            }
        }
        self.pending = Some(Pending {
            view,
            coordinator,
            repeated: now,
        });
    }

    fn consider_again(
        &mut self,
        now: Timestamp,
        coordinator: NodeIndex,
        view: &View,
        out: &mut Outcome,
    ) {
        if let Some(pending) = &mut self.pending
            && pending.view == *view
        {
            pending.repeated = now;
        }
        let open = self.is_open(view) && self.votes_with(coordinator);
        if open && !self.prefers_others(now, view) {
            self.proposed = None;
            self.pend(now, coordinator, view.clone());
            self.stirred = true;
        }
        if self.accepted.as_ref() == Some(view) {
            self.say_accepted(coordinator, view.epoch, out);
        }
        let ours = self.installed.as_ref().map(|ours| ours.epoch);
        if ours < Some(view.epoch) && !view.acceptors.contains(self.terms.me) {
            self.make_room(now, view);
        }
    }

    /// Whether a view of the promised epoch can still be accepted: nothing of that number was, neither by this run
    /// nor, as far as anybody can know, by one before it.
    fn is_open(&self, view: &View) -> bool {
        let accepted = self.accepted.as_ref().map(|accepted| accepted.epoch);
        self.pending.is_none()
            && self.floor < view.epoch
            && accepted < Some(view.epoch)
            && view.acceptors.contains(self.terms.me)
    }

    /// Whether a node was last heard to count the same votes as this one.
    fn votes_with(&self, node: NodeIndex) -> bool {
        let heard = self.reports[node.position()].as_ref();
        heard.is_some_and(|heard| heard.report.voters == self.terms.voters.digest())
    }

    /// Accepts what is pending, once nobody who is left out is promised anything.
    pub(super) fn accept_pending(&mut self, now: Timestamp, out: &mut Outcome) {
        let Some(pending) = self.pending.take() else {
            return;
        };
        let patience = self.terms.attempt * PATIENCE;
        if patience < now.since(pending.repeated) || !self.agrees(now, &pending.view) {
            self.pace.hurry();
            return;
        }
        if self.binding(now, &pending.view).next().is_some() {
            self.pending = Some(pending);
            return;
        }
        let (epoch, coordinator) = (pending.view.epoch, pending.coordinator);
        self.commit_to(pending.view);
        self.pace.hurry();
        if coordinator == self.terms.me {
            self.count(coordinator, epoch);
        } else {
            self.say_accepted(coordinator, epoch, out);
        }
    }

    /// From now on no older view is good, whoever still acts by it.
    pub(super) fn commit_to(&mut self, view: View) {
        for (place, without) in self.without.iter_mut().enumerate() {
            if !view.acceptors.contains(NodeIndex(place as u16)) {
                *without = view.epoch.max(*without);
            }
        }
        self.accepted = Some(view);
    }

    fn say_accepted(&self, coordinator: NodeIndex, epoch: Epoch, out: &mut Outcome) {
        out.posts.push(Post {
            to: [coordinator].into_iter().collect(),
            over: Over::All,
            message: Message::Accept(epoch),
        });
    }

    /// Whether this node can be part of a view: it knows these runs, reaches them, and sees why others are left out.
    fn agrees(&self, now: Timestamp, view: &View) -> bool {
        let known = |(node, incarnation): &(NodeIndex, _)| {
            let sight = &self.sights[node.position()];
            let reached = self.reaches.contains(*node) || self.caution() == Caution::Cautious;
            let same = sight.incarnation == Some(*incarnation);
            let own = *node == self.terms.me && self.incarnation == *incarnation;
            own || (*node != self.terms.me && same && reached && !sight.has_left())
        };
        let consents = |node: NodeIndex| node == self.terms.me || self.has_word(node, now);
        view.members.iter().all(known)
            && view.acceptors.iter().all(consents)
            && self.has_quorum(&view.acceptors)
            && !self.wrongs_somebody(now, view)
    }

    /// Whether a node counts the same votes, as far as is known.
    fn has_word(&self, node: NodeIndex, now: Timestamp) -> bool {
        let report = self.fresh(node, now);
        report.is_none_or(|report| report.voters == self.terms.voters.digest())
    }

    /// Until when promises to nodes without a part in this view bind.
    fn binding(&self, now: Timestamp, view: &View) -> impl Iterator<Item = Timestamp> + use<> {
        let nodes = (0..self.terms.nodes).map(|place| NodeIndex(place as u16));
        let left_out = nodes
            .filter(|node| *node != self.terms.me && !view.acceptors.contains(*node))
            .filter(|node| !self.has_given_way(*node, view.epoch))
            .map(|node| self.leases.bound_until(node))
            .filter(|until| now < *until);
        left_out.collect::<alloc::vec::Vec<_>>().into_iter()
    }

    /// Whether a node acts by no view and will by none below this epoch; or has said that it goes, which it does
    /// after it has given up its view.
    fn has_given_way(&self, node: NodeIndex, epoch: Epoch) -> bool {
        let gone = match self.sights[node.position()].departure {
            Some(Departure::Leaving | Departure::Restarting) => true,
            None => false,
        };
        let heard = self.reports[node.position()].as_ref();
        gone || heard
            .is_some_and(|heard| heard.report.view.is_none() && epoch <= heard.report.promised)
    }

    /// When what is pending can be accepted, or is forgotten.
    pub(super) fn pending_deadline(&self, now: Timestamp) -> Option<Timestamp> {
        let pending = self.pending.as_ref()?;
        let forgotten = pending.repeated.after(self.terms.attempt * (PATIENCE + 1));
        self.binding(now, &pending.view)
            .max()
            .map(|bound| bound.min(forgotten))
            .or(Some(forgotten))
    }
}
