//! The sockets that datagrams leave through.
//!
//! One socket a family, not one a network: the source address and the interface are said with each datagram
//! (IP_PKTINFO, IPV6_PKTINFO), so a whole round is one system call, no socket must be made again when an
//! interface goes and comes back, and no capability is needed to bind to a device. What is read here is only what
//! XDP passed up: heartbeats end in the driver.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsRawFd, OwnedFd};

use anyhow::{Context, Result};
use heartbeat_ebpf::wire::{LENGTH, PORT};
use nix::sys::socket::sockopt::{Ipv4Tos, Ipv6TClass, Ipv6V6Only, Priority, ReuseAddr};
use nix::sys::socket::{
    AddressFamily, SockFlag, SockType, SockaddrStorage, bind, recvfrom, setsockopt, socket,
};
use tokio::io::unix::{AsyncFd, AsyncFdReadyGuard};

use crate::watch;

/// Class selector 6, network control (RFC 4594), as the traffic class byte.
const CLASS: i32 = 0xc0;
/// SO_PRIORITY for network control; the highest that needs no capability.
const PRIORITY: i32 = 6;

/// Bytes of the largest datagram that is read whole; longer ones are cut and fail their check.
const DATAGRAM_MAX: usize = 2048;

/// Where a datagram leaves from and where it goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Route {
    /// Our address on the network.
    pub local: IpAddr,
    /// The peer's.
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

    /// Sends one datagram.
    pub fn send(&self, route: &Route, payload: &[u8; LENGTH]) -> io::Result<()> {
        let mut batch = Batch::new(&[*route]);
        batch.payloads[0] = *payload;
        batch.send(self)[0].map_err(io::Error::from_raw_os_error)
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
        Ok(Incoming {
            v4: watch(again.v4)?,
            v6: again.v6.map(watch).transpose()?,
        })
    }

    /// The next datagram that was passed up, if there is one.
    pub fn receive(&self) -> Option<Received> {
        let sockets = [Some(&self.v4), self.v6.as_ref()];
        sockets.into_iter().flatten().find_map(|socket| {
            let mut buffer = [0; DATAGRAM_MAX];
            let (length, from) =
                recvfrom::<SockaddrStorage>(socket.as_raw_fd(), &mut buffer).ok()?;
            Some(Received {
                from: address(&from?)?,
                payload: buffer[..length].to_vec(),
            })
        })
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
    let address = SockaddrStorage::from(SocketAddr::new(any, PORT));
    bind(fd.as_raw_fd(), &address).context("bind")?;
    Ok(fd)
}

/// A datagram that XDP passed up.
pub struct Received {
    /// Where it says it comes from.
    pub from: IpAddr,
    /// Its payload.
    pub payload: Vec<u8>,
}

/// Waits for datagrams on both sockets.
pub struct Incoming {
    v4: AsyncFd<OwnedFd>,
    v6: Option<AsyncFd<OwnedFd>>,
}

impl Incoming {
    /// Returns when one may have come; the readiness must be cleared before reading.
    pub async fn readable(&self) -> io::Result<AsyncFdReadyGuard<'_, OwnedFd>> {
        match &self.v6 {
            None => self.v4.readable().await,
            Some(v6) => tokio::select! {
                ready = self.v4.readable() => ready,
                ready = v6.readable() => ready,
            },
        }
    }
}

fn address(from: &SockaddrStorage) -> Option<IpAddr> {
    let v4 = from.as_sockaddr_in().map(|from| IpAddr::V4(from.ip()));
    v4.or_else(|| from.as_sockaddr_in6().map(|from| IpAddr::V6(from.ip())))
}

/// Datagrams that leave together, with all that the kernel wants to know of each, laid out once.
pub struct Batch {
    /// What is sent, one a route.
    pub payloads: Vec<[u8; LENGTH]>,
    routes: Vec<Destination>,
    /// Positions of the IPv4 and of the IPv6 routes.
    families: [Vec<usize>; 2],
    results: Vec<Result<(), i32>>,
}

/// A destination in the kernel's shapes.
struct Destination {
    address: SockaddrStorage,
    control: Control,
}

/// One control message: a cmsghdr and an in_pktinfo or in6_pktinfo.
#[repr(C, align(8))]
#[derive(Clone, Copy)]
struct Control {
    bytes: [u8; 40],
    length: usize,
}

impl Batch {
    /// A batch for these routes.
    pub fn new(routes: &[Route]) -> Self {
        let positions = |v6| {
            let chosen = |i: &usize| routes[*i].remote.is_ipv6() == v6;
            (0..routes.len()).filter(chosen).collect()
        };
        Batch {
            payloads: vec![[0; LENGTH]; routes.len()],
            routes: routes.iter().map(Destination::new).collect(),
            families: [positions(false), positions(true)],
            results: vec![Ok(()); routes.len()],
        }
    }

    /// Sends all payloads and says for each whether it left, or with which error number. It goes on past a
    /// failing one.
    pub fn send(&mut self, sockets: &Sockets) -> &[Result<(), i32>] {
        let families = std::mem::take(&mut self.families);
        for (chosen, v6) in families.iter().zip([false, true]) {
            if chosen.is_empty() {
                continue;
            }
            match sockets.descriptor(v6) {
                Some(fd) => self.send_chosen(fd, chosen),
                None => {
                    for index in chosen {
                        self.results[*index] = Err(libc::EAFNOSUPPORT);
                    }
                }
            }
        }
        self.families = families;
        &self.results
    }

    fn send_chosen(&mut self, fd: i32, chosen: &[usize]) {
        let mut vectors: Vec<libc::iovec> = chosen
            .iter()
            .map(|index| libc::iovec {
                iov_base: self.payloads[*index].as_mut_ptr().cast(),
                iov_len: LENGTH,
            })
            .collect();
        let mut messages = Vec::with_capacity(chosen.len());
        for (index, vector) in chosen.iter().zip(&mut vectors) {
            messages.push(self.routes[*index].message(vector));
        }
        let mut done = 0;
        while done < messages.len() {
            let rest = &mut messages[done..];
            // SAFETY: every pointer in the headers is to memory that outlives the call.
            let sent = unsafe { libc::sendmmsg(fd, rest.as_mut_ptr(), rest.len() as u32, 0) };
            if sent <= 0 {
                let error = io::Error::last_os_error()
                    .raw_os_error()
                    .unwrap_or(libc::EIO);
                if error != libc::EINTR {
                    self.results[chosen[done]] = Err(error);
                    done += 1;
                }
                continue;
            }
            for index in &chosen[done..done + sent as usize] {
                self.results[*index] = Ok(());
            }
            done += sent as usize;
        }
    }
}

impl Destination {
    fn new(route: &Route) -> Self {
        Destination {
            address: SockaddrStorage::from(SocketAddr::new(route.remote, PORT)),
            control: Control::new(route),
        }
    }

    fn message(&mut self, vector: &mut libc::iovec) -> libc::mmsghdr {
        use nix::sys::socket::SockaddrLike as _;
        // SAFETY: an all-zero msghdr is a valid, empty one.
        let mut header: libc::msghdr = unsafe { std::mem::zeroed() };
        header.msg_name = self.address.as_ptr().cast_mut().cast();
        header.msg_namelen = self.address.len();
        header.msg_iov = vector;
        header.msg_iovlen = 1;
        header.msg_control = self.control.bytes.as_mut_ptr().cast();
        header.msg_controllen = self.control.length as _;
        libc::mmsghdr {
            msg_hdr: header,
            msg_len: 0,
        }
    }
}

impl Control {
    fn new(route: &Route) -> Self {
        match route.local {
            IpAddr::V4(local) => {
                let info = libc::in_pktinfo {
                    ipi_ifindex: route.interface as i32,
                    ipi_spec_dst: libc::in_addr {
                        s_addr: u32::from_ne_bytes(local.octets()),
                    },
                    ipi_addr: libc::in_addr { s_addr: 0 },
                };
                Control::with(libc::IPPROTO_IP, libc::IP_PKTINFO, info)
            }
            IpAddr::V6(local) => {
                let info = libc::in6_pktinfo {
                    ipi6_addr: libc::in6_addr {
                        s6_addr: local.octets(),
                    },
                    ipi6_ifindex: route.interface,
                };
                Control::with(libc::IPPROTO_IPV6, libc::IPV6_PKTINFO, info)
            }
        }
    }

    fn with<T>(level: i32, kind: i32, data: T) -> Self {
        let size = size_of::<T>() as u32;
        let mut control = Control {
            bytes: [0; 40],
            length: 0,
        };
        // SAFETY: CMSG_SPACE and CMSG_LEN only calculate.
        let (space, length) = unsafe { (libc::CMSG_SPACE(size), libc::CMSG_LEN(size)) };
        control.length = space as usize;
        assert!(
            control.length <= control.bytes.len(),
            "the larger of both fits exactly"
        );
        let header = control.bytes.as_mut_ptr().cast::<libc::cmsghdr>();
        // SAFETY: header and data lie within the bytes, which are aligned for a cmsghdr.
        unsafe {
            (*header).cmsg_len = length as _;
            (*header).cmsg_level = level;
            (*header).cmsg_type = kind;
            libc::CMSG_DATA(header).cast::<T>().write_unaligned(data);
        }
        control
    }
}

const _: () = assert!(size_of::<libc::in6_pktinfo>() == 20);
