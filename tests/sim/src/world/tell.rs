//! What cores tell: written down, counted, and shown to the checkers beside the truth.

use heartbeat_core::Timestamp;
use heartbeat_core::config::PathIndex;
use heartbeat_core::event::{Event, Reach};
use heartbeat_core::nodes::NodeIndex;
use heartbeat_core::strain::Strain;

use super::World;
use crate::check::Told;
use crate::lanes::Way;
use crate::mutant::Mutant;
use crate::truth::Disturbed;

impl World {
    /// A node's core told an event.
    pub(super) fn told(&mut self, node: usize, event: &Event) {
        let times = match (self.plan.mutant, event) {
            (Mutant::Stutters, _) => 2,
            (Mutant::LosesEvents, Event::Interface { .. }) => 0,
            _ => 1,
        };
        for _ in 0..times {
            self.tell_once(node, event);
        }
    }

    fn tell_once(&mut self, node: usize, event: &Event) {
        self.coverage.event(event.kind());
        self.write_down(node, event);
        if let Event::QuorumLost { .. } = event {
            self.coverage.splits += u64::from(self.is_anybody_quorate(node));
        }
        let networks = &self.hosts[node].networks;
        let on = |place: heartbeat_core::config::NetworkIndex| networks[place.position()];
        let told = match event {
            Event::PathLost {
                path,
                last_arrival,
                deadline,
                judged,
                ..
            } => Told::PathLost {
                last_arrival: *last_arrival,
                deadline: *deadline,
                until: self.silent_until(node, *path, *last_arrival, *judged),
            },
            Event::PathLate { path, warning, .. } => self.strained(node, *path, warning.strain),
            Event::Interface {
                node,
                network,
                state,
                ..
            } => {
                let (other, network) = (node.position(), on(*network));
                match state {
                    Reach::Up => Told::InterfaceUp(other, network),
                    Reach::Unreachable | Reach::Failed => Told::InterfaceDown(other, network),
                }
            }
            Event::MemberRemoved { node, .. } => Told::MemberRemoved(node.position()),
            Event::QuorumLost { .. } => Told::QuorumLost,
            Event::PathRestored { .. }
            | Event::AgentStalled { .. }
            | Event::AgentResumed { .. }
            | Event::Departed { .. }
            | Event::ConfigDiffers { .. }
            | Event::MulticastFailed { .. }
            | Event::IncarnationRefused { .. }
            | Event::PathFlapping { .. }
            | Event::SelfStarved { .. }
            | Event::LocalInterfaceFailed { .. }
            | Event::Network { .. }
            | Event::MemberJoined { .. }
            | Event::Quarantined { .. } => return,
        };
        let shared: Vec<usize> = match told {
            Told::MemberRemoved(gone) => {
                let shape = &self.plan.shape;
                networks
                    .iter()
                    .copied()
                    .filter(|network| shape.is_attached(*network, gone))
                    .collect()
            }
            Told::PathLost { .. }
            | Told::PathLate { .. }
            | Told::InterfaceUp(..)
            | Told::InterfaceDown(..)
            | Told::QuorumLost => Vec::new(),
        };
        self.checks.told(self.now, node, told, &shared);
    }

    /// What a strain is about: the way to the node that says it, or the one from it. Of that the peer tells, on the
    /// way back, and takes a new run for heard only when it was answered there.
    fn strained(&self, node: usize, path: PathIndex, strain: Strain) -> Told {
        let (peer, network) = self.hosts[node].paths[path.position()];
        let (from, to) = match strain {
            Strain::Losing | Strain::Late => (peer, node),
            Strain::Unheard => (node, peer),
        };
        let sound = |from, to| {
            let way = Way { from, to, network };
            self.truth.disturbed(self.now, way) == Disturbed::No
        };
        let disturbed = if sound(from, to) && (strain != Strain::Unheard || sound(to, from)) {
            Disturbed::No
        } else {
            Disturbed::Lately
        };
        Told::PathLate {
            from,
            to,
            disturbed,
        }
    }

    /// How long the silence since `last` truly lasted, as far as the kernel has seen: until now, or until the
    /// heartbeat that ended it. A silence that never was lasted until its beginning.
    fn silent_until(
        &self,
        node: usize,
        path: PathIndex,
        last: Timestamp,
        judged: Timestamp,
    ) -> Timestamp {
        let host = &self.hosts[node];
        let slot = &host.kernel.slots[path.position()];
        if slot.last_arrival.get() == last.ns() {
            return judged;
        }
        let (peer, network) = host.paths[path.position()];
        let silences = self.truth.silences(network, node, peer);
        let found = silences.iter().find(|(start, _)| *start == last.ns());
        found
            .and_then(|(_, end)| Timestamp::from_ns(*end))
            .unwrap_or(last)
    }

    fn is_anybody_quorate(&self, but: usize) -> bool {
        self.hosts.iter().enumerate().any(|(node, host)| {
            let now = host.clock.local(self.now);
            let agent = host.agent.as_ref().filter(|_| node != but);
            agent.is_some_and(|agent| agent.core.is_quorate(now))
        })
    }

    fn write_down(&mut self, node: usize, event: &Event) {
        if self.transcript.is_silent() {
            return;
        }
        let Some(core) = self.core(node) else { return };
        let kind = event.kind();
        let subject = subject(event, core.config());
        let line = format!("{} {}{subject}", kind.id(), kind.name());
        self.transcript.says(self.now, node, &line);
    }
}

/// Whom an event is about, in few letters: ` b net-1`.
fn subject(event: &Event, config: &heartbeat_core::config::Config) -> String {
    use heartbeat_core::event::Subject;
    let name = |name: &str| format!(" {}", name.trim_start_matches("node-"));
    let of = |node: NodeIndex| {
        config
            .node_at(node)
            .map_or_else(String::new, |node| name(&node.name))
    };
    let on = |network: heartbeat_core::config::NetworkIndex| {
        let network = config.networks.get(network.position());
        network.map_or_else(String::new, |network| format!(" {}", network.label))
    };
    match event.subject() {
        Subject::Path(path) => {
            let path = &config.paths[path.position()];
            format!("{} {}", name(&path.peer_name), path.network_label)
        }
        Subject::Peer(peer) => name(config.peer_name(peer).unwrap_or("?")),
        Subject::Observer => String::new(),
        Subject::OwnInterface(network) | Subject::Network(network) => on(network),
        Subject::Interface(node, network) => format!("{}{}", of(node), on(network)),
        Subject::Node(node) => of(node),
    }
}
