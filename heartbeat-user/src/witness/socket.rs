//! The sockets that witnesses are asked on.
//!
//! An agent gives up what it needs to open them, so they are open for the whole run, whether anybody is to be
//! asked or not. Two kinds serve. A host may let everybody ask (`net.ipv4.ping_group_range`), and such a socket
//! hears the answers to itself alone; or the agent has CAP_NET_RAW at its start, and its socket hears every echo
//! reply of this host. The awkward case is neither: then nobody can be asked, which says nothing about a network.

use std::io::{IoSlice, IoSliceMut};
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsRawFd as _, OwnedFd};

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::sys::socket::sockopt::{
    Ipv4PacketInfo, Ipv4Tos, Ipv6RecvPacketInfo, Ipv6TClass, Priority,
};
use nix::sys::socket::{
    AddressFamily, ControlMessage, ControlMessageOwned, MsgFlags, SockFlag, SockProtocol, SockType,
    SockaddrStorage, recvmsg, sendmsg, setsockopt, socket,
};

use super::icmp::{self, Family};
use crate::socket::{CLASS, PRIORITY, Route};

/// Bytes of the longest packet that may be an answer: a header with all its options, and the message.
const PACKET_MAX: usize = 60 + icmp::LENGTH;
/// Option of a raw socket that names the messages it does not want; the C library's headers lack it.
const ICMP_FILTER: i32 = 1;
const ICMPV6_FILTER: i32 = 1;

/// One socket a family, where it could be opened.
pub struct Sockets {
    v4: nix::Result<Socket>,
    v6: nix::Result<Socket>,
}

/// A socket, and what it hands over.
pub(super) struct Socket {
    fd: OwnedFd,
    family: Family,
    hands: Hands,
}

/// What a socket hands over of a message that came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Hands {
    Message,
    Packet,
}

/// An answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Answer {
    /// Who says that he answers.
    pub from: IpAddr,
    /// Index of the interface that it came in by.
    pub interface: u32,
    /// What was sent to him.
    pub nonce: u64,
}

impl Sockets {
    /// Opens what can be opened.
    pub fn open() -> Self {
        Sockets {
            v4: Socket::open(Family::V4),
            v6: Socket::open(Family::V6),
        }
    }

    /// Why `witness` can't be asked, and what to do about it; `None` if it can.
    pub fn refusal(&self, witness: IpAddr) -> Option<String> {
        let error = self.of(witness).err()?;
        Some(format!(
            "the witness {witness} can't be asked ({}): give the agent CAP_NET_RAW at its start, or set the \
             sysctl net.ipv4.ping_group_range to a range with its group",
            error.desc()
        ))
    }

    /// Those that are open.
    pub(super) fn both(&self) -> impl Iterator<Item = &Socket> {
        [&self.v4, &self.v6].into_iter().flatten()
    }

    /// Asks once.
    pub(super) fn ask(&self, route: &Route, sequence: u16, nonce: u64) -> nix::Result<()> {
        self.of(route.remote)?.ask(route, sequence, nonce)
    }

    fn of(&self, address: IpAddr) -> nix::Result<&Socket> {
        match address {
            IpAddr::V4(_) => self.v4.as_ref().map_err(|error| *error),
            IpAddr::V6(_) => self.v6.as_ref().map_err(|error| *error),
        }
    }
}

impl Socket {
    fn open(family: Family) -> nix::Result<Self> {
        let (domain, protocol) = match family {
            Family::V4 => (AddressFamily::Inet, SockProtocol::Icmp),
            Family::V6 => (AddressFamily::Inet6, SockProtocol::IcmpV6),
        };
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let open = |kind| socket(domain, kind, flags, protocol);
        let (fd, hands) = match (open(SockType::Datagram), family) {
            (Ok(fd), Family::V4 | Family::V6) => (fd, Hands::Message),
            (Err(_), Family::V4) => (open(SockType::Raw)?, Hands::Packet),
            (Err(_), Family::V6) => (open(SockType::Raw)?, Hands::Message),
        };
        setsockopt(&fd, Priority, &PRIORITY)?;
        match family {
            Family::V4 => {
                setsockopt(&fd, Ipv4Tos, &CLASS)?;
                setsockopt(&fd, Ipv4PacketInfo, &true)?;
                // Accepted by raw sockets alone; the others get nothing else anyway.
                let _ = want_v4(&fd, icmp::REPLY_V4);
            }
            Family::V6 => {
                setsockopt(&fd, Ipv6TClass, &CLASS)?;
                setsockopt(&fd, Ipv6RecvPacketInfo, &true)?;
                let _ = want_v6(&fd, icmp::REPLY_V6);
            }
        }
        Ok(Socket { fd, family, hands })
    }

    fn ask(&self, route: &Route, sequence: u16, nonce: u64) -> nix::Result<()> {
        let message = icmp::request(self.family, sequence, nonce);
        let to = SockaddrStorage::from(SocketAddr::new(route.remote, 0));
        let send = |info: ControlMessage<'_>| {
            let parts = [IoSlice::new(&message)];
            let fd = self.fd.as_raw_fd();
            sendmsg(fd, &parts, &[info], MsgFlags::empty(), Some(&to)).map(drop)
        };
        match route.local {
            IpAddr::V4(local) => send(ControlMessage::Ipv4PacketInfo(&libc::in_pktinfo {
                ipi_ifindex: route.interface as i32,
                ipi_spec_dst: libc::in_addr {
                    s_addr: u32::from_ne_bytes(local.octets()),
                },
                ipi_addr: libc::in_addr { s_addr: 0 },
            })),
            IpAddr::V6(local) => send(ControlMessage::Ipv6PacketInfo(&libc::in6_pktinfo {
                ipi6_addr: libc::in6_addr {
                    s6_addr: local.octets(),
                },
                ipi6_ifindex: route.interface,
            })),
        }
    }

    /// The next message that came, `None` for one that is no answer; EAGAIN when there is no more.
    pub(super) fn receive(&self) -> nix::Result<Option<Answer>> {
        let mut packet = [0; PACKET_MAX];
        let mut parts = [IoSliceMut::new(&mut packet)];
        let mut control = nix::cmsg_space!(libc::in6_pktinfo);
        let (fd, cut) = (self.fd.as_raw_fd(), MsgFlags::MSG_TRUNC);
        let came = recvmsg::<SockaddrStorage>(fd, &mut parts, Some(&mut control), cut)?;
        let interface = came.cmsgs()?.find_map(ingress);
        let (from, length) = (came.address.as_ref().and_then(address), came.bytes);
        // Whatever is longer than the room for it is no answer.
        let nonce = packet.get(..length).and_then(|packet| self.replied(packet));
        let parts = from.zip(interface).zip(nonce);
        Ok(parts.map(|((from, interface), nonce)| Answer {
            from,
            interface,
            nonce,
        }))
    }

    fn replied(&self, packet: &[u8]) -> Option<u64> {
        let message = match self.hands {
            Hands::Message => packet,
            Hands::Packet => icmp::behind_ipv4(packet)?,
        };
        icmp::replied(self.family, message)
    }

    /// The same socket, to wait on.
    pub(super) fn duplicate(&self) -> Result<OwnedFd> {
        self.fd.try_clone().context("duplicate a socket")
    }
}

fn ingress(message: ControlMessageOwned) -> Option<u32> {
    match message {
        ControlMessageOwned::Ipv4PacketInfo(info) => u32::try_from(info.ipi_ifindex).ok(),
        ControlMessageOwned::Ipv6PacketInfo(info) => Some(info.ipi6_ifindex),
        _ => None,
    }
}

fn address(from: &SockaddrStorage) -> Option<IpAddr> {
    let v4 = from.as_sockaddr_in().map(|from| IpAddr::V4(from.ip()));
    v4.or_else(|| from.as_sockaddr_in6().map(|from| IpAddr::V6(from.ip())))
}

/// Refuses every message but one kind, one bit a kind.
fn want_v4(fd: &OwnedFd, kind: u8) -> nix::Result<()> {
    filter(fd, libc::SOL_RAW, ICMP_FILTER, &[!(1_u32 << kind)])
}

/// The same for the 256 kinds of ICMPv6.
fn want_v6(fd: &OwnedFd, kind: u8) -> nix::Result<()> {
    let mut refused = [u32::MAX; 8];
    refused[usize::from(kind / 32)] &= !(1 << (kind % 32));
    filter(fd, libc::IPPROTO_ICMPV6, ICMPV6_FILTER, &refused)
}

fn filter(fd: &OwnedFd, level: i32, option: i32, refused: &[u32]) -> nix::Result<()> {
    let size = size_of_val(refused) as libc::socklen_t;
    // SAFETY: the kernel reads `size` bytes of the slice, which lives until the call returns.
    let result =
        unsafe { libc::setsockopt(fd.as_raw_fd(), level, option, refused.as_ptr().cast(), size) };
    Errno::result(result).map(drop)
}
