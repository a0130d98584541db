//! What other nodes say.

use heartbeat_ebpf::ids::Incarnation;
use heartbeat_ebpf::time::Timestamp;

use super::{Heard, Membership, Outcome};
use crate::message::{Message, Report};
use crate::nodes::NodeIndex;
use crate::view::{Epoch, View};

impl Membership {
    /// Takes a message of a node, sent by this run of it. What other runs say is not heard.
    pub fn hear(
        &mut self,
        now: Timestamp,
        from: NodeIndex,
        incarnation: Incarnation,
        message: &Message,
        out: &mut Outcome,
    ) {
        let known = self.sights[from.position()].incarnation == Some(incarnation);
        if self.departed || !known || from == self.terms.me {
            return;
        }
        match message {
            Message::Report(report) => self.note(now, from, report, out),
            Message::Proposal(view) => self.consider(now, from, view, out),
            Message::Accept(epoch) => self.count(from, *epoch),
            Message::Install(view) => self.learn(now, view, out),
            Message::Question(_) | Message::Accounts(_) => {}
        }
    }

    fn note(&mut self, now: Timestamp, from: NodeIndex, report: &Report, out: &mut Outcome) {
        let before = self.reports[from.position()].as_ref();
        if before.is_some_and(|before| report.stamp <= before.report.stamp) {
            return;
        }
        let same = before.is_some_and(|before| {
            now.since(before.at) < self.terms.stale && says_the_same(&before.report, report)
        });
        self.stirred |= !same;
        self.hold(from, report);
        self.reports[from.position()] = Some(Heard {
            at: now,
            report: report.clone(),
        });
        if self.may_promise(from) {
            self.leases
                .give(from, now, report.stamp, self.terms.promise);
        } else {
            self.leases.withhold(from);
        }
        self.compare_views(now, from, out);
    }

    /// Counts on the promise that answers one of our reports.
    fn hold(&mut self, from: NodeIndex, report: &Report) {
        let answered = report.echoes.get(self.terms.me.position()).copied();
        let sent = answered.and_then(Timestamp::from_ns);
        if let Some(sent) = sent.filter(|sent| self.begun <= *sent) {
            let margin = self.terms.margin;
            self.leases.hold(from, sent, report.promise, margin);
        }
    }

    /// Whether a node is promised not to be left out: not one that is being left out, nor one that may still act by
    /// an older view than was accepted without its consent, in this run or in one that died and is forgotten.
    fn may_promise(&self, node: NodeIndex) -> bool {
        let pending = self.pending.as_ref();
        let included = pending.is_none_or(|pending| pending.view.acceptors.contains(node));
        let accepted = self.accepted.as_ref();
        let ours = accepted.is_none_or(|view| view.incarnation(node).is_some());
        included && ours && self.without[node.position()] <= self.acts_above(node)
    }

    /// A node acts by no view older than this.
    fn acts_above(&self, node: NodeIndex) -> Epoch {
        let heard = self.reports[node.position()].as_ref();
        let least = |heard: &Heard| {
            let view = heard.report.view.as_ref();
            view.map_or(heard.report.promised, |(epoch, _)| *epoch)
        };
        heard.map_or(Epoch(0), least)
    }

    /// Number of the view that a node last said to act by.
    pub(super) fn view_of(&self, node: NodeIndex) -> Option<Epoch> {
        let heard = self.reports[node.position()].as_ref()?;
        heard.report.view.as_ref().map(|(epoch, _)| *epoch)
    }

    /// Learns from a report that there is a newer view, or that its sender does not have ours.
    fn compare_views(&mut self, now: Timestamp, from: NodeIndex, out: &mut Outcome) {
        let Some(heard) = &self.reports[from.position()] else {
            return;
        };
        // What was given up for a newer one is not lost to an older one.
        let ours = self.told.as_ref().map(|view| view.epoch);
        if let Some((theirs, members)) = &heard.report.view {
            let (theirs, excluded) = (*theirs, !members.contains(self.terms.me));
            self.newest = self.newest.max(theirs);
            if excluded && ours.unwrap_or_default() < theirs {
                self.lose_to(now, theirs, out);
            }
        }
        self.bring_up_to_date(from, out);
    }
}

/// Whether nothing has changed but the time.
fn says_the_same(one: &Report, two: &Report) -> bool {
    let Report {
        stamp: _,
        echoes: _,
        promise: _,
        voters,
        promised,
        view,
        stage,
        reaches,
        quarantined,
        caution,
        rows,
    } = one;
    (voters, promised, view, stage) == (&two.voters, &two.promised, &two.view, &two.stage)
        && (reaches, quarantined, caution, rows)
            == (&two.reaches, &two.quarantined, &two.caution, &two.rows)
}

impl Membership {
    /// A view was installed elsewhere.
    fn learn(&mut self, now: Timestamp, view: &View, out: &mut Outcome) {
        self.newest = self.newest.max(view.epoch);
        let ours = self.installed.as_ref().map(|view| view.epoch);
        if view.epoch < self.promised || Some(view.epoch) <= ours {
            return;
        }
        if view.incarnation(self.terms.me) == Some(self.incarnation) {
            self.install(now, view.clone(), out);
        } else {
            self.lose_to(now, view.epoch, out);
        }
    }
}
