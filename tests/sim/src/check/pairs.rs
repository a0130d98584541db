//! S2 and S5: who may be a member together, and who may be removed.
//!
//! Both are about pairs and the truth. The slack is what lies between a fact and the view that follows from it:
//! the fact is looked at once an interval, reports are an interval old and used for three, and a view is made
//! of them within some turns.

use heartbeat_core::nodes::NodeIndex;
use heartbeat_core::view::View;

use super::{Checks, Property, places};
use crate::script::letter;
use crate::shape::Shape;
use crate::transcript::described;
use crate::truth::Truth;

/// Intervals between what is true and the view that is proposed because of it.
const SLACK: u64 = 5;

impl Checks {
    /// A view is installed for the first time: all its members have lately heard each other. One that says
    /// nothing itself has at least been there, by its kernel's answers. What one says that was late itself does not
    /// count against others for the suspicion time; and while it was late it could not say whom it does not hear.
    pub(super) fn all_hear_each_other(
        &mut self,
        shape: &Shape,
        truth: &Truth,
        now: u64,
        node: usize,
        view: &View,
    ) {
        let slack = shape.longest_interval() * SLACK;
        let patience = shape.suspicion_most() + slack;
        let silent = shape.stalled_after.max(shape.restart_grace) + patience;
        let members = view.set();
        for one in places(&members) {
            for two in places(&members).filter(|two| *two != one) {
                let [both, other] =
                    [one, two].map(|node| view.acceptors.contains(NodeIndex(node as u16)));
                if !both {
                    continue;
                }
                let patience = if other { patience } else { silent };
                let caution = shape.suspicion_most();
                let lateness = truth.lateness(now.saturating_sub(caution + slack), one);
                let patience = patience + lateness.map_or(0, |late| caution + late);
                let heard = |network| now - truth.answered(network, one, two) <= patience;
                if !shape.between(one, two).any(heard) {
                    let text = format!(
                        "{} installs {}, but {} has not heard {} for {} ms",
                        letter(node),
                        described(view),
                        letter(one),
                        letter(two),
                        patience / 1_000_000
                    );
                    self.fail(Property::S2, now, text);
                }
            }
        }
    }

    /// A view replaces another on a node: whoever was removed had given cause, and some member had felt it.
    pub(super) fn nobody_is_wronged(
        &mut self,
        shape: &Shape,
        truth: &Truth,
        now: u64,
        since: u64,
        before: &View,
        view: &View,
    ) {
        let all = before.set().or(&view.set());
        let since = since.saturating_sub(shape.suspicion_most());
        for (node, run) in &before.members {
            let gone = node.position();
            let seat = &self.seats[gone];
            let over = seat.run != *run || seat.departed.is_some();
            if over || view.incarnation(*node).is_some() {
                continue;
            }
            let silent = |member: usize| {
                truth.was_silent(shape, since, now, member, gone)
                    || truth.was_silent(shape, since, now, gone, member)
            };
            let mut others = places(&all).filter(|member| *member != gone);
            if !others.any(silent) {
                let text = format!(
                    "{} replaces {}, but every member heard {} and was heard by it",
                    described(view),
                    described(before),
                    letter(gone)
                );
                self.fail(Property::S5, now, text);
            }
        }
    }
}
