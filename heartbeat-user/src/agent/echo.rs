//! Echoes: asking a peer's kernel, and answering where a kernel can't.
//!
//! A reply leaves from the XDP program itself (XDP_TX), so that it tells a dead host from a hung agent. Not
//! every device can do that: a veth whose far end has no XDP program drops it, some drivers lack the queues.
//! A peer behind such a device would never be confirmed. So after two requests without a reply every other
//! one asks for the agent's own answer; it is passed up, and the agent answers the same words from its socket.
//! Where that helped once, it is asked for first.

use heartbeat_core::config::PathIndex;
use heartbeat_core::inquiry::{Ask, stays_open};
use heartbeat_ebpf::admit::tag_holds;
use heartbeat_ebpf::slot::Announced;
use heartbeat_ebpf::time::Timestamp;
use heartbeat_ebpf::wire::{Header, Kind, LENGTH, Words, flags};

use super::Agent;
use crate::clock;
use crate::random;
use crate::socket::incoming::Received;

/// Requests without a reply until the peer's agent is asked instead of its kernel.
pub(super) const KERNEL_TRIES: u32 = 2;

impl Agent {
    /// Asks the kernel of a path's peer, and tells it what it is to know.
    pub(super) fn ask(&mut self, path: PathIndex, ask: Ask) {
        let Some(keys) = &self.keys else { return };
        let plan = &self.site.paths[path.position()];
        let Some(route) = self.route(plan) else {
            return;
        };
        let now = clock::now();
        let open = self.open_nonce(path, now);
        let nonce = match open.map_or_else(nonce, Ok) {
            Ok(nonce) => nonce,
            Err(error) => {
                log::error!("no random number for an echo request: {error}");
                return;
            }
        };
        let by_agent = KERNEL_TRIES <= plan.counts.unanswered
            && plan.counts.unanswered % 2 == KERNEL_TRIES % 2;
        let remark = match ask {
            Ask::Plain => 0,
            Ask::Missed => flags::MISSED,
        };
        let slot = plan.slot as usize;
        let header = Header {
            kind: Kind::EchoRequest,
            flags: remark | if by_agent { flags::BY_AGENT } else { 0 },
            sent: now.ns(),
            heard: nonce,
            sequence: self.site.maps.shared.slots()[slot].sequence.get(),
            ..self.template(plan)
        };
        let subkey = keys.signing.echo;
        self.site.maps.shared.controls()[slot].nonce.set(nonce);
        if let Err(error) = self.sockets.send(&route, &header.encode(Some(&subkey))) {
            log::info!("an echo request to {} was not sent: {error}", route.remote);
        }
        let counts = &mut self.site.paths[path.position()].counts;
        counts.unanswered += 1;
        if open.is_none() {
            counts.asked = Some(now);
        }
    }

    /// The nonce of a question of this run that is not answered, and may still be.
    fn open_nonce(&self, path: PathIndex, now: Timestamp) -> Option<u64> {
        let plan = &self.site.paths[path.position()];
        let lasts = stays_open(self.core.path(path)?);
        plan.counts.asked.filter(|at| now.since(*at) < lasts)?;
        let nonce = self.site.maps.shared.controls()[plan.slot as usize]
            .nonce
            .get();
        (nonce != 0).then_some(nonce)
    }

    /// Notices that the last request of a path was answered, and by whom. A restored path begins there as well:
    /// what a cut left unanswered says nothing of who answers, and would have a stopped agent asked instead of
    /// its kernel.
    pub(super) fn note_reply(&mut self, path: usize) {
        let plan = &mut self.site.paths[path];
        let reply = self.site.maps.shared.echoes()[plan.slot as usize]
            .announced
            .get();
        let by_agent = Announced::unpack(reply).flags & flags::BY_AGENT != 0;
        plan.counts.unanswered = if by_agent { KERNEL_TRIES } else { 0 };
    }

    /// Answers an echo request that XDP passed up.
    pub(super) fn answer(&self, request: &Header, words: &Words, received: &Received) {
        let Some(ring) = &self.keys else { return };
        let Some(keys) = ring
            .maps()
            .into_iter()
            .find(|keys| keys.id == request.key_id)
        else {
            return;
        };
        let asked = request.flags & flags::BY_AGENT != 0
            && request.cluster == self.cluster.hash
            && received.payload.len() == LENGTH
            && request.key_id != 0
            && tag_holds(request.kind, words, &keys);
        let path = self
            .site
            .path_from(received.from, request.sender, request.network);
        let Some(path) = path.filter(|_| asked) else {
            return;
        };
        let plan = &self.site.paths[path];
        let Some(route) = self.route(plan) else {
            return;
        };
        let slot = plan.slot as usize;
        let (slot, echo) = (
            &self.site.maps.shared.slots()[slot],
            &self.site.maps.shared.echoes()[slot],
        );
        let by_group = echo.hears_group(slot, request.incarnation);
        let reply = Header {
            kind: Kind::EchoReply,
            flags: flags::BY_AGENT | if by_group { flags::MULTICAST } else { 0 },
            key_id: request.key_id,
            sequence: self.site.maps.shared.networks()[plan.entry].sent.get(),
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
