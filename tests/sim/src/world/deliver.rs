//! What arrives at a machine, before its agent sees it.

use std::rc::Rc;

use heartbeat_ebpf::verdict::Verdict;
use heartbeat_ebpf::wire::{Header, Kind, Words};

use super::{Event, Heartbeat, World};
use crate::host::Letter;
use crate::kernel::Wake;
use crate::lanes::{Freight, Way};

/// Datagrams that a socket holds.
const INBOX_MAX: usize = 256;

impl World {
    /// A heartbeat reaches its receiver's interface.
    pub(super) fn heartbeat(&mut self, heartbeat: &Heartbeat) {
        let (from, to) = (usize::from(heartbeat.from), usize::from(heartbeat.to));
        let network = usize::from(heartbeat.network);
        let host = &mut self.hosts[to];
        let Some(path) = host.place(from, network).filter(|_| host.stamps()) else {
            self.truth.disturb(self.now, Way { from, to, network });
            return;
        };
        let local = host.clock.local(self.now).ns();
        let stamped = host.kernel.heartbeat(path, &heartbeat.words(), local);
        if stamped.verdict == Verdict::Heartbeat {
            let shape = &self.plan.shape;
            self.truth.hear(shape, self.now, to, from, network);
            let previous = stamped.previous.unwrap_or(0);
            let network_shape = &shape.networks[network];
            let long = network_shape.interval * u64::from(network_shape.lost_after);
            if previous != 0 && previous + long <= local {
                self.truth.fell_silent(network, to, from, (previous, local));
            }
        }
        if stamped.wake == Wake::Yes {
            self.want_turn(to, self.now);
        }
    }

    /// A kernel stamps a heartbeat that never came, as no real one may.
    pub(super) fn ghost(&mut self, heartbeat: &Heartbeat) {
        let (from, to) = (usize::from(heartbeat.from), usize::from(heartbeat.to));
        let host = &mut self.hosts[to];
        let place = host.place(from, usize::from(heartbeat.network));
        if let Some(path) = place.filter(|_| host.stamps()) {
            let local = host.clock.local(self.now).ns();
            host.kernel.heartbeat(path, &heartbeat.words(), local);
        }
    }

    /// An echo request or reply reaches its receiver's interface.
    pub(super) fn echo(&mut self, way: Way, words: &Words) {
        let Way { from, to, network } = way;
        let host = &mut self.hosts[to];
        let Some(path) = host.place(from, network).filter(|_| host.stamps()) else {
            return;
        };
        let local = host.clock.local(self.now).ns();
        let wake = if words.kind() == Kind::EchoReply as u8 {
            let wake = host.kernel.reply(path, words, local);
            if wake == Wake::Yes {
                self.truth.answer(self.now, way);
            }
            wake
        } else {
            let slower = u64::from(host.variation.slower);
            let interval = self.plan.shape.networks[network].interval * slower;
            let sent = host.kernel.sent[network];
            let (reply, wake) = host.kernel.request(path, words, local, interval, sent);
            if let Some(reply) = reply {
                let back = Way {
                    from: to,
                    to: from,
                    network,
                };
                self.carry(back, Freight::Short, |way| {
                    Event::Echo(way, Box::new(reply))
                });
            }
            wake
        };
        if wake == Wake::Yes {
            self.want_turn(to, self.now);
        }
    }

    /// A message datagram reaches its receiver: the agent reads it at once, or its socket holds it.
    pub(super) fn letter(&mut self, way: Way, letter: Rc<Letter>) {
        let host = &mut self.hosts[way.to];
        if !host.stamps() {
            return;
        }
        self.truth.answer(self.now, way);
        let host = &mut self.hosts[way.to];
        let idle = host.active().is_some_and(|agent| agent.busy <= self.now);
        let Some(agent) = &mut host.agent else { return };
        if idle && agent.inbox.is_empty() {
            self.read(way, &letter);
            self.want_turn(way.to, self.now);
        } else if agent.inbox.len() < INBOX_MAX {
            agent.inbox.push_back((way, letter));
            self.want_turn(way.to, self.now);
        }
    }

    /// Puts something on a wire.
    pub(super) fn carry(&mut self, way: Way, freight: Freight, event: impl Fn(Way) -> Event) {
        let arrivals = self.wires.pass(&mut self.random, self.now, way, freight);
        for at in arrivals.into_iter().flatten() {
            self.queue.put(at, event(way));
        }
    }
}

impl Heartbeat {
    /// Its 64 bytes. Nobody forges them here, so the tag stays empty; the contract's own tests look at that.
    fn words(&self) -> Words {
        Header {
            kind: Kind::Heartbeat,
            flags: self.flags,
            key_id: 1,
            sender: self.from + 1,
            cluster: 1,
            receiver: self.to + 1,
            network: u16::from(self.network) + 1,
            interval_ms: self.interval_ms,
            agent_age_ms: self.agent_age_ms,
            config_digest: self.digest,
            incarnation: self.incarnation,
            sequence: self.sequence,
            sent: self.sent,
            heard: 0,
        }
        .words()
    }
}
