//! A round of datagrams: one system call, each with its own source address and interface.

use std::io;
use std::net::{IpAddr, SocketAddr};

use heartbeat_ebpf::wire::{LENGTH, PORT};
use nix::sys::socket::SockaddrStorage;

use super::{Route, Sockets};

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
                    ipi_ifindex: interface_v4(route) as i32,
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

/// The interface to name for an IPv4 datagram. None for a group: where one is named, the kernel asks the
/// routing table, which has a local route to a group that this host joined by an address, and the datagram
/// would end here. Where none is, it leaves through the interface that owns the source address.
fn interface_v4(route: &Route) -> u32 {
    if route.remote.is_multicast() {
        0
    } else {
        route.interface
    }
}

const _: () = assert!(size_of::<libc::in6_pktinfo>() == 20);
