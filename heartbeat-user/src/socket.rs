//! The sockets that datagrams leave through.
//!
//! One socket a family, not one a network: the source address and the interface are said with each datagram
//! (IP_PKTINFO, IPV6_PKTINFO), so a whole round is one system call, no socket must be made again when an
//! interface goes and comes back, and no capability is needed to bind to a device. What is read here is only what
//! XDP passed up: heartbeats end in the driver.
//!
//! What goes to a group goes one hop far, does not come back to this host, and none of what comes by groups is
//! for these sockets: being bound to any address they would otherwise get whatever anybody on this host joined.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsRawFd, OwnedFd};

use anyhow::{Context, Result};
use heartbeat_ebpf::wire::PORT;
use nix::errno::Errno;
use nix::sys::socket::sockopt::{
    IpMulticastLoop, IpMulticastTtl, Ipv4Tos, Ipv6TClass, Ipv6V6Only, Priority, RcvBuf,
    RcvBufForce, ReuseAddr,
};
use nix::sys::socket::{
    AddressFamily, SockFlag, SockType, SockaddrStorage, bind, setsockopt, socket,
};

use crate::watch;
use incoming::Incoming;

pub mod batch;
pub mod incoming;

/// Class selector 6, network control (RFC 4594), as the traffic class byte.
pub(crate) const CLASS: i32 = 0xc0;
/// Whether a socket gets what comes by groups that others joined; the C library's headers lack them.
const IP_MULTICAST_ALL: i32 = 49;
const IPV6_MULTICAST_ALL: i32 = 29;
/// SO_PRIORITY for network control; the highest that needs no capability.
pub(crate) const PRIORITY: i32 = 6;
/// Bytes that may wait to be read, as the kernel counts them: the reports of a thousand peers.
const RECEIVE_BYTES: usize = 4 * 1024 * 1024;

/// Where a datagram leaves from and where it goes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Route {
    /// Our address on the network.
    pub local: IpAddr,
    /// The peer's, or the network's group.
    pub remote: IpAddr,
    /// Index of the interface that owns `local`; 0: the routing table decides.
    pub interface: u32,
}

/// The two sockets.
pub struct Sockets {
    v4: OwnedFd,
    v6: Option<OwnedFd>,
}

impl Sockets {
    /// Opens and binds both; IPv6 may be absent from a kernel, and is missed only by who sends over it.
    pub fn open() -> Result<Self> {
        let v4 =
            open(AddressFamily::Inet, IpAddr::V4(Ipv4Addr::UNSPECIFIED)).with_context(|| {
                format!("open UDP port {PORT}: does another cluster service hold it?")
            })?;
        let v6 = open(AddressFamily::Inet6, IpAddr::V6(Ipv6Addr::UNSPECIFIED));
        if let Err(error) = &v6 {
            log::warn!("IPv6 networks can't be used: {error:#}");
        }
        Ok(Sockets { v4, v6: v6.ok() })
    }

    /// Sends one datagram of any length that its interface carries; IP does not fragment it.
    pub fn send(&self, route: &Route, payload: &[u8]) -> io::Result<()> {
        match self.descriptor(route.remote.is_ipv6()) {
            Some(fd) => batch::send_one(fd, route, payload),
            None => Err(io::Error::from_raw_os_error(libc::EAFNOSUPPORT)),
        }
    }

    /// Duplicates both sockets, for another thread.
    pub fn duplicate(&self) -> Result<Self> {
        Ok(Sockets {
            v4: self.v4.try_clone().context("duplicate a socket")?,
            v6: match &self.v6 {
                Some(v6) => Some(v6.try_clone().context("duplicate a socket")?),
                None => None,
            },
        })
    }

    /// The sockets again, to wait for what XDP passed up.
    pub fn watch(&self) -> Result<Incoming> {
        let again = self.duplicate()?;
        let watch = |fd| watch::readable(fd, "a socket");
        Ok(Incoming::new(
            watch(again.v4)?,
            again.v6.map(watch).transpose()?,
        ))
    }

    fn descriptor(&self, v6: bool) -> Option<i32> {
        if v6 {
            self.v6.as_ref().map(AsRawFd::as_raw_fd)
        } else {
            Some(self.v4.as_raw_fd())
        }
    }
}

fn open(family: AddressFamily, any: IpAddr) -> Result<OwnedFd> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let fd = socket(family, SockType::Datagram, flags, None).context("make a socket")?;
    setsockopt(&fd, ReuseAddr, &true)?;
    setsockopt(&fd, Priority, &PRIORITY)?;
    match family {
        AddressFamily::Inet6 => {
            setsockopt(&fd, Ipv6V6Only, &true)?;
            setsockopt(&fd, Ipv6TClass, &CLASS)?;
        }
        _ => setsockopt(&fd, Ipv4Tos, &CLASS)?,
    }
    away_from_groups(&fd, family).context("keep a socket from groups")?;
    whole(&fd, family).context("keep IP from fragmenting")?;
    make_room(&fd);
    let address = SockaddrStorage::from(SocketAddr::new(any, PORT));
    bind(fd.as_raw_fd(), &address).context("bind")?;
    Ok(fd)
}

/// One hop, no copy for this host, and nothing from groups that somebody on this host has joined.
fn away_from_groups(fd: &OwnedFd, family: AddressFamily) -> nix::Result<()> {
    match family {
        AddressFamily::Inet6 => {
            number(fd, libc::IPPROTO_IPV6, libc::IPV6_MULTICAST_HOPS, 1)?;
            number(fd, libc::IPPROTO_IPV6, libc::IPV6_MULTICAST_LOOP, 0)?;
            number(fd, libc::IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0)
        }
        _ => {
            setsockopt(fd, IpMulticastTtl, &1)?;
            setsockopt(fd, IpMulticastLoop, &false)?;
            number(fd, libc::IPPROTO_IP, IP_MULTICAST_ALL, 0)
        }
    }
}

/// A datagram leaves in one piece or not at all, however small somebody says the MTU on its way is: whoever can
/// forge an ICMP message could otherwise stop messages.
fn whole(fd: &OwnedFd, family: AddressFamily) -> nix::Result<()> {
    match family {
        AddressFamily::Inet6 => {
            let probe = libc::IPV6_PMTUDISC_PROBE;
            number(fd, libc::IPPROTO_IPV6, libc::IPV6_MTU_DISCOVER, probe)
        }
        _ => {
            let probe = libc::IP_PMTUDISC_PROBE;
            number(fd, libc::IPPROTO_IP, libc::IP_MTU_DISCOVER, probe)
        }
    }
}

/// Room for what many peers say while the loop is late; beyond the host's usual limit where that is allowed.
fn make_room(fd: &OwnedFd) {
    if setsockopt(fd, RcvBufForce, &RECEIVE_BYTES).is_err() {
        // As much as the host allows is what there is then.
        let _ = setsockopt(fd, RcvBuf, &RECEIVE_BYTES);
    }
}

/// Sets an option whose value is a number.
fn number(fd: &OwnedFd, level: i32, option: i32, value: i32) -> nix::Result<()> {
    let size = size_of_val(&value) as libc::socklen_t;
    // SAFETY: the kernel reads `size` bytes of the value, which lives until the call returns.
    let result = unsafe {
        libc::setsockopt(
            fd.as_raw_fd(),
            level,
            option,
            (&raw const value).cast(),
            size,
        )
    };
    Errno::result(result).map(drop)
}
