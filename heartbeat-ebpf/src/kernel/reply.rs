//! Turning an echo request into its reply, in place.
//!
//! The frame keeps its size and goes back the way it came: addresses and ports change places, the payload
//! becomes the reply, and the UDP checksum is made anew, for IPv6 does not allow none (RFC 8200, 8.1). The
//! IP header's checksum survives the exchange, for it is a sum.

use aya_ebpf::helpers::bpf_xdp_store_bytes;
use aya_ebpf::programs::XdpContext;

use super::packet::copy;
use super::tables::MapTables;
use crate::admit::Tables as _;
use crate::echo::Echo;
use crate::frame::Datagram;
use crate::map::{Network, Node};
use crate::slot::Slot;
use crate::wire::{self, Header, Kind, UDP_LENGTH, Words, flags};

/// The reply's payload, sealed.
#[inline(always)]
pub(super) fn words(
    request: &Words,
    slot: &Slot,
    echo: &Echo,
    node: &Node,
    network: &Network,
    now_ns: u64,
) -> Option<Words> {
    let progress = node.progress.get();
    let age_ms = now_ns.saturating_sub(progress) / 1_000_000;
    let asker = request.incarnation();
    let mut words = Header {
        kind: Kind::EchoReply,
        flags: if echo.hears_group(slot, asker) {
            flags::MULTICAST
        } else {
            0
        },
        key_id: request.key_id(),
        sender: request.receiver(),
        cluster: request.cluster(),
        receiver: request.sender(),
        network: request.network(),
        interval_ms: network.interval_ms.get() as u16,
        agent_age_ms: if u16::MAX as u64 <= age_ms {
            u16::MAX
        } else {
            age_ms as u16
        },
        config_digest: node.config_digest.get() as u32,
        incarnation: node.incarnation.get(),
        sequence: network.sent.get(),
        sent: echo.highest_known(slot, asker),
        heard: request.heard(),
    }
    .words();
    words.seal(&MapTables.keys(request.key_id())?.echo);
    Some(words)
}

/// Writes the reply over the request; `None` where the frame can't be written.
#[inline(always)]
pub(super) fn send(context: &XdpContext, datagram: &Datagram, words: Option<Words>) -> Option<()> {
    let words = words?;
    exchange_macs(context)?;
    let l4 = datagram.payload - 8;
    let ports: u32 = copy(context, l4)?;
    let (from, to) = (datagram.source.0, datagram.destination.0);
    if datagram.destination.is_mapped() {
        let pair = (to[1] >> 32) | (from[1] >> 32) << 32;
        store(context, datagram.l3 + 12, &pair)?;
    } else {
        store(context, datagram.l3 + 8, &[to[0], to[1], from[0], from[1]])?;
    }
    let ports = ports.rotate_left(16);
    let checksum = checksum(from, to, ports, &words);
    let udp = ports as u64 | (UDP_LENGTH.to_be() as u64) << 32 | (checksum as u64) << 48;
    store(context, l4, &udp)?;
    store(context, datagram.payload, &words.0)
}

/// Puts the source first. Whole words only: before Linux 6.2 the verifier takes a smaller store into a stack
/// slot that holds a known number for an attempt on a spilled pointer, without CAP_PERFMON.
#[inline(always)]
fn exchange_macs(context: &XdpContext) -> Option<()> {
    let head: u64 = copy(context, 0)?;
    let tail: u32 = copy(context, 8)?;
    store(context, 0, &(head >> 48 | (tail as u64) << 16 | head << 48))?;
    store(context, 8, &((head >> 16) as u32))
}

/// The UDP checksum over pseudo header, header and payload, in memory order (RFC 1071: the sum of words in
/// either byte order, folded, is the checksum in that order). The mapped prefix of an IPv4 address adds
/// 0xffff, which a one's complement sum does not notice.
#[inline(always)]
fn checksum(from: [u64; 2], to: [u64; 2], ports: u32, words: &Words) -> u16 {
    let w = &words.0;
    let mut sum = ports as u64;
    sum += UDP_LENGTH.to_be() as u64 * 2 + 17u16.to_be() as u64;
    sum += halves(from[0]) + halves(from[1]) + halves(to[0]) + halves(to[1]);
    sum += halves(w[0]) + halves(w[1]) + halves(w[2]) + halves(w[3]);
    sum += halves(w[4]) + halves(w[5]) + halves(w[6]) + halves(w[7]);
    sum = (sum & 0xffff_ffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    match !(sum as u16) {
        0 => 0xffff,
        checksum => checksum,
    }
}

#[inline(always)]
fn halves(word: u64) -> u64 {
    (word & 0xffff_ffff) + (word >> 32)
}

#[inline(always)]
fn store<T>(context: &XdpContext, offset: u32, value: &T) -> Option<()> {
    let length = size_of::<T>() as u32;
    let value = core::ptr::from_ref(value).cast_mut().cast();
    // SAFETY: the helper reads `length` bytes of the value.
    let result = unsafe { bpf_xdp_store_bytes(context.ctx, offset, value, length) };
    (result == 0).then_some(())
}

const _: () = assert!(size_of::<Words>() == wire::LENGTH);
