//! The frame walk: from the first byte of an Ethernet frame to a cluster datagram, or to "not ours".
//!
//! All traffic of an interface pays for this walk, so a foreign frame must leave it after a few direct
//! packet reads. The verifier, without CAP_PERFMON, allows direct reads at constant offsets only; that is
//! why the walk is written once per header offset (14, 18, 22) and why everything behind a header of
//! variable length (IP options, IPv6 extension headers) goes through [`Frame::far`], a copy by a kernel
//! helper. Such frames are rare, and never heartbeats of ours, but port 3343 behind them must still be
//! recognised: addressed to us they are refused and counted, otherwise they pass untouched.
//!
//! The walk is library code: the host runs it in unit and property tests and under a fuzzer, the kernel in
//! the driver. Layouts: IEEE 802.1Q, RFC 791, RFC 8200, RFC 768.

use crate::wire::PORT;

/// Read access to a frame.
pub trait Frame {
    /// The `N` bytes at `offset`, or `None` where the frame is shorter. Offsets are constants after
    /// inlining.
    fn near<const N: usize>(&self, offset: usize) -> Option<[u8; N]>;
    /// The same at an offset that only the frame knows.
    fn far<const N: usize>(&self, offset: u32) -> Option<[u8; N]>;
}

impl Frame for [u8] {
    fn near<const N: usize>(&self, offset: usize) -> Option<[u8; N]> {
        self.get(offset..)?.first_chunk().copied()
    }

    fn far<const N: usize>(&self, offset: u32) -> Option<[u8; N]> {
        self.near(offset as usize)
    }
}

/// An IP address as two words in memory order; IPv4 as ::ffff:a.b.c.d (RFC 4291, 2.5.5.2).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(C)]
pub struct Address(pub [u64; 2]);

impl Address {
    /// The address with these four bytes.
    #[inline(always)]
    pub const fn v4(bytes: [u8; 4]) -> Self {
        let [a, b, c, d] = bytes;
        Address([0, u64::from_ne_bytes([0, 0, 0xff, 0xff, a, b, c, d])])
    }

    /// The address with these sixteen bytes.
    #[inline(always)]
    pub const fn v6(high: [u8; 8], low: [u8; 8]) -> Self {
        Address([u64::from_ne_bytes(high), u64::from_ne_bytes(low)])
    }

    /// Whether it stands for an IPv4 address. No IPv6 packet may carry such a one, and one that does is foreign,
    /// or it would be taken for the IPv4 packet that it imitates.
    #[inline(always)]
    pub const fn is_mapped(&self) -> bool {
        self.0[0] == 0 && self.0[1].to_le() as u32 == MAPPED
    }
}

impl From<core::net::IpAddr> for Address {
    fn from(address: core::net::IpAddr) -> Self {
        let octets = match address {
            core::net::IpAddr::V4(address) => return Address::v4(address.octets()),
            core::net::IpAddr::V6(address) => u128::from_be_bytes(address.octets()),
        };
        Address::v6(
            ((octets >> 64) as u64).to_be_bytes(),
            (octets as u64).to_be_bytes(),
        )
    }
}

/// VLAN tags of a frame: the outer VLAN id, and the inner one in the upper half; 0 without tags. Priority
/// tags (VLAN 0) count as none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Vlan(pub u32);

/// Why a datagram to port 3343 can't be one of ours though it may be addressed to us.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flaw {
    /// The first fragment of a larger datagram.
    Fragment,
    /// IPv4 options or IPv6 extension headers.
    Options,
    /// Lengths of IP, UDP and a cluster datagram do not fit together.
    Length,
}

/// A UDP datagram to port 3343.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Datagram {
    /// VLAN tags it came with.
    pub vlan: Vlan,
    /// Where it says it comes from.
    pub source: Address,
    /// Where it goes.
    pub destination: Address,
    /// Bytes before the IP header: 14, 18 or 22.
    pub l3: u32,
    /// Bytes before the UDP payload.
    pub payload: u32,
    /// The UDP header's length field: header and payload, bytes.
    pub udp_length: u16,
    /// Why it can't be ours, where that is certain already.
    pub flaw: Option<Flaw>,
}

/// The datagram to port 3343 in this frame, or `None`: a foreign frame, to pass untouched.
#[inline(always)]
pub fn walk<F: Frame + ?Sized>(frame: &F) -> Option<Datagram> {
    match be16(frame.near(12)?) {
        IPV4 => ipv4::<F, 14>(frame, Vlan(0)),
        IPV6 => ipv6::<F, 14>(frame, Vlan(0)),
        VLAN_C | VLAN_S => tagged(frame),
        _ => None,
    }
}

#[inline(always)]
fn tagged<F: Frame + ?Sized>(frame: &F) -> Option<Datagram> {
    let [tag0, tag1, kind0, kind1] = frame.near(14)?;
    let vlan = be16([tag0, tag1]) as u32 & VLAN_ID;
    match be16([kind0, kind1]) {
        IPV4 => ipv4::<F, 18>(frame, Vlan(vlan)),
        IPV6 => ipv6::<F, 18>(frame, Vlan(vlan)),
        VLAN_C | VLAN_S => twice_tagged(frame, vlan),
        _ => None,
    }
}

#[inline(always)]
fn twice_tagged<F: Frame + ?Sized>(frame: &F, outer: u32) -> Option<Datagram> {
    let [tag0, tag1, kind0, kind1] = frame.near(18)?;
    let vlan = Vlan(outer | (be16([tag0, tag1]) as u32 & VLAN_ID) << 16);
    match be16([kind0, kind1]) {
        IPV4 => ipv4::<F, 22>(frame, vlan),
        IPV6 => ipv6::<F, 22>(frame, vlan),
        _ => None,
    }
}

#[inline(always)]
fn ipv4<F: Frame + ?Sized, const L3: usize>(frame: &F, vlan: Vlan) -> Option<Datagram> {
    let [version, _, _, _, _, _, fragment0, fragment1, _, UDP] = frame.near(L3)? else {
        return None;
    };
    let fragment = be16([fragment0, fragment1]);
    if version >> 4 != 4 || fragment & FRAGMENT_OFFSET != 0 {
        return None;
    }
    let header = (version & 0xf) as u32 * 4;
    let (ports, far) = if header == 20 {
        (frame.near::<6>(L3 + 20)?, false)
    } else if header > 20 {
        (frame.far::<6>(L3 as u32 + header)?, true)
    } else {
        return None;
    };
    let [_, _, port0, port1, length0, length1] = ports;
    if be16([port0, port1]) != PORT {
        return None;
    }
    let udp_length = be16([length0, length1]);
    let ip_length = be16(frame.near(L3 + 2)?) as u32;
    let flaw = if fragment & MORE_FRAGMENTS != 0 {
        Some(Flaw::Fragment)
    } else if far {
        Some(Flaw::Options)
    } else {
        misfit(udp_length, ip_length.wrapping_sub(20))
    };
    Some(Datagram {
        vlan,
        source: Address::v4(frame.near(L3 + 12)?),
        destination: Address::v4(frame.near(L3 + 16)?),
        l3: L3 as u32,
        payload: L3 as u32 + header + 8,
        udp_length,
        flaw,
    })
}

#[inline(always)]
fn ipv6<F: Frame + ?Sized, const L3: usize>(frame: &F, vlan: Vlan) -> Option<Datagram> {
    let [version, _, _, _, length0, length1, next] = frame.near(L3)?;
    if version >> 4 != 6 {
        return None;
    }
    let (payload, flaw) = if next == UDP {
        let [_, _, port0, port1] = frame.near(L3 + 40)?;
        (
            ((be16([port0, port1])) == PORT).then_some(L3 as u32 + 48)?,
            None,
        )
    } else {
        extended::<F>(frame, L3 as u32 + 40, next)?
    };
    let destination = Address::v6(frame.near(L3 + 24)?, frame.near(L3 + 32)?);
    if destination.is_mapped() {
        return None;
    }
    let udp_length = match flaw {
        None => be16(frame.near(L3 + 44)?),
        Some(_) => be16(frame.far(payload - 4)?),
    };
    Some(Datagram {
        vlan,
        source: Address::v6(frame.near(L3 + 8)?, frame.near(L3 + 16)?),
        destination,
        l3: L3 as u32,
        payload,
        udp_length,
        flaw: flaw.or_else(|| misfit(udp_length, be16([length0, length1]) as u32)),
    })
}

/// Offset of the UDP payload and the flaw of a datagram to port 3343 behind extension headers. More than
/// [`EXTENSIONS_MAX`] of them nobody sends; such a frame is foreign.
#[inline(always)]
fn extended<F: Frame + ?Sized>(frame: &F, start: u32, first: u8) -> Option<(u32, Option<Flaw>)> {
    let (mut offset, mut next, mut flaw) = (start, first, Flaw::Options);
    for _ in 0..EXTENSIONS_MAX {
        match next {
            HOP_BY_HOP | ROUTING | DESTINATION => {
                let [following, length] = frame.far(offset)?;
                next = following;
                offset += (length as u32 + 1) * 8;
            }
            FRAGMENT => {
                let [following, _, offset0, offset1] = frame.far(offset)?;
                let fragment = be16([offset0, offset1]);
                if fragment & !7 != 0 {
                    return None;
                }
                if fragment & 1 != 0 {
                    flaw = Flaw::Fragment;
                }
                next = following;
                offset += 8;
            }
            _ => break,
        }
    }
    if next != UDP {
        return None;
    }
    let [_, _, port0, port1] = frame.far(offset)?;
    (be16([port0, port1]) == PORT).then_some((offset + 8, Some(flaw)))
}

/// `Length` unless UDP fills the IP payload and has room for a header of ours.
#[inline(always)]
fn misfit(udp_length: u16, ip_payload: u32) -> Option<Flaw> {
    if udp_length as u32 == ip_payload && crate::wire::UDP_LENGTH <= udp_length {
        None
    } else {
        Some(Flaw::Length)
    }
}

#[inline(always)]
const fn be16(bytes: [u8; 2]) -> u16 {
    u16::from_be_bytes(bytes)
}

/// Extension headers followed before a frame is taken for foreign.
pub const EXTENSIONS_MAX: usize = 4;

/// The four bytes before an IPv4 address in its mapped form.
const MAPPED: u32 = u32::from_le_bytes([0, 0, 0xff, 0xff]);
const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;
const VLAN_C: u16 = 0x8100;
const VLAN_S: u16 = 0x88a8;
const VLAN_ID: u32 = 0xfff;
const UDP: u8 = 17;
const HOP_BY_HOP: u8 = 0;
const ROUTING: u8 = 43;
const FRAGMENT: u8 = 44;
const DESTINATION: u8 = 60;
const MORE_FRAGMENTS: u16 = 0x2000;
const FRAGMENT_OFFSET: u16 = 0x1fff;

#[cfg(test)]
mod tests;
