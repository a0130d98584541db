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
    results: Vec<Result<(), i32>>,
    /// What the kernel is handed, used again and again: positions of one family, their buffers and headers.
    order: Vec<usize>,
    vectors: Vec<libc::iovec>,
    messages: Vec<libc::mmsghdr>,
}

/// A destination in the kernel's shapes.
struct Destination {
    v6: bool,
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
        Batch {
            payloads: vec![[0; LENGTH]; routes.len()],
            routes: routes.iter().map(Destination::new).collect(),
            results: vec![Ok(()); routes.len()],
            order: Vec::with_capacity(routes.len()),
            vectors: Vec::with_capacity(routes.len()),
            messages: Vec::with_capacity(routes.len()),
        }
    }

    /// Sends the payloads at these positions and says for each whether it left, or with which error number;
    /// what it says of others is old. It goes on past a failing one.
    pub fn send(&mut self, sockets: &Sockets, chosen: &[usize]) -> &[Result<(), i32>] {
        for v6 in [false, true] {
            let of_family = |position: &usize| self.routes[*position].v6 == v6;
            self.order.clear();
            self.order.extend(chosen.iter().copied().filter(of_family));
            if self.order.is_empty() {
                continue;
            }
            match sockets.descriptor(v6) {
                Some(fd) => self.send_ordered(fd),
                None => {
                    for position in &self.order {
                        self.results[*position] = Err(libc::EAFNOSUPPORT);
                    }
                }
            }
        }
        &self.results
    }

    fn send_ordered(&mut self, fd: i32) {
        self.lay_out();
        let (chosen, messages) = (&self.order, &mut self.messages);
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

    /// Makes the headers for the order; none of the vectors they point into changes until they are used.
    fn lay_out(&mut self) {
        self.vectors.clear();
        for position in &self.order {
            self.vectors.push(libc::iovec {
                iov_base: self.payloads[*position].as_mut_ptr().cast(),
                iov_len: LENGTH,
            });
        }
        self.messages.clear();
        for (position, vector) in self.order.iter().zip(&mut self.vectors) {
            let message = self.routes[*position].message(vector);
            self.messages.push(message);
        }
    }
}

/// Sends one datagram, of any length.
pub(super) fn send_one(fd: i32, route: &Route, payload: &[u8]) -> io::Result<()> {
    let mut vector = libc::iovec {
        iov_base: payload.as_ptr().cast_mut().cast(),
        iov_len: payload.len(),
    };
    let mut destination = Destination::new(route);
    let header = destination.message(&mut vector).msg_hdr;
    loop {
        // SAFETY: every pointer in the header is to memory that outlives the call, and sendmsg only reads it.
        let sent = unsafe { libc::sendmsg(fd, &raw const header, 0) };
        if 0 <= sent {
            return Ok(());
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

impl Destination {
    fn new(route: &Route) -> Self {
        Destination {
            v6: route.remote.is_ipv6(),
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
