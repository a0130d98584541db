//! Heartbeats: each network's rounds, as the agent's sender thread sends them.
//!
//! A run begins with three rounds in quick succession and ends with three that say how. A sender that stood
//! still sends one round when it goes on, not all that were missed.

use heartbeat_ebpf::wire::flags;

use super::{Event, Heartbeat, World};
use crate::host::Sending;
use crate::lanes::{Freight, Way};
use crate::mutant::Mutant;
use crate::shape::MS;

/// Rounds of a lead-in, and of a farewell.
const LEAD_IN: u64 = 3;
/// The largest spacing of the rounds of a farewell, ns.
const FAREWELL_SPACING_MAX: u64 = 20_000_000;

/// How a run says that it ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Farewell {
    Restarting,
    Leaving,
}

impl World {
    /// The sender begins, or begins a new rhythm: with a lead-in on every network.
    pub(super) fn send(&mut self, node: usize) {
        self.rhythm(node, 0, false);
    }

    /// The sender says that its run ends, and stops.
    pub(super) fn farewell(&mut self, node: usize, farewell: Farewell) {
        let flags = match farewell {
            Farewell::Restarting => flags::RESTARTING,
            Farewell::Leaving => flags::LEAVING,
        };
        self.rhythm(node, flags, true);
    }

    fn rhythm(&mut self, node: usize, flags: u8, last: bool) {
        self.disturb_all(node, u64::MAX);
        let host = &mut self.hosts[node];
        let ticket = host
            .sending
            .map_or(host.runs << 16, |sending| sending.ticket + 1);
        let leads = host.networks.iter().map(|network| LEAD_IN << (2 * network));
        host.sending = Some(Sending {
            ticket,
            flags,
            lead: leads.sum(),
            last,
            held: 0,
            held_since: 0,
        });
        for network in host.networks.clone() {
            let phase = self.random.below(1_000_000);
            self.put_round(self.now + phase, node, network, ticket);
        }
    }

    fn put_round(&mut self, at: u64, node: usize, network: usize, ticket: u32) {
        let (node, network) = (node as u16, network as u8);
        self.queue.put(
            at,
            Event::Round {
                node,
                network,
                ticket,
            },
        );
    }

    /// A round is due.
    pub(super) fn round(&mut self, node: usize, network: usize, ticket: u32) {
        let now = self.now;
        let host = &mut self.hosts[node];
        let awake = host.frozen == 0 && host.agent.as_ref().is_none_or(|agent| agent.paused == 0);
        let Some(sending) = &mut host.sending else {
            return;
        };
        if sending.ticket != ticket {
            return;
        }
        if !awake {
            if sending.held == 0 {
                sending.held_since = now;
            }
            sending.held |= 1 << network;
            return;
        }
        let interval =
            self.plan.shape.networks[network].interval * u64::from(host.variation.slower);
        let lead = sending.lead >> (2 * network) & 3;
        let rest = if lead == 0 {
            interval + self.random.below(interval / 64)
        } else {
            sending.lead -= 1 << (2 * network);
            let most = if sending.last {
                FAREWELL_SPACING_MAX
            } else {
                u64::MAX
            };
            (interval / 10).min(most)
        };
        let done = sending.last && lead <= 1;
        let flags = sending.flags;
        if !done {
            self.put_round(now + rest, node, network, ticket);
        }
        self.send_round(node, network, flags);
    }

    /// The sender goes on after it stood still.
    pub(super) fn resume_rounds(&mut self, node: usize) {
        let now = self.now;
        let host = &mut self.hosts[node];
        let Some(sending) = &mut host.sending else {
            return;
        };
        let (held, ticket) = (sending.held, sending.ticket);
        if held != 0 {
            let late = now - sending.held_since;
            if let Some(agent) = &mut host.agent {
                agent.sender_late = agent.sender_late.max(late);
            }
        }
        sending.held = 0;
        self.disturb_all(node, held);
        for network in (0..64).filter(|network| held >> network & 1 == 1) {
            self.put_round(now, node, network, ticket);
        }
    }

    /// What a node sends on these networks, by bit, does not come when it is expected.
    fn disturb_all(&mut self, from: usize, networks: u64) {
        for (to, network) in self.hosts[from].paths.iter().copied() {
            if networks >> network & 1 == 1 {
                self.truth.disturb(self.now, Way { from, to, network });
            }
        }
    }

    fn send_round(&mut self, node: usize, network: usize, flags: u8) {
        let World {
            hosts,
            queue,
            wires,
            random,
            plan,
            truth,
            now,
            ..
        } = self;
        let host = &mut hosts[node];
        host.kernel.sent[network] += 1;
        let local = host.clock.local(*now).ns();
        let age = local.saturating_sub(host.kernel.progress) / 1_000_000;
        let interval = plan.shape.networks[network].interval * u64::from(host.variation.slower);
        for (peer, _) in host.paths.iter().filter(|(_, on)| *on == network) {
            let way = Way {
                from: node,
                to: *peer,
                network,
            };
            let heartbeat = Heartbeat {
                from: node as u16,
                to: *peer as u16,
                network: network as u8,
                flags,
                interval_ms: (interval / 1_000_000) as u16,
                agent_age_ms: u16::try_from(age).unwrap_or(u16::MAX),
                digest: 0xabcd_0000 | host.variation.slower << 8,
                incarnation: host.incarnation,
                sequence: host.kernel.sent[network],
                sent: local,
            };
            let arrivals = wires.pass(random, *now, way, Freight::Short);
            let [first, _] = arrivals;
            if first.is_none_or(|at| *now + wires.usual() < at) {
                truth.disturb(*now, way);
            }
            for at in arrivals.into_iter().flatten() {
                queue.put(at, Event::Heartbeat(heartbeat));
            }
            if plan.mutant == Mutant::HearsGhosts && arrivals.iter().all(Option::is_none) {
                queue.put(*now + MS, Event::Ghost(heartbeat));
            }
        }
    }
}
