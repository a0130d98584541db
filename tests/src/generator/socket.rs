//! The socket through which all peers speak and hear.
//!
//! One socket plays thousands of senders: each datagram names its own source address. What the real agent sends
//! to thousands of peers arrives here too, and would fill the socket's queue with heartbeats before an echo request
//! got in. So a filter in the kernel lets through what must be answered, and of the heartbeats those to a group and to
//! the first peer alone: they tell the round of their network, for a round has one sequence whomever it goes to.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use anyhow::{Context, Result};
use heartbeat_ebpf::wire::{Kind, LENGTH, PORT};
use nix::errno::Errno;
use nix::sys::socket::sockopt::{RcvBufForce, SndBufForce};
use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockType, SockaddrIn, bind, recv, setsockopt, socket,
};

/// Room for a request from every path at once, and for as many replies.
const BUFFER: usize = 16 * 1024 * 1024;
/// Where the kind lies in a UDP datagram, and the receiver.
const KIND_AT: u32 = 8 + 3;
const RECEIVER_AT: u32 = 8 + 12;
/// The receiver of what goes to a group.
const GROUP: u32 = 0;

/// One datagram to send.
#[derive(Clone, Copy, Debug)]
pub struct Datagram {
    /// Where it shall seem to come from; one of the generator's addresses.
    pub from: Ipv4Addr,
    /// Where it goes.
    pub to: Ipv4Addr,
    /// What it says.
    pub payload: [u8; LENGTH],
}

/// A socket on port 3343.
#[derive(Debug)]
pub struct Socket(OwnedFd);

impl Socket {
    /// Opens it in the namespace of the calling thread. `first` is the peer whose heartbeats are let through.
    pub fn open(first: u16) -> Result<Self> {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let socket = socket(AddressFamily::Inet, SockType::Datagram, flags, None)
            .context("make a UDP socket")?;
        filter(&socket, first).context("attach a filter to the socket")?;
        setsockopt(&socket, RcvBufForce, &BUFFER).context("enlarge the receive buffer")?;
        setsockopt(&socket, SndBufForce, &BUFFER).context("enlarge the send buffer")?;
        let any = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, PORT);
        bind(socket.as_raw_fd(), &SockaddrIn::from(any))
            .with_context(|| format!("bind to port {PORT}"))?;
        Ok(Socket(socket))
    }

    /// The next datagram that the filter let through, if there is one.
    pub fn receive(&self) -> Option<[u8; LENGTH]> {
        let mut payload = [0; LENGTH];
        loop {
            match recv(self.0.as_raw_fd(), &mut payload, MsgFlags::MSG_TRUNC) {
                Ok(LENGTH) => return Some(payload),
                Ok(_) | Err(Errno::EINTR) => {}
                Err(_) => return None,
            }
        }
    }

    /// Sends all of these with as few system calls as can be.
    pub fn send(&self, datagrams: &mut [Datagram]) -> io::Result<()> {
        let mut parts: Vec<Parts> = datagrams.iter_mut().map(Parts::new).collect();
        let mut messages: Vec<libc::mmsghdr> = parts.iter_mut().map(Parts::message).collect();
        let mut done = 0;
        while done < messages.len() {
            let rest = &mut messages[done..];
            // SAFETY: every pointer in the headers is to a part or a payload, which outlive the call.
            let sent = unsafe {
                libc::sendmmsg(self.0.as_raw_fd(), rest.as_mut_ptr(), rest.len() as u32, 0)
            };
            match Errno::result(sent) {
                Ok(sent) => done += sent as usize,
                Err(Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// What the kernel wants to know of one datagram, in its shapes.
struct Parts {
    to: libc::sockaddr_in,
    vector: libc::iovec,
    control: Control,
}

/// One control message: a cmsghdr and an in_pktinfo.
#[repr(C)]
struct Control {
    header: libc::cmsghdr,
    info: libc::in_pktinfo,
}

impl Parts {
    fn new(datagram: &mut Datagram) -> Self {
        let bits = |address: Ipv4Addr| libc::in_addr {
            s_addr: u32::from_ne_bytes(address.octets()),
        };
        // SAFETY: CMSG_LEN only calculates.
        let length = unsafe { libc::CMSG_LEN(size_of::<libc::in_pktinfo>() as u32) };
        Parts {
            to: libc::sockaddr_in {
                sin_family: libc::AF_INET as libc::sa_family_t,
                sin_port: PORT.to_be(),
                sin_addr: bits(datagram.to),
                sin_zero: [0; 8],
            },
            vector: libc::iovec {
                iov_base: datagram.payload.as_mut_ptr().cast(),
                iov_len: LENGTH,
            },
            control: Control {
                header: libc::cmsghdr {
                    cmsg_len: length as _,
                    cmsg_level: libc::IPPROTO_IP,
                    cmsg_type: libc::IP_PKTINFO,
                },
                info: libc::in_pktinfo {
                    ipi_ifindex: 0,
                    ipi_spec_dst: bits(datagram.from),
                    ipi_addr: bits(Ipv4Addr::UNSPECIFIED),
                },
            },
        }
    }

    fn message(&mut self) -> libc::mmsghdr {
        // SAFETY: an all-zero msghdr is a valid, empty one.
        let mut header: libc::msghdr = unsafe { std::mem::zeroed() };
        header.msg_name = (&raw mut self.to).cast();
        header.msg_namelen = size_of::<libc::sockaddr_in>() as libc::socklen_t;
        header.msg_iov = &raw mut self.vector;
        header.msg_iovlen = 1;
        header.msg_control = (&raw mut self.control).cast();
        header.msg_controllen = size_of::<Control>() as _;
        libc::mmsghdr {
            msg_hdr: header,
            msg_len: 0,
        }
    }
}

/// Lets echo requests through, and heartbeats to a group or to `first`.
fn filter(socket: &OwnedFd, first: u16) -> io::Result<()> {
    const LOAD_BYTE: u16 = (libc::BPF_LD | libc::BPF_B | libc::BPF_ABS) as u16;
    const LOAD_HALF: u16 = (libc::BPF_LD | libc::BPF_H | libc::BPF_ABS) as u16;
    const EQUAL: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
    const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;
    let step = |code, jt, jf, k| libc::sock_filter { code, jt, jf, k };
    let mut steps = [
        step(LOAD_BYTE, 0, 0, KIND_AT),
        step(EQUAL, 4, 0, Kind::EchoRequest as u32),
        step(EQUAL, 0, 4, Kind::Heartbeat as u32),
        step(LOAD_HALF, 0, 0, RECEIVER_AT),
        step(EQUAL, 1, 0, u32::from(first)),
        step(EQUAL, 0, 1, GROUP),
        step(RETURN, 0, 0, u32::MAX),
        step(RETURN, 0, 0, 0),
    ];
    let program = libc::sock_fprog {
        len: steps.len() as u16,
        filter: steps.as_mut_ptr(),
    };
    // SAFETY: the kernel copies the program during the call.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_ATTACH_FILTER,
            (&raw const program).cast(),
            size_of::<libc::sock_fprog>() as libc::socklen_t,
        )
    };
    Errno::result(result)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;

    use heartbeat_ebpf::wire::Header;

    use super::*;

    #[test]
    fn the_filter_lets_requests_through_and_heartbeats_to_one_peer_or_a_group() {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let fd = socket(AddressFamily::Inet, SockType::Datagram, flags, None).unwrap();
        filter(&fd, 2).unwrap();
        bind(fd.as_raw_fd(), &SockaddrIn::new(127, 0, 0, 1, 0)).unwrap();
        let to: SockaddrIn = nix::sys::socket::getsockname(fd.as_raw_fd()).unwrap();
        let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
        let all = [
            (Kind::Heartbeat, 3),
            (Kind::EchoReply, 2),
            (Kind::Heartbeat, 2),
            (Kind::Heartbeat, 0),
            (Kind::EchoRequest, 3),
        ];
        for (kind, receiver) in all {
            let payload = datagram(kind, receiver).encode(None);
            sender.send_to(&payload, SocketAddrV4::from(to)).unwrap();
        }
        let socket = Socket(fd);
        for (kind, receiver) in &all[2..] {
            let payload = datagram(*kind, *receiver).encode(None);
            assert_eq!(socket.receive(), Some(payload));
        }
        assert_eq!(socket.receive(), None);
    }

    fn datagram(kind: Kind, receiver: u16) -> Header {
        Header {
            kind,
            flags: 0,
            key_id: 1,
            sender: 1,
            cluster: 7,
            receiver,
            network: 1,
            interval_ms: 100,
            agent_age_ms: 0,
            config_digest: 0,
            incarnation: 5,
            sequence: 1,
            sent: 1,
            heard: 0,
        }
    }
}
