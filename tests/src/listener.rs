//! A plain socket on the cluster's port, which gets what the agent's sockets must not.
//!
//! Where no XDP program takes a heartbeat first, it goes up to any socket on the port. This one shares the port,
//! takes what comes by any group that anybody on the host has joined, as sockets do unless told otherwise, and
//! says how many hops a datagram had left.

use std::io::IoSliceMut;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;

use anyhow::{Context, Result};
use heartbeat_ebpf::wire::{LENGTH, PORT};
use heartbeat_user::group::Family;
use nix::cmsg_space;
use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, ControlMessageOwned, MsgFlags, SockFlag, SockType, SockaddrStorage, bind,
    recvmsg, setsockopt, socket, sockopt,
};
use nix::sys::time::{TimeVal, TimeValLike};

/// The socket, in the namespace where it was made.
#[derive(Debug)]
pub struct Listener(OwnedFd);

/// A datagram.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Heard {
    /// Its payload, of which [`LENGTH`] bytes are read.
    pub payload: Vec<u8>,
    /// Hops it had left.
    pub hops: i32,
}

impl Listener {
    /// Listens to all of this family in the namespace of the calling thread.
    pub fn open(family: Family) -> Result<Self> {
        let (inet, any) = match family {
            Family::V4 => (AddressFamily::Inet, IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
            Family::V6 => (AddressFamily::Inet6, IpAddr::V6(Ipv6Addr::UNSPECIFIED)),
        };
        let fd = socket(inet, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None)?;
        setsockopt(&fd, sockopt::ReuseAddr, &true)?;
        match family {
            Family::V4 => setsockopt(&fd, sockopt::Ipv4RecvTtl, &true)?,
            Family::V6 => {
                setsockopt(&fd, sockopt::Ipv6V6Only, &true)?;
                setsockopt(&fd, sockopt::Ipv6RecvHopLimit, &true)?;
            }
        }
        let address = SockaddrStorage::from(SocketAddr::new(any, PORT));
        bind(fd.as_raw_fd(), &address).context("listen on the cluster's port")?;
        Ok(Listener(fd))
    }

    /// The next datagram, if one comes within this time.
    pub fn hear(&self, limit: Duration) -> Result<Option<Heard>> {
        let limit = i64::try_from(limit.as_millis()).context("a time to wait")?;
        let limit = TimeVal::milliseconds(limit);
        setsockopt(&self.0, sockopt::ReceiveTimeout, &limit)?;
        let mut payload = [0; LENGTH];
        let mut parts = [IoSliceMut::new(&mut payload)];
        let mut control = cmsg_space!(i32);
        let received = recvmsg::<()>(
            self.0.as_raw_fd(),
            &mut parts,
            Some(&mut control),
            MsgFlags::empty(),
        );
        let (length, hops) = match received {
            Err(Errno::EAGAIN) => return Ok(None),
            received => {
                let received = received.context("read a datagram")?;
                let hops = received.cmsgs()?.find_map(|message| match message {
                    ControlMessageOwned::Ipv4Ttl(hops)
                    | ControlMessageOwned::Ipv6HopLimit(hops) => Some(hops),
                    _ => None,
                });
                (received.bytes, hops)
            }
        };
        Ok(Some(Heard {
            payload: payload[..length].to_vec(),
            hops: hops.context("the kernel did not tell the hops left")?,
        }))
    }
}
