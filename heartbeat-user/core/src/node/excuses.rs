//! What this node has to say for itself: where its own timing was bad, others are not accused of it.

use core::time::Duration;

use heartbeat_ebpf::time::Timestamp;

use super::{Node, Pause};
use crate::arrival::Arrival;
use crate::event::Event;
use crate::path::PathState;
use crate::starvation::Part;

impl Node {
    pub(super) fn late(&mut self, now: Timestamp, part: Part, late: Duration) {
        let bounds = self.paths.iter().map(|watched| match part {
            Part::Loop => watched.path.detection(),
            Part::Sender => watched.path.own_interval(),
        });
        let Some(bound) = bounds.min() else { return };
        self.excuse(late);
        if bound < late
            && let Some(membership) = &mut self.membership
        {
            membership.be_cautious(now);
        }
        if self.starvation.judge(now, part, late, bound) {
            self.events.push(Event::SelfStarved {
                judged: now,
                part,
                late,
                bound,
            });
        }
    }

    pub(super) fn pause(&mut self, now: Timestamp, pause: Pause) {
        match pause {
            Pause::Suspended => self.hold_all(now),
            Pause::WallClock => self.paused = true,
        }
    }

    /// After a jump of the wall clock: a pause only if everybody is silent at once.
    pub(super) fn hold(&mut self, now: Timestamp, arrivals: &[Arrival]) {
        let silent = |arrival: &Arrival| {
            let watched = self.paths.get(arrival.path.position());
            let up = watched.filter(|watched| matches!(watched.path.state(), PathState::Up));
            up.is_none_or(|watched| {
                let patience = watched.path.detection();
                arrival.last.is_some_and(|last| patience < now.since(last))
            })
        };
        if arrivals.iter().all(silent) {
            self.hold_all(now);
        }
    }

    fn hold_all(&mut self, now: Timestamp) {
        if let Some(membership) = &mut self.membership {
            membership.doubt(now);
        }
        for watched in &mut self.paths {
            watched.hold(now);
        }
    }
}
