//! Frames that are right in most things and wrong in some.
//!
//! Pure noise is refused at the first byte and tries nothing. So a frame starts out as one that would be believed,
//! each of its fields may then be exchanged for another plausible value, the tag is made last, and only some of
//! the finished frames are damaged. A frame then gets as far into the judge as its first mistake allows, and
//! every depth is reached often.

use heartbeat_ebpf::slot::Slot;
use heartbeat_ebpf::wire::{Header, Kind, PORT, flags};

use super::path::{INCARNATION, Path, seal, subkey};
use super::random::Random;
use super::tables;
use crate::frames::{DESTINATION, Frame, HOP_BY_HOP, ROUTING};

/// Nonces that echo replies carry.
pub const NONCES: [u64; 4] = [77, 78, 0, u64::MAX];

/// Whom a datagram is meant for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum To {
    Node,
    Group,
}

/// A frame for this path, on which `slot` has been heard.
pub fn frame(random: &mut Random, path: &Path, slot: &Slot) -> Vec<u8> {
    let to = match random.one_in(6) {
        true => To::Group,
        false => To::Node,
    };
    let payload = payload(random, path, slot, to);
    let mut bytes = wrapping(random, path, to).payload(payload).bytes();
    match random.below(24) {
        0 => bytes.truncate(14 + random.below(bytes.len() - 13)),
        1 => bytes.extend(vec![0; random.below(60)]),
        2..=4 => flip(random, &mut bytes, 1),
        5 => flip(random, &mut bytes, 8),
        6 => bytes[12..].fill_with(|| random.number() as u8),
        7 => {
            let at = 14.min(bytes.len());
            bytes[at..].fill_with(|| random.number() as u8);
        }
        _ => {}
    }
    bytes
}

fn flip(random: &mut Random, bytes: &mut [u8], count: usize) {
    for _ in 0..count {
        let at = random.below(bytes.len());
        bytes[at] ^= 1 << random.below(8);
    }
}

/// A header sealed as it should be, or not, and what follows it.
fn payload(random: &mut Random, path: &Path, slot: &Slot, to: To) -> Vec<u8> {
    let mut header = header(random, path, slot);
    if to == To::Group && !random.one_in(8) {
        header.receiver = 0;
    }
    let sealed = match random.below(24) {
        0 => header.encode(None),
        1 => header.encode(Some(&tables::keys(header.key_id).heartbeat)),
        2 => header.encode(Some(&tables::keys(header.key_id).echo)),
        3 => {
            let other = Header {
                key_id: header.key_id ^ 3,
                ..header
            };
            header.encode(subkey(&other).as_ref())
        }
        _ => seal(&header),
    };
    let mut payload = sealed.to_vec();
    if header.kind == Kind::Message || random.one_in(32) {
        let length = random.below(64);
        payload.extend(random.bytes(length));
    }
    match random.below(40) {
        0 => payload.truncate(random.below(64)),
        1 => payload[random.below(4)] ^= 1 << random.below(8),
        _ => {}
    }
    payload
}

fn header(random: &mut Random, path: &Path, slot: &Slot) -> Header {
    let kind = match random.below(10) {
        0 | 1 => Kind::EchoRequest,
        2 => Kind::EchoReply,
        3 => Kind::Message,
        _ => Kind::Heartbeat,
    };
    let mut header = Header {
        sequence: sequence(random, slot),
        incarnation: incarnation(random),
        sent: random.below(1 << 20) as u64,
        heard: *random.one_of(&NONCES[..3]),
        key_id: *random.one_of(&[1, 1, 1, 2, 0]),
        flags: random.number() as u8 & !flags::BY_AGENT,
        ..path.header(kind)
    };
    match random.below(20) {
        0 => header.sender = random.below(5) as u16,
        1 => header.receiver = random.below(3) as u16,
        2 => header.network = random.one_of(&Path::all()).network,
        3 => header.cluster ^= 1 << random.below(32),
        4 => header.interval_ms = *random.one_of(&[0, 9, 10, 60_000, 60_001]),
        5 => header.key_id = random.number() as u8,
        6 => header.flags |= flags::BY_AGENT,
        _ => {}
    }
    header
}

/// Mostly the next numbers, often ones in or just below the window, seldom ones far away.
fn sequence(random: &mut Random, slot: &Slot) -> u64 {
    let highest = slot.sequence.get();
    let step = random.below(70) as u64;
    match random.below(16) {
        0..=6 => highest.wrapping_add(1 + step % 3),
        7..=9 => highest.saturating_sub(step % 8),
        10..=13 => highest.saturating_sub(step),
        14 => highest.wrapping_add(step),
        _ => random.number() >> random.below(64),
    }
}

fn incarnation(random: &mut Random) -> u64 {
    match random.below(16) {
        0 => INCARNATION - 1,
        1 => 0,
        2..=4 => INCARNATION + random.below(4) as u64,
        _ => INCARNATION + 1,
    }
}

/// The headers around a payload: those of the path, or nearly.
fn wrapping(random: &mut Random, path: &Path, to: To) -> Frame {
    let others = Path::all();
    let other = others
        .iter()
        .filter(|other| other.here.is_ipv4() == path.here.is_ipv4());
    let other = random.one_of(&other.collect::<Vec<_>>()).here;
    let vlans: &[u16] = match random.below(24) {
        0 => &[],
        1 => &[0],
        2 => &[7, 9],
        _ => &path.vlans,
    };
    let meant = match to {
        To::Node => path.here,
        To::Group => path.group,
    };
    let (from, to) = match random.below(24) {
        0 => (path.there, path.stranger()),
        1 => (path.stranger(), path.here),
        2 => (path.there, other),
        _ => (path.there, meant),
    };
    let frame = path.tagged(vlans).ip(from, to).udp(PORT);
    match random.below(24) {
        0 => frame.udp_between(PORT, 3342 + random.below(3) as u16),
        1 => frame.tcp(PORT),
        2 => frame.fragment(0, true),
        3 => frame.fragment(random.below(4) as u16, false),
        4 => frame.claim_udp_length(random.below(140) as u16),
        5 => frame.claim_ip_length(random.below(160) as u16),
        6 | 7 => extended(random, frame, from.is_ipv4()),
        _ => frame,
    }
}

/// With IPv4 options, or with up to six IPv6 extension headers.
fn extended(random: &mut Random, frame: Frame, v4: bool) -> Frame {
    if v4 {
        let length = 4 * (1 + random.below(10));
        return frame.options(&random.bytes(length));
    }
    (0..random.below(7)).fold(frame, |frame, _| {
        let kind = *random.one_of(&[HOP_BY_HOP, ROUTING, DESTINATION, DESTINATION, 51]);
        match random.one_in(6) {
            true => frame.fragment(0, random.one_in(2)),
            false => frame.extension(kind, 1 + random.below(3)),
        }
    })
}
