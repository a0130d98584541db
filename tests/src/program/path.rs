//! The paths that tests hear a peer over: one for each way in which a heartbeat may be wrapped.
//!
//! IPv4 and IPv6, without tag, with one and with two: six networks with one path each. A test that loops over
//! [`Path::all`] has covered the frame walk's every branch for a valid datagram, and the networks beside the one
//! it looks at are its witnesses that nothing else was touched.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use heartbeat_ebpf::frame::Vlan;
use heartbeat_ebpf::tag::Subkey;
use heartbeat_ebpf::wire::{Header, Kind, PORT, flags};

use super::tables::{self, CLUSTER, NODE, PEER};
use crate::frames::Frame;

/// The run of the peer's agent that tests speak of, unless they say otherwise.
pub const INCARNATION: u64 = 1_700_000_000_000_000_000;

/// Sequence of the first heartbeat of that run that was heard.
pub const FIRST: u64 = 1_000;

/// One path from this node to its peer.
#[derive(Clone, Debug)]
pub struct Path {
    /// Index of its slot.
    pub slot: usize,
    /// Number of its network.
    pub network: u16,
    /// The network's index in the counters.
    pub index: u8,
    /// VLAN tags it comes with, outer first.
    pub vlans: Vec<u16>,
    /// This node's address.
    pub here: IpAddr,
    /// The peer's address.
    pub there: IpAddr,
    /// The network's multicast group.
    pub group: IpAddr,
}

impl Path {
    /// IPv4 without tag, with one, with two; IPv6 the same.
    pub fn all() -> [Path; 6] {
        std::array::from_fn(|at| {
            let vlans = [vec![], vec![7], vec![5, 9]][at % 3].clone();
            Path::new(at, vlans, at < 3)
        })
    }

    /// IPv4 without tag.
    pub fn plain() -> Path {
        let [plain, ..] = Path::all();
        plain
    }

    /// Slots and networks do not share their numbers, or one could be taken for the other unnoticed.
    fn new(at: usize, vlans: Vec<u16>, v4: bool) -> Path {
        let small = u8::try_from(at).expect("few paths");
        let group = 10 + u16::from(small);
        let address = |node: u8| match v4 {
            true => IpAddr::from(Ipv4Addr::new(10, 77, small, node)),
            false => IpAddr::from(Ipv6Addr::new(0xfd77, group, 0, 0, 0, 0, 0, node.into())),
        };
        Path {
            slot: 40 + at,
            network: 100 + u16::from(small),
            index: 20 + small,
            vlans,
            here: address(1),
            there: address(2),
            group: match v4 {
                true => Ipv4Addr::new(239, 255, 1, small).into(),
                false => Ipv6Addr::new(0xff15, 0, 0, 0, 0, 0, 0x77, group).into(),
            },
        }
    }

    /// Its tags as the frame walk tells them.
    pub fn vlan(&self) -> Vlan {
        let [outer, inner] = [0, 1].map(|at| self.vlans.get(at).copied().unwrap_or(0));
        Vlan(u32::from(outer) | u32::from(inner) << 16)
    }

    /// The same path seen from the peer.
    pub fn reversed(&self) -> Path {
        Path {
            here: self.there,
            there: self.here,
            ..self.clone()
        }
    }

    /// An address of the network that neither this node nor its peer has.
    pub fn stranger(&self) -> IpAddr {
        match self.here {
            IpAddr::V4(address) => {
                let [a, b, c, _] = address.octets();
                [a, b, c, 99].into()
            }
            IpAddr::V6(address) => {
                let mut segments = address.segments();
                segments[7] = 99;
                segments.into()
            }
        }
    }

    /// A valid header from the peer, of the first round of [`INCARNATION`].
    pub fn header(&self, kind: Kind) -> Header {
        Header {
            kind,
            flags: 0,
            key_id: 1,
            sender: PEER,
            cluster: CLUSTER,
            receiver: NODE,
            network: self.network,
            interval_ms: 1200,
            agent_age_ms: 3,
            config_digest: 0x1122_3344,
            incarnation: INCARNATION,
            sequence: FIRST,
            sent: 5_000_000_000,
            heard: 77,
        }
    }

    /// The peer's heartbeat with this sequence number.
    pub fn heartbeat(&self, sequence: u64) -> Vec<u8> {
        self.send(&Header {
            sequence,
            ..self.header(Kind::Heartbeat)
        })
    }

    /// The frame that carries this header from the peer to this node, with the tag that it should have.
    pub fn send(&self, header: &Header) -> Vec<u8> {
        self.frame().payload(seal(header)).bytes()
    }

    /// The frame that carries this heartbeat from the peer to the network's group.
    pub fn send_to_group(&self, header: &Header) -> Vec<u8> {
        let header = Header {
            receiver: 0,
            flags: header.flags | flags::MULTICAST,
            heard: 0,
            ..*header
        };
        self.frame_to(self.group).payload(seal(&header)).bytes()
    }

    /// The headers around a payload from the peer to this node.
    pub fn frame(&self) -> Frame {
        self.frame_to(self.here)
    }

    /// The headers around a payload from the peer to this address.
    pub fn frame_to(&self, to: IpAddr) -> Frame {
        self.tagged(&self.vlans).ip(self.there, to).udp(PORT)
    }

    /// An Ethernet frame with these tags: of two the outer one is a service tag.
    pub fn tagged(&self, vlans: &[u16]) -> Frame {
        match *vlans {
            [] => Frame::ethernet(),
            [one] => Frame::ethernet().vlan(one),
            [outer, inner] => Frame::ethernet().service_vlan(outer).vlan(inner),
            _ => panic!("the program follows two tags"),
        }
    }
}

/// The subkey that a header must be sealed with.
pub fn subkey(header: &Header) -> Option<Subkey> {
    let keys = tables::keys(header.key_id);
    match (header.key_id, header.kind) {
        (0, _) => None,
        (_, Kind::Heartbeat | Kind::Message) => Some(keys.heartbeat),
        (_, Kind::EchoRequest | Kind::EchoReply) => Some(keys.echo),
    }
}

/// The header's bytes with the tag that it should have.
pub fn seal(header: &Header) -> [u8; 64] {
    header.encode(subkey(header).as_ref())
}
