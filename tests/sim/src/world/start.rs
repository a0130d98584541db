//! The beginning and the end of an agent's run.

use heartbeat_core::arrival::Departure;
use heartbeat_core::config::NetworkIndex;
use heartbeat_core::interface::{Soundness, Witness};
use heartbeat_core::node::{Input, Node};

use super::rounds::Farewell;
use super::{Event, World};
use crate::host::{Agent, Power};
use crate::lanes::Way;
use crate::mutant::Mutant;

impl World {
    /// Puts in all that happens by itself: the machines' first runs, the faults, the looks at the whole.
    pub(super) fn prepare(&mut self) {
        let interval = self.plan.shape.longest_interval();
        for node in 0..self.hosts.len() {
            let patience = *self.random.pick(&[1, 1, 1, 2, 10]);
            let at = 1 + self.random.below(interval * patience);
            self.queue.put(at, Event::Start(node as u16));
        }
        for (place, episode) in self.plan.script.iter().enumerate() {
            self.queue.put(episode.begin, Event::Begin(place as u16));
            if let Some(end) = episode.end {
                self.queue.put(end, Event::End(place as u16));
            }
        }
        self.queue.put(interval, Event::Look);
    }

    /// A run of the agent begins, if the host runs and no other does.
    pub(super) fn start(&mut self, node: usize) {
        let host = &mut self.hosts[node];
        if host.power == Power::Off || host.agent.is_some() {
            return;
        }
        if self.plan.mutant == Mutant::ForgetsPromises {
            host.forget_promises();
        }
        let (incarnation, now) = (host.next_incarnation(self.now), host.clock.local(self.now));
        let config = self.plan.shape.config(node, host.variation);
        let mut core = Node::new(config, incarnation);
        let mut actions = Vec::new();
        core.handle(now, Input::Adopt(&host.kernel.left()), &mut actions);
        core.handle(now, Input::Promised(host.promised()), &mut actions);
        for (place, network) in host.networks.iter().enumerate() {
            let soundness = Input::Soundness(NetworkIndex(place as u32), host.soundness(*network));
            core.handle(now, soundness, &mut actions);
        }
        host.runs += 1;
        host.kernel.incarnation = incarnation.0;
        host.kernel.begun = now.ns();
        host.sending = None;
        host.agent = Some(Agent::new(core, self.plan.shape.nodes(), host.paths.len()));
        self.checks.started(node, incarnation);
        self.transcript.says(self.now, node, "agent starts");
        self.act(node, &mut actions);
        self.send(node);
        self.want_turn(node, self.now);
    }

    /// The run ends in an instant, and says nothing.
    pub(super) fn kill(&mut self, node: usize) {
        let host = &mut self.hosts[node];
        host.agent = None;
        host.sending = None;
        self.checks.ended(node);
    }

    /// The run ends and says how.
    pub(super) fn stop(&mut self, node: usize, departure: Departure) {
        let host = &mut self.hosts[node];
        if host.active().is_none() {
            return self.kill(node);
        }
        let now = host.clock.local(self.now);
        let mut actions = Vec::new();
        let agent = host.agent.as_mut().expect("it was looked for");
        agent
            .core
            .handle(now, Input::Depart(departure), &mut actions);
        self.checks.departs(self.now, node, departure);
        self.act(node, &mut actions);
        self.hosts[node].agent = None;
        self.checks.ended(node);
        self.farewell(
            node,
            match departure {
                Departure::Restarting => Farewell::Restarting,
                Departure::Leaving => Farewell::Leaving,
            },
        );
    }

    /// A node's kernel tells its agent of an interface.
    pub(super) fn tell_soundness(&mut self, node: usize, network: usize) {
        let place = self.hosts[node]
            .networks
            .iter()
            .position(|on| *on == network);
        let Some(place) = place else { return };
        let soundness = self.hosts[node].soundness(network);
        self.tell(
            node,
            Input::Soundness(NetworkIndex(place as u32), soundness),
        );
    }

    /// What the witness says: it is heard as long as the cable and the switch work.
    pub(super) fn witness(&mut self, node: usize, network: usize, run: u32) {
        let host = &self.hosts[node];
        let place = host.networks.iter().position(|on| *on == network);
        let Some(place) = place.filter(|_| host.runs == run) else {
            return;
        };
        let others = (0..self.hosts.len()).filter(|other| *other != node);
        let ways = others.map(|other| Way {
            from: node,
            to: other,
            network,
        });
        let cut = ways.into_iter().all(|way| self.wires.is_cut(way));
        let witness = match (cut, host.soundness(network)) {
            (true, _) | (_, Soundness::Failed) => Witness::Silent,
            (false, Soundness::Sound | Soundness::Unknown) => Witness::Answers,
        };
        self.tell(node, Input::Witness(NetworkIndex(place as u32), witness));
    }

    /// Hands one input to a node's core, if its agent can take it, and turns.
    pub(super) fn tell(&mut self, node: usize, input: Input<'_>) {
        let host = &mut self.hosts[node];
        if host.active().is_none() {
            return;
        }
        let now = host.clock.local(self.now);
        let mut actions = Vec::new();
        let agent = host.agent.as_mut().expect("it was looked for");
        agent.core.handle(now, input, &mut actions);
        self.act(node, &mut actions);
        self.want_turn(node, self.now);
    }
}
