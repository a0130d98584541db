//! What happens to this node itself, told to the core: a late loop or sender, a machine that stood still, heartbeats
//! that our own kernel refused, frames that our own interfaces dropped.
//!
//! All of it is what a peer may take for the network's fault, so it is told before anything is judged in the same turn.

use heartbeat_core::action::Action;
use heartbeat_core::config::{NetworkIndex, PathIndex};
use heartbeat_core::incidents::Drops;
use heartbeat_core::node::{Input, Pause};
use heartbeat_core::starvation::Part;
use heartbeat_ebpf::time::Timestamp;
use std::sync::atomic::Ordering::Relaxed;

use super::Agent;
use crate::drops::{Counters, Dropped, Urgency};
use crate::waiting::Waiting;

/// What was known of this node at the last look.
pub(super) struct Ourselves {
    waiting: Waiting,
    drops: Counters,
    /// When the loop last looked.
    turned: Option<Timestamp>,
    /// When refused heartbeats were last looked for.
    looked: Option<Timestamp>,
}

impl Ourselves {
    /// Nothing is known but which threads to watch.
    pub fn new(waiting: Waiting) -> Self {
        Ourselves {
            waiting,
            drops: Counters::default(),
            turned: None,
            looked: None,
        }
    }
}

impl Agent {
    /// Tells the core of everything that may have kept this node from judging, sending or hearing in time.
    pub(super) fn look_at_ourselves(&mut self, now: Timestamp, actions: &mut Vec<Action>) {
        let between = self.ourselves.turned.replace(now).map(|at| now.since(at));
        // A loop that stood still within a turn was woken in time and is late all the same.
        let stood = between.unwrap_or_default().saturating_sub(self.tick * 2);
        for part in [Part::Loop, Part::Sender] {
            let late = match part {
                Part::Loop => self.lateness.take_worst(part).max(stood),
                Part::Sender => self.lateness.take_worst(part),
            };
            // What is less than an interval is within every bound, and no turn may look at all paths for it.
            if self.tick < late {
                let waited = self.ourselves.waiting.take(part, late);
                self.tell_core(now, Input::Late { part, late, waited }, actions);
            }
        }
        self.ourselves.waiting.refresh(now);
        self.look_at_pauses(now, actions);
        let urgency = if self.core.is_asked() {
            Urgency::Asked
        } else {
            Urgency::None
        };
        self.look_at_refusals(now, urgency, actions);
        if let Some(dropped) = self.ourselves.drops.look(now, urgency) {
            self.tell_drops(now, &dropped, actions);
        }
    }

    fn look_at_pauses(&mut self, now: Timestamp, actions: &mut Vec<Action>) {
        let Some(ahead) = self.pause.look() else {
            return;
        };
        let pause = if ahead.boot.is_zero() {
            Pause::WallClock
        } else {
            Pause::Suspended
        };
        log::warn!(
            "the whole machine may have paused: its other clocks ran ahead, the boot clock by {:?}, the wall clock by {:?}",
            ahead.boot,
            ahead.wall
        );
        let length = ahead.boot.max(ahead.wall);
        self.tell_core(now, Input::Paused(pause, length), actions);
    }

    /// Heartbeats that our kernel refused since the last look: at most one look in half a tick, unless a peer asks.
    fn look_at_refusals(&mut self, now: Timestamp, urgency: Urgency, actions: &mut Vec<Action>) {
        let rested = |at| self.tick / 2 <= now.since(at);
        if urgency == Urgency::None && !self.ourselves.looked.is_none_or(rested) {
            return;
        }
        self.ourselves.looked = Some(now);
        let mut refused = Vec::new();
        for (place, path) in self.site.paths.iter_mut().enumerate() {
            let errors = path.counts.sent.errors.load(Relaxed);
            let news = errors.saturating_sub(path.counts.refused_told);
            if news != 0 {
                path.counts.refused_told = errors;
                let count = u32::try_from(news).unwrap_or(u32::MAX);
                refused.push((PathIndex(place as u32), count));
            }
        }
        for (path, count) in refused {
            self.tell_core(now, Input::Refused(path, count), actions);
        }
    }

    fn tell_drops(&mut self, now: Timestamp, dropped: &Dropped, actions: &mut Vec<Action>) {
        let ports = self.site.devices.ports.iter().enumerate();
        let counts = ports.filter_map(|(place, port)| {
            let drops = dropped.of(&port.interface.as_ref()?.name);
            (drops != Drops::default()).then_some((NetworkIndex(place as u32), drops))
        });
        let counts: Vec<_> = counts.collect();
        for (network, drops) in counts {
            let input = Input::Dropped(network, drops, dropped.lately);
            self.tell_core(now, input, actions);
        }
    }
}
