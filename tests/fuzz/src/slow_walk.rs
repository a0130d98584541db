//! The plain walk: from the first byte of an Ethernet frame to a cluster datagram.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use heartbeat_ebpf::frame::{Address, Datagram, EXTENSIONS_MAX, Flaw, Vlan};
use heartbeat_ebpf::wire::{PORT, UDP_LENGTH};

use crate::bytes::Bytes;

const UDP: u8 = 17;
const FRAGMENT_HEADER: u8 = 44;

/// What IP says about the datagram in it.
struct Packet {
    source: IpAddr,
    destination: IpAddr,
    /// Bytes of UDP that the IP header announces; negative if not even its own header fits.
    announced: i64,
    is_first_fragment: bool,
    has_options: bool,
}

/// The datagram to port 3343 in this frame, or `None`.
pub fn slow_walk(frame: &[u8]) -> Option<Datagram> {
    let mut bytes = Bytes::new(frame);
    bytes.eat(12)?;
    let mut kind = bytes.u16()?;
    let mut tags = Vec::new();
    while matches!(kind, 0x8100 | 0x88a8) && tags.len() < 2 {
        tags.push(u32::from(bytes.u16()? & 0x0fff));
        kind = bytes.u16()?;
    }
    let l3 = u32::try_from(bytes.eaten).ok()?;
    let packet = match kind {
        0x0800 => ipv4(&mut bytes)?,
        0x86dd => ipv6(&mut bytes)?,
        _ => return None,
    };
    let _source_port = bytes.u16()?;
    if bytes.u16()? != PORT {
        return None;
    }
    let udp_length = bytes.u16()?;
    Some(Datagram {
        vlan: Vlan(tags.iter().rev().fold(0, |vlan, tag| vlan << 16 | tag)),
        source: Address::from(packet.source),
        destination: Address::from(packet.destination),
        l3,
        // The UDP checksum is not read: the frame may end before it.
        payload: u32::try_from(bytes.eaten).ok()? + 2,
        udp_length,
        flaw: flaw(&packet, udp_length),
    })
}

fn flaw(packet: &Packet, udp_length: u16) -> Option<Flaw> {
    if packet.is_first_fragment {
        Some(Flaw::Fragment)
    } else if packet.has_options {
        Some(Flaw::Options)
    } else if i64::from(udp_length) != packet.announced || udp_length < UDP_LENGTH {
        Some(Flaw::Length)
    } else {
        None
    }
}

/// RFC 791, 3.1.
fn ipv4(bytes: &mut Bytes<'_>) -> Option<Packet> {
    let first = bytes.u8()?;
    let _service = bytes.u8()?;
    let total_length = bytes.u16()?;
    let _identification = bytes.u16()?;
    let fragment = bytes.u16()?;
    let _ttl = bytes.u8()?;
    let protocol = bytes.u8()?;
    let _checksum = bytes.u16()?;
    let source: [u8; 4] = bytes.eat(4)?.try_into().ok()?;
    let destination: [u8; 4] = bytes.eat(4)?.try_into().ok()?;
    let header_length = usize::from(first & 0x0f) * 4;
    let options = header_length.checked_sub(20)?;
    bytes.eat(options)?;
    let is_later_fragment = fragment & 0x1fff != 0;
    if first >> 4 != 4 || protocol != UDP || is_later_fragment {
        return None;
    }
    Some(Packet {
        source: Ipv4Addr::from(source).into(),
        destination: Ipv4Addr::from(destination).into(),
        announced: i64::from(total_length) - 20,
        is_first_fragment: fragment & 0x2000 != 0,
        has_options: options > 0,
    })
}

/// RFC 8200, 3 and 4.
fn ipv6(bytes: &mut Bytes<'_>) -> Option<Packet> {
    let first = bytes.u8()?;
    let _class_and_flow = bytes.eat(3)?;
    let payload_length = bytes.u16()?;
    let mut next = bytes.u8()?;
    let _hops = bytes.u8()?;
    let source: [u8; 16] = bytes.eat(16)?.try_into().ok()?;
    let destination: [u8; 16] = bytes.eat(16)?.try_into().ok()?;
    let mut packet = Packet {
        source: Ipv6Addr::from(source).into(),
        destination: Ipv6Addr::from(destination).into(),
        announced: i64::from(payload_length),
        is_first_fragment: false,
        has_options: false,
    };
    let mut extensions = 0;
    while matches!(next, 0 | 43 | 60 | FRAGMENT_HEADER) && extensions < EXTENSIONS_MAX {
        next = extension(next, bytes, &mut packet)?;
        extensions += 1;
    }
    (first >> 4 == 6 && next == UDP).then_some(packet)
}

/// Eats one extension header; the kind of the next, or `None` in a later fragment.
fn extension(kind: u8, bytes: &mut Bytes<'_>, packet: &mut Packet) -> Option<u8> {
    packet.has_options = true;
    let next = bytes.u8()?;
    let length = bytes.u8()?;
    if kind != FRAGMENT_HEADER {
        bytes.eat(6 + usize::from(length) * 8)?;
        return Some(next);
    }
    let offset_and_flags = bytes.u16()?;
    let _identification = bytes.eat(4)?;
    packet.is_first_fragment |= offset_and_flags & 1 != 0;
    (offset_and_flags >> 3 == 0).then_some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heartbeat_behind_a_tag_is_found() {
        let mut frame = vec![0; 12];
        frame.extend([
            0x81, 0, 0xe0, 5, 8, 0, 0x45, 0, 0, 92, 0, 0, 0, 0, 64, 17, 0, 0,
        ]);
        frame.extend([10, 0, 0, 1, 10, 0, 0, 2, 0x10, 0, 0x0d, 0x0f, 0, 72, 0, 0]);
        frame.extend([0; 64]);
        let found = slow_walk(&frame).expect("port 3343");
        assert_eq!((found.vlan, found.l3, found.payload), (Vlan(5), 18, 46));
        assert_eq!((found.udp_length, found.flaw), (72, None));
        assert_eq!(found.source, Address::v4([10, 0, 0, 1]));
    }
}
