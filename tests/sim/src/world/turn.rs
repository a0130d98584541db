//! One turn of an agent's loop: sweep, judge, act, and when to come back.

use std::time::Duration;

use heartbeat_core::node::Input;
use heartbeat_core::starvation::Part;

use super::{Event, World};

/// Datagrams read in one turn; the rest wait for the next.
const DATAGRAMS_MAX: usize = 64;
/// The loop never sleeps longer, ns.
const TICK_MAX: u64 = 1_200_000_000;
/// A rest is so many times as long as the turn before it,
const REST: u64 = 9;
/// and no longer than this part of the shortest interval.
const INTERVAL_SHARE: u64 = 8;
/// Turns of a slow node that are late, in a thousand, and by how many intervals at most.
const SLOW: (u64, u64) = (100, 4);

impl World {
    /// Something has come at `at` for which a node's loop turns as soon as it may.
    pub(super) fn want_turn(&mut self, node: usize, at: u64) {
        let now = self.now;
        let Some(agent) = &mut self.hosts[node].agent else {
            return;
        };
        let at = at.max(agent.rested).max(agent.busy);
        if agent.due <= at {
            return;
        }
        agent.due = at;
        agent.ticket += 1;
        let ticket = agent.ticket;
        let late = self.lateness(node);
        let node = node as u16;
        self.queue
            .put(at.max(now) + late, Event::Turn { node, ticket });
    }

    fn lateness(&mut self, node: usize) -> u64 {
        let (share, intervals) = SLOW;
        if self.hosts[node].slow == 0 || !self.random.happens(share) {
            return 0;
        }
        self.random
            .below(self.plan.shape.longest_interval() * intervals)
    }

    /// A turn is due. An agent that stands still makes it when it goes on.
    pub(super) fn turn(&mut self, node: usize, ticket: u32) {
        let host = &self.hosts[node];
        let current = host
            .agent
            .as_ref()
            .is_some_and(|agent| agent.ticket == ticket);
        if !current || host.active().is_none() {
            return;
        }
        for _ in 0..DATAGRAMS_MAX {
            let agent = self.hosts[node].agent.as_mut();
            let Some((way, letter)) = agent.and_then(|agent| agent.inbox.pop_front()) else {
                break;
            };
            self.read(way, &letter);
        }
        self.sweep(node);
        self.rest(node);
    }

    fn sweep(&mut self, node: usize) {
        let mut actions = std::mem::take(&mut self.actions);
        let mut arrivals = std::mem::take(&mut self.scratch);
        let tick = self.tick(node);
        let host = &mut self.hosts[node];
        let now = host.clock.local(self.now);
        host.kernel.progress = now.ns();
        host.kernel.arrivals(&mut arrivals);
        if node == 0 {
            self.misread(&mut arrivals);
        }
        let host = &mut self.hosts[node];
        let gaps = host.kernel.take_gaps();
        let agent = host.agent.as_mut().expect("it was looked for");
        let late = self.now.saturating_sub(agent.due);
        agent.due = u64::MAX;
        for (part, late) in [
            (Part::Loop, late),
            (Part::Sender, std::mem::take(&mut agent.sender_late)),
        ] {
            if tick < late {
                self.truth.late(self.now, node, late);
                let late = Duration::from_nanos(late);
                let input = Input::Late {
                    part,
                    late,
                    waited: late,
                };
                agent.core.handle(now, input, &mut actions);
            }
        }
        let input = Input::Sweep {
            arrivals: &arrivals,
            gaps: &gaps,
        };
        agent.core.handle(now, input, &mut actions);
        self.act(node, &mut actions);
        (self.actions, self.scratch) = (actions, arrivals);
    }

    /// Rests after a turn, and comes back when the core wants to, or after a tick.
    fn rest(&mut self, node: usize) {
        let tick = self.tick(node);
        let now = self.now;
        let cost = self.random.between(tick / 400, tick / 50);
        let host = &mut self.hosts[node];
        let Some(agent) = &mut host.agent else { return };
        agent.busy = now + cost;
        agent.rested = agent.busy + (cost * REST).min(tick / INTERVAL_SHARE);
        let wanted = agent
            .core
            .next_deadline()
            .map(|local| host.clock.world(local));
        let again = if agent.inbox.is_empty() {
            u64::MAX
        } else {
            now
        };
        let next = wanted.unwrap_or(u64::MAX).min(now + tick).min(again);
        self.want_turn(node, next);
    }

    /// How often a loop turns at least.
    fn tick(&self, node: usize) -> u64 {
        let host = &self.hosts[node];
        let slower = u64::from(host.variation.slower);
        let interval = |network: &usize| self.plan.shape.networks[*network].interval * slower;
        let shortest = host.networks.iter().map(interval).min();
        shortest.unwrap_or(TICK_MAX).min(TICK_MAX)
    }

    /// A loop is slow no more: the turn that it was late for, or would have been, comes when it should.
    pub(super) fn catch_up(&mut self, node: usize) {
        let now = self.now;
        let Some(agent) = &mut self.hosts[node].agent else {
            return;
        };
        if agent.due != u64::MAX {
            agent.ticket += 1;
            let (at, ticket) = (agent.due.max(now), agent.ticket);
            let node = node as u16;
            self.queue.put(at, Event::Turn { node, ticket });
        }
    }

    /// An agent goes on after it stood still: with the turn that it missed.
    pub(super) fn resume(&mut self, node: usize) {
        if self.hosts[node].active().is_none() {
            return;
        }
        self.resume_rounds(node);
        let now = self.now;
        let Some(agent) = &mut self.hosts[node].agent else {
            return;
        };
        if agent.due <= now {
            agent.ticket += 1;
            let (node, ticket) = (node as u16, agent.ticket);
            self.queue.put(now, Event::Turn { node, ticket });
        } else if !agent.inbox.is_empty() {
            self.want_turn(node, now);
        }
    }
}
