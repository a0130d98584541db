//! What an agent makes of a message datagram: whom it believes, and what it does not take twice.

use std::borrow::Cow;

use heartbeat_core::Incarnation;
use heartbeat_core::message::Message;
use heartbeat_core::node::Input;
use heartbeat_core::nodes::NodeIndex;
use heartbeat_ebpf::window::{Place, place};

use super::World;
use crate::host::{Body, Letter};
use crate::lanes::Way;
use crate::mutant::Mutant;
use crate::shape::node_id;

impl World {
    /// The agent of `way.to` reads one datagram. Only the confirmed incarnation of the slot is believed.
    pub(super) fn read(&mut self, way: Way, letter: &Letter) {
        let host = &mut self.hosts[way.to];
        let Some(path) = host.place(way.from, way.network) else {
            return;
        };
        let confirmed = host.kernel.slots[path].incarnation.get();
        let Some(agent) = &mut host.agent else { return };
        if confirmed != letter.incarnation || !is_new(&mut agent.taken[way.from], letter) {
            return;
        }
        agent.last_message = self.now;
        match &letter.body {
            Body::Control(message) => self.hear(way, letter.incarnation, message),
            Body::Parcel => self.take(way, letter.incarnation),
        }
    }

    fn hear(&mut self, way: Way, incarnation: u64, message: &Message) {
        let now = self.hosts[way.to].clock.local(self.now);
        let Some(agent) = &mut self.hosts[way.to].agent else {
            return;
        };
        let message = forged(self.plan.mutant, message, agent.voters);
        let mut actions = std::mem::take(&mut self.actions);
        let input = Input::Message {
            from: node_id(way.from),
            incarnation: Incarnation(incarnation),
            message: &message,
        };
        agent.core.handle(now, input, &mut actions);
        self.act(way.to, &mut actions);
        self.actions = actions;
    }

    /// A user's message: taken if the run that sent it is a member. That its node is one is not enough: until a
    /// new view names it, a run that has just begun is none.
    fn take(&mut self, way: Way, incarnation: u64) {
        let Some(core) = self.core(way.to) else {
            return;
        };
        let sender = NodeIndex(way.from as u16);
        let view = core.view().cloned();
        let member = view.as_ref().and_then(|view| view.incarnation(sender));
        let taken =
            member == Some(Incarnation(incarnation)) || self.plan.mutant == Mutant::TakesAll;
        if taken {
            self.coverage.parcels_taken += 1;
            self.checks
                .taken(self.now, way.to, way.from, incarnation, view.as_ref());
        } else {
            self.coverage.parcels_refused += 1;
        }
    }
}

/// Whether a datagram of this number was not taken before.
fn is_new(taken: &mut (u64, u64, u64), letter: &Letter) -> bool {
    if taken.0 != letter.incarnation {
        *taken = (letter.incarnation, letter.number, u64::MAX);
        return true;
    }
    match place(letter.number, taken.1, taken.2) {
        Place::Newest { window, .. } => {
            (taken.1, taken.2) = (letter.number, window);
            true
        }
        Place::Reordered { window } => {
            taken.2 = window;
            true
        }
        Place::Duplicate | Place::Below => false,
    }
}

/// The message as a mutant's world brings it.
fn forged(mutant: Mutant, message: &Message, voters: u32) -> Cow<'_, Message> {
    match (mutant, message) {
        (Mutant::CountsForItself, Message::Report(report)) => {
            let mut report = report.clone();
            report.voters = voters;
            Cow::Owned(Message::Report(report))
        }
        _ => Cow::Borrowed(message),
    }
}
