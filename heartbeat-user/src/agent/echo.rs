//! Echoes: asking a peer's kernel, and answering where a kernel can't.
//!
//! A reply leaves from the XDP program itself (XDP_TX), so that it tells a dead host from a hung agent. Not
//! every device can do that: a veth whose far end has no XDP program drops it, some drivers lack the queues.
//! A peer behind such a device would never be confirmed. So after two requests without a reply every other
//! one asks for the agent's own answer; it is passed up, and the agent answers the same words from its socket.
//! Where that helped once, it is asked for first.

use heartbeat_core::config::PathIndex;
use heartbeat_ebpf::admit::tag_holds;
use heartbeat_ebpf::slot::Announced;
use heartbeat_ebpf::wire::{Header, Kind, LENGTH, Words, flags};

use super::Agent;
use super::plan::PathPlan;
use crate::clock;
use crate::random;
use crate::socket::Route;
use crate::socket::incoming::Received;

/// Requests without a reply until the peer's agent is asked instead of its kernel.
const KERNEL_TRIES: u32 = 2;
/// Datagrams read in one turn; the rest wait for the next.
const DATAGRAMS_MAX: usize = 64;

impl Agent {
    /// Asks the peer of a path for its incarnation.
    pub(super) fn ask(&mut self, path: PathIndex) {
        let Some(keys) = &self.keys else { return };
        let plan = &self.paths[path.position()];
        let Some(route) = self.route(plan) else {
            return;
        };
        let nonce = match nonce() {
            Ok(nonce) => nonce,
            Err(error) => {
                log::error!("no random number for an echo request: {error}");
                return;
            }
        };
        let by_agent = KERNEL_TRIES <= plan.unanswered && plan.unanswered % 2 == KERNEL_TRIES % 2;
        let header = Header {
            kind: Kind::EchoRequest,
            flags: if by_agent { flags::BY_AGENT } else { 0 },
            sent: clock::now().ns(),
            heard: nonce,
            sequence: self.maps.shared.slots()[plan.slot as usize].sequence.get(),
            ..self.template(plan)
        };
        let subkey = keys.signing.echo;
        self.maps.shared.controls()[plan.slot as usize]
            .nonce
            .set(nonce);
        if let Err(error) = self.sockets.send(&route, &header.encode(Some(&subkey))) {
            log::info!("an echo request to {} was not sent: {error}", route.remote);
        }
        self.paths[path.position()].unanswered += 1;
    }

    /// Notices that the last request of a path was answered, and by whom.
    pub(super) fn note_reply(&mut self, path: usize) {
        let plan = &mut self.paths[path];
        let reply = self.maps.shared.echoes()[plan.slot as usize]
            .announced
            .get();
        let by_agent = Announced::unpack(reply).flags & flags::BY_AGENT != 0;
        plan.unanswered = if by_agent { KERNEL_TRIES } else { 0 };
    }

    /// Where a path's datagrams go, if its interface is there.
    pub(super) fn route(&self, plan: &PathPlan) -> Option<Route> {
        let port = self
            .devices
            .ports
            .iter()
            .find(|port| port.network == plan.network)?;
        Some(Route {
            local: plan.local,
            remote: plan.remote,
            interface: port.interface.as_ref()?.index,
        })
    }

    /// What every datagram on a path has in common; a heartbeat's otherwise.
    pub(super) fn template(&self, plan: &PathPlan) -> Header {
        Header {
            kind: Kind::Heartbeat,
            flags: 0,
            key_id: self.keys.as_ref().map_or(0, |keys| keys.signing.id),
            sender: self.cluster.nodes[self.node].id.number(),
            cluster: self.cluster.hash,
            receiver: plan.peer.number(),
            network: plan.network_id.number(),
            interval_ms: u16::try_from(plan.interval.as_millis()).unwrap_or(u16::MAX),
            agent_age_ms: 0,
            config_digest: self.cluster.digest,
            incarnation: self.incarnation.0,
            sequence: 0,
            sent: 0,
            heard: 0,
        }
    }

    /// Answers the echo requests that XDP passed up, and drops everything else. Says whether none is left.
    pub(super) fn answer_messages(&mut self) -> bool {
        for _ in 0..DATAGRAMS_MAX {
            match self.sockets.receive() {
                Some(received) => self.answer(&received),
                None => return true,
            }
        }
        false
    }

    fn answer(&self, received: &Received) {
        let Some(words) = received
            .payload
            .first_chunk::<LENGTH>()
            .map(Words::from_bytes)
        else {
            return;
        };
        let (Some(ring), Some(request)) = (&self.keys, words.header()) else {
            return;
        };
        let Some(keys) = ring
            .maps()
            .into_iter()
            .find(|keys| keys.id == request.key_id)
        else {
            return;
        };
        let asked = request.kind == Kind::EchoRequest
            && request.flags & flags::BY_AGENT != 0
            && request.cluster == self.cluster.hash
            && received.payload.len() == LENGTH
            && request.key_id != 0
            && tag_holds(request.kind, &words, &keys);
        let plan = self.paths.iter().find(|plan| {
            plan.remote == received.from
                && plan.peer.number() == request.sender
                && plan.network_id.number() == request.network
        });
        let Some(plan) = plan.filter(|_| asked) else {
            return;
        };
        let Some(route) = self.route(plan) else {
            return;
        };
        let slot = plan.slot as usize;
        let (slot, echo) = (
            &self.maps.shared.slots()[slot],
            &self.maps.shared.echoes()[slot],
        );
        let by_group = echo.hears_group(slot, request.incarnation);
        let reply = Header {
            kind: Kind::EchoReply,
            flags: flags::BY_AGENT | if by_group { flags::MULTICAST } else { 0 },
            key_id: request.key_id,
            sequence: self.maps.shared.networks()[plan.entry].sent.get(),
            sent: echo.highest_known(slot, request.incarnation),
            heard: request.heard,
            ..self.template(plan)
        };
        if let Err(error) = self.sockets.send(&route, &reply.encode(Some(&keys.echo))) {
            log::info!("an echo reply to {} was not sent: {error}", route.remote);
        }
    }
}

/// A random number that is not 0.
fn nonce() -> std::io::Result<u64> {
    loop {
        let nonce = u64::from_ne_bytes(random::bytes()?);
        if nonce != 0 {
            return Ok(nonce);
        }
    }
}
