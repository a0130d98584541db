//! Ethernet frames, told in the order in which their headers lie.
//!
//! The XDP program judges bytes, and a test that spells bytes hides what it is about. Here a test says
//! `Frame::ethernet().vlan(7).ipv4(a, b).udp(3343).payload(words)` and gets what a real host would send: lengths
//! that fit, checksums that hold. The awkward case is the frame that no real host sends, because those are the
//! ones a judge is tried by: so lengths can be claimed falsely, fragments and options added, a frame cut short or
//! padded, and everything else stays correct, so that exactly one thing is wrong with it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub mod checksum;

/// Number of the hop-by-hop options header (RFC 8200, 4.3).
pub const HOP_BY_HOP: u8 = 0;
/// Number of the routing header (RFC 8200, 4.4).
pub const ROUTING: u8 = 43;
/// Number of the fragment header (RFC 8200, 4.5).
pub const FRAGMENT: u8 = 44;
/// Number of the destination options header (RFC 8200, 4.6).
pub const DESTINATION: u8 = 60;

const TCP: u8 = 6;
const UDP: u8 = 17;
const CUSTOMER_TAG: u16 = 0x8100;
const SERVICE_TAG: u16 = 0x88a8;
const ETHERTYPE_IPV4: u16 = 0x0800;
const ETHERTYPE_IPV6: u16 = 0x86dd;
const MORE_FRAGMENTS: u16 = 0x2000;

/// Hardware address of the sender in every built frame.
pub const SOURCE_MAC: [u8; 6] = [2, 0, 0, 0, 0, 2];
/// Hardware address of the receiver in every built frame.
pub const DESTINATION_MAC: [u8; 6] = [2, 0, 0, 0, 0, 1];

/// A frame under construction.
#[derive(Clone, Debug)]
pub struct Frame {
    tags: Vec<(u16, u16)>,
    internet: Internet,
    transport: Transport,
    payload: Vec<u8>,
    claimed_ip_length: Option<u16>,
    claimed_udp_length: Option<u16>,
}

#[derive(Clone, Debug)]
enum Internet {
    None(u16),
    V4 {
        pair: [Ipv4Addr; 2],
        options: Vec<u8>,
        fragment: u16,
    },
    V6 {
        pair: [Ipv6Addr; 2],
        extensions: Vec<(u8, Vec<u8>)>,
    },
}

#[derive(Clone, Copy, Debug)]
enum Transport {
    Udp { from: u16, to: u16 },
    Tcp { to: u16 },
    Other(u8),
}

impl Frame {
    /// An Ethernet frame of an experimental type, without tags and with nothing in it.
    pub fn ethernet() -> Self {
        Frame {
            tags: Vec::new(),
            internet: Internet::None(0x88b5),
            transport: Transport::Other(UDP),
            payload: Vec::new(),
            claimed_ip_length: None,
            claimed_udp_length: None,
        }
    }

    /// Adds an 802.1Q tag, further in than those before; VLAN 0 makes a priority tag.
    pub fn vlan(self, id: u16) -> Self {
        self.tag(CUSTOMER_TAG, id)
    }

    /// Adds an 802.1ad service tag.
    pub fn service_vlan(self, id: u16) -> Self {
        self.tag(SERVICE_TAG, id)
    }

    /// The priority is always 6, as heartbeats have: a judge must look at the lower 12 bits only.
    fn tag(mut self, kind: u16, id: u16) -> Self {
        self.tags.push((kind, 6 << 13 | id));
        self
    }

    /// Says what type of frame it is, where it carries no IP.
    pub fn ethertype(self, ethertype: u16) -> Self {
        Frame {
            internet: Internet::None(ethertype),
            ..self
        }
    }

    /// Makes it IPv4.
    pub fn ipv4(self, from: Ipv4Addr, to: Ipv4Addr) -> Self {
        let internet = Internet::V4 {
            pair: [from, to],
            options: Vec::new(),
            fragment: 0,
        };
        Frame { internet, ..self }
    }

    /// Makes it IPv6.
    pub fn ipv6(self, from: Ipv6Addr, to: Ipv6Addr) -> Self {
        let internet = Internet::V6 {
            pair: [from, to],
            extensions: Vec::new(),
        };
        Frame { internet, ..self }
    }

    /// Makes it IP of the addresses' family, which both share.
    pub fn ip(self, from: IpAddr, to: IpAddr) -> Self {
        match (from, to) {
            (IpAddr::V4(from), IpAddr::V4(to)) => self.ipv4(from, to),
            (IpAddr::V6(from), IpAddr::V6(to)) => self.ipv6(from, to),
            _ => panic!("{from} and {to} are not of one family"),
        }
    }

    /// Adds IPv4 options: a multiple of four bytes, at most 40.
    pub fn options(mut self, bytes: &[u8]) -> Self {
        match &mut self.internet {
            Internet::V4 { options, .. } => options.extend(bytes),
            _ => panic!("only IPv4 has options"),
        }
        self
    }

    /// Makes it a fragment that begins at `offset` (in units of eight bytes) of its datagram.
    pub fn fragment(mut self, offset: u16, more: bool) -> Self {
        let more_v6 = u16::from(more);
        match &mut self.internet {
            Internet::V4 { fragment, .. } => {
                *fragment = offset | if more { MORE_FRAGMENTS } else { 0 };
            }
            Internet::V6 { extensions, .. } => {
                let [high, low] = (offset << 3 | more_v6).to_be_bytes();
                extensions.push((FRAGMENT, vec![0, 0, high, low, 0, 0, 0, 7]));
            }
            Internet::None(_) => panic!("only IP has fragments"),
        }
        self
    }

    /// Adds an IPv6 extension header of this kind, further in than those before, `units` times eight bytes
    /// long (1 to 256).
    pub fn extension(mut self, kind: u8, units: usize) -> Self {
        let mut header = vec![0; units * 8];
        header[1] = u8::try_from(units - 1).expect("an extension header has 1 to 256 units");
        match &mut self.internet {
            Internet::V6 { extensions, .. } => extensions.push((kind, header)),
            _ => panic!("only IPv6 has extension headers"),
        }
        self
    }

    /// Makes it UDP to this port, from port 3343.
    pub fn udp(self, to: u16) -> Self {
        self.udp_between(heartbeat_ebpf::wire::PORT, to)
    }

    /// Makes it UDP between these ports.
    pub fn udp_between(self, from: u16, to: u16) -> Self {
        Frame {
            transport: Transport::Udp { from, to },
            ..self
        }
    }

    /// Makes it a TCP segment to this port.
    pub fn tcp(self, to: u16) -> Self {
        Frame {
            transport: Transport::Tcp { to },
            ..self
        }
    }

    /// Says what is behind the IP header, where it is neither TCP nor UDP.
    pub fn protocol(self, number: u8) -> Self {
        Frame {
            transport: Transport::Other(number),
            ..self
        }
    }

    /// What it carries.
    pub fn payload(self, bytes: impl Into<Vec<u8>>) -> Self {
        Frame {
            payload: bytes.into(),
            ..self
        }
    }

    /// Writes this into the IP header's length field, whatever the truth.
    pub fn claim_ip_length(self, length: u16) -> Self {
        Frame {
            claimed_ip_length: Some(length),
            ..self
        }
    }

    /// Writes this into the UDP header's length field, whatever the truth.
    pub fn claim_udp_length(self, length: u16) -> Self {
        Frame {
            claimed_udp_length: Some(length),
            ..self
        }
    }

    /// Its bytes, from the destination's hardware address to the end of the payload.
    pub fn bytes(&self) -> Vec<u8> {
        let mut frame = [DESTINATION_MAC, SOURCE_MAC].concat();
        for (kind, tag) in &self.tags {
            frame.extend(kind.to_be_bytes());
            frame.extend(tag.to_be_bytes());
        }
        let (ethertype, packet) = match &self.internet {
            Internet::None(ethertype) => (*ethertype, self.payload.clone()),
            Internet::V4 {
                pair,
                options,
                fragment,
            } => (ETHERTYPE_IPV4, self.ipv4_packet(*pair, options, *fragment)),
            Internet::V6 { pair, extensions } => {
                (ETHERTYPE_IPV6, self.ipv6_packet(*pair, extensions))
            }
        };
        frame.extend(ethertype.to_be_bytes());
        frame.extend(packet);
        frame
    }

    /// Its first `length` bytes, or all of it and zeros behind, as a short frame is padded.
    pub fn resized(&self, length: usize) -> Vec<u8> {
        let mut bytes = self.bytes();
        bytes.resize(length, 0);
        bytes
    }

    fn ipv4_packet(&self, [from, to]: [Ipv4Addr; 2], options: &[u8], fragment: u16) -> Vec<u8> {
        let (from, to) = (from.octets(), to.octets());
        let segment = self.segment(&[from, to].concat());
        let header = 20 + options.len();
        assert!(
            options.len().is_multiple_of(4) && header <= 60,
            "options of IPv4"
        );
        let length = self.claimed_ip_length.unwrap_or_else(|| {
            u16::try_from(header + segment.len()).expect("a packet has at most 64 KiB")
        });
        let first = 0x40 | u8::try_from(header / 4).expect("at most 15 words");
        let mut packet = vec![first, 6 << 5];
        packet.extend(length.to_be_bytes());
        packet.extend([0x12, 0x34]);
        packet.extend(fragment.to_be_bytes());
        packet.extend([64, self.transport.protocol(), 0, 0]);
        packet.extend([from, to].concat());
        packet.extend(options);
        let sum = checksum::of(&packet);
        packet[10..12].copy_from_slice(&sum.to_be_bytes());
        packet.extend(segment);
        packet
    }

    fn ipv6_packet(&self, [from, to]: [Ipv6Addr; 2], extensions: &[(u8, Vec<u8>)]) -> Vec<u8> {
        let addresses = [from.octets(), to.octets()].concat();
        let mut next = self.transport.protocol();
        let mut inner = self.segment(&addresses);
        for (kind, header) in extensions.iter().rev() {
            let mut header = header.clone();
            header[0] = next;
            next = *kind;
            inner = [header, inner].concat();
        }
        let length = self
            .claimed_ip_length
            .unwrap_or_else(|| u16::try_from(inner.len()).expect("a packet has at most 64 KiB"));
        let mut packet = vec![0x6c, 0, 0, 0];
        packet.extend(length.to_be_bytes());
        packet.extend([next, 64]);
        packet.extend(addresses);
        packet.extend(inner);
        packet
    }

    /// The transport header and the payload; `addresses` are both, for the pseudo header.
    fn segment(&self, addresses: &[u8]) -> Vec<u8> {
        match self.transport {
            Transport::Other(_) => self.payload.clone(),
            Transport::Tcp { to } => [&tcp_header(to)[..], &self.payload].concat(),
            Transport::Udp { from, to } => {
                let length = self.claimed_udp_length.unwrap_or_else(|| {
                    u16::try_from(8 + self.payload.len()).expect("a datagram has at most 64 KiB")
                });
                let mut segment: Vec<u8> = [from, to, length, 0]
                    .into_iter()
                    .flat_map(u16::to_be_bytes)
                    .collect();
                segment.extend(&self.payload);
                let sum = checksum::of_udp(addresses, &segment);
                segment[6..8].copy_from_slice(&sum.to_be_bytes());
                segment
            }
        }
    }
}

impl Transport {
    fn protocol(self) -> u8 {
        match self {
            Transport::Udp { .. } => UDP,
            Transport::Tcp { .. } => TCP,
            Transport::Other(number) => number,
        }
    }
}

/// An acknowledgement from port 40000, without checksum: no judge of ours reads that far.
fn tcp_header(to: u16) -> [u8; 20] {
    let mut header = [0; 20];
    header[..2].copy_from_slice(&40_000u16.to_be_bytes());
    header[2..4].copy_from_slice(&to.to_be_bytes());
    header[12..14].copy_from_slice(&[5 << 4, 0x10]);
    header
}

#[cfg(test)]
mod tests;
