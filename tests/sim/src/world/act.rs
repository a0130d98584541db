//! Carrying out what a core asks for, and showing the checkers what it says.

use std::rc::Rc;

use heartbeat_core::action::{Action, Over};
use heartbeat_core::config::PathIndex;
use heartbeat_core::config::Role;
use heartbeat_core::inquiry::{Arm, Ask, stays_open};
use heartbeat_core::message::Message;
use heartbeat_core::node::Input;
use heartbeat_core::nodes::NodeSet;
use heartbeat_core::path::PathState;
use heartbeat_ebpf::wake::{ARRIVAL, CANDIDATE};
use heartbeat_ebpf::wire::{Header, Kind, flags};

use super::{Event, World};
use crate::host::{Body, Letter};
use crate::lanes::{Freight, Way};
use crate::mutant::Mutant;
use crate::shape::node_id;

impl World {
    /// Carries out what a node's core asks for, in order, and then looks at the core itself.
    pub(super) fn act(&mut self, node: usize, actions: &mut Vec<Action>) {
        for action in actions.drain(..) {
            match action {
                Action::Emit(event, _) => self.told(node, &event),
                Action::Remember(path, memory) => {
                    self.hosts[node].kernel.remember(path.position(), memory);
                }
                Action::Arm(path, arm) => {
                    let control = &self.hosts[node].kernel.controls[path.position()];
                    control.armed.set(match arm {
                        Arm::Arrival => ARRIVAL | CANDIDATE,
                        Arm::Candidate => CANDIDATE,
                    });
                }
                Action::Echo(path, ask) => self.ask(node, path, ask),
                // Groups are not used here, so there is one way to send.
                Action::Carry => {}
                Action::Outgrow(known) => self.outgrow(node, known.0),
                Action::Post { to, over, message } => self.post(node, &to, over, message),
                Action::Promise(epoch) => self.hosts[node].promise(epoch),
                Action::Probe(network) => self.probe(node, network.position()),
            }
        }
        self.observe(node);
    }

    /// Shows the checkers what a core holds to be so now.
    pub(super) fn observe(&mut self, node: usize) {
        let World {
            hosts,
            checks,
            truth,
            plan,
            now,
            coverage,
            transcript,
            ..
        } = self;
        let clocks = |node: usize| {
            let host = &hosts[node];
            let agent = host.agent.as_ref()?;
            let at = match plan.mutant {
                Mutant::IgnoresLease if agent.last_message != 0 => agent.last_message,
                _ => *now,
            };
            Some((&agent.core, host.clock.local(at)))
        };
        let installed = checks.observe(&plan.shape, truth, *now, node, &clocks);
        if let Some(view) = installed {
            coverage.install(&view);
            transcript.installed(*now, node, &view);
        }
    }

    fn ask(&mut self, node: usize, path: PathIndex, ask: Ask) {
        let nonce = self.nonce(node, path);
        let host = &mut self.hosts[node];
        let (peer, network) = host.paths[path.position()];
        let local = host.clock.local(self.now).ns();
        host.kernel.controls[path.position()].nonce.set(nonce);
        let slower = u64::from(host.variation.slower);
        let words = Header {
            kind: Kind::EchoRequest,
            flags: match ask {
                Ask::Plain => 0,
                Ask::Missed => flags::MISSED,
            },
            key_id: 1,
            sender: node as u16 + 1,
            cluster: 1,
            receiver: peer as u16 + 1,
            network: network as u16 + 1,
            interval_ms: (self.plan.shape.networks[network].interval * slower / 1_000_000) as u16,
            agent_age_ms: 0,
            config_digest: 0xabcd_0000 | host.variation.slower << 8,
            incarnation: host.incarnation,
            sequence: host.kernel.slots[path.position()].sequence.get(),
            sent: local,
            heard: nonce,
        }
        .words();
        let way = Way {
            from: node,
            to: peer,
            network,
        };
        self.carry(way, Freight::Short, |way| Event::Echo(way, Box::new(words)));
    }

    /// That of the question which is open, or a new one.
    fn nonce(&mut self, node: usize, path: PathIndex) -> u64 {
        let fresh = self.random.bits().max(1);
        let host = &mut self.hosts[node];
        let now = host.clock.local(self.now);
        let outstanding = host.kernel.controls[path.position()].nonce.get();
        let Some(agent) = &mut host.agent else {
            return fresh;
        };
        let lasts = agent.core.path(path).map(stays_open).unwrap_or_default();
        let since = &mut agent.questions[path.position()];
        let open = since.is_some_and(|since| now.since(since) < lasts);
        if open && outstanding != 0 {
            return outstanding;
        }
        *since = Some(now);
        fresh
    }

    fn post(&mut self, node: usize, to: &NodeSet, over: Over, message: Message) {
        if self.plan.mutant == Mutant::Mute && matches!(message, Message::Accept(_)) {
            return;
        }
        self.coverage.post(&message);
        self.transcript.posted(self.now, node, to, &message);
        let host = &mut self.hosts[node];
        let Some(agent) = &mut host.agent else { return };
        if let Message::Report(report) = &message {
            agent.voters = report.voters;
        }
        agent.posted += 1;
        let letter = Rc::new(Letter {
            incarnation: host.incarnation,
            number: agent.posted,
            body: Body::Control(message),
        });
        for peer in to
            .iter()
            .map(|peer| peer.position())
            .filter(|peer| *peer != node)
        {
            self.dispatch(node, peer, over, &letter);
        }
    }

    /// Sends one datagram, over the best path or over all that count and are not lost; if none is, over all.
    pub(super) fn dispatch(&mut self, node: usize, peer: usize, over: Over, letter: &Rc<Letter>) {
        let Some(core) = self.core(node) else { return };
        let now = self.hosts[node].clock.local(self.now);
        let best = match over {
            Over::Best => core.best_path(now, node_id(peer)),
            Over::All => None,
        };
        let host = &self.hosts[node];
        let chosen: Vec<usize> = match best {
            Some(path) => vec![host.paths[path.position()].1],
            None => {
                let shape = &self.plan.shape;
                let counts = |network: &usize| shape.networks[*network].role == Role::Counts;
                let all: Vec<usize> = shape.between(node, peer).filter(counts).collect();
                let sound = |network: &usize| {
                    let path = host
                        .place(peer, *network)
                        .map(|place| PathIndex(place as u32));
                    let state = path
                        .and_then(|path| core.path(path))
                        .map(|path| path.state());
                    !matches!(state, Some(PathState::Lost { .. }))
                };
                let good: Vec<usize> = all.iter().copied().filter(sound).collect();
                if good.is_empty() { all } else { good }
            }
        };
        for network in chosen {
            let way = Way {
                from: node,
                to: peer,
                network,
            };
            let letter = letter.clone();
            self.carry(way, Freight::Message, |way| {
                Event::Letter(way, letter.clone())
            });
        }
    }

    /// Peers know a newer incarnation: the agent goes on above it.
    fn outgrow(&mut self, node: usize, known: u64) {
        let host = &mut self.hosts[node];
        host.incarnation = host.incarnation.max(known);
        let next = host.next_incarnation(self.now);
        let now = host.clock.local(self.now);
        host.kernel.incarnation = next.0;
        host.kernel.begun = now.ns();
        let mut actions = Vec::new();
        if let Some(agent) = &mut host.agent {
            agent.core.handle(now, Input::Reborn(next), &mut actions);
        }
        self.act(node, &mut actions);
        self.send(node);
    }

    /// Asks the witness on a network: an address at the switch, which answers while the interface works.
    fn probe(&mut self, node: usize, place: usize) {
        let host = &self.hosts[node];
        let network = host.networks[place];
        let interval = self.plan.shape.networks[network].interval;
        let (run, node, network) = (host.runs, node as u16, network as u8);
        self.queue.put(
            self.now + interval / 2,
            Event::Witness { node, network, run },
        );
    }
}
