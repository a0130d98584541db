//! A packet socket at a switch port, and what it tells of a heartbeat frame.
//!
//! On the node itself nothing could be seen, because XDP takes the frames first. On the switch's side of the
//! cable a packet socket sees each one right before it goes to the node, stamped by the kernel, and what is
//! sent there reaches the node's XDP program like any frame of the network.

use std::io::IoSliceMut;
use std::ops::Range;
use std::os::fd::{AsRawFd, OwnedFd};

use anyhow::{Context, Result, bail, ensure};
use heartbeat_ebpf::wire::{Header, LENGTH, PORT, Words};
use nix::cmsg_space;
use nix::errno::Errno;
use nix::libc::{self, sockaddr_ll};
use nix::net::if_::if_nametoindex;
use nix::sys::socket::{
    AddressFamily, ControlMessageOwned, LinkAddr, MsgFlags, SockFlag, SockType, SockaddrLike, bind,
    recvmsg, sendto, setsockopt, socket, sockopt,
};
use nix::sys::time::{TimeSpec, TimeVal, TimeValLike};
use nix::time::{ClockId, clock_gettime};

use super::clock::monotonic_ns;
use super::namespace::Namespace;
use super::plan::Node;
use crate::frames::checksum;

/// Ethernet and IPv4 without options: what comes before a UDP header on the lab's IPv4 networks.
const UDP: usize = 14 + 20;
/// Where source and destination of such a packet lie.
const ADDRESSES: Range<usize> = UDP - 8..UDP;
/// The longest frame of the lab's devices.
const FRAME_MAX: usize = 2048;
/// How long a wait for a frame lasts.
const PERIOD_MS: i64 = 50;
/// Room for frames that the listener has not come to yet: seconds of a busy lab.
const BUFFER_BYTES: usize = 4 << 20;

/// A frame and when the kernel saw it.
#[derive(Clone, Debug)]
pub struct Seen {
    /// From the Ethernet header on.
    pub frame: Vec<u8>,
    /// Nanoseconds of CLOCK_MONOTONIC.
    pub stamp_ns: u64,
}

impl Seen {
    /// The header of the cluster datagram in it, if it is one over IPv4.
    pub fn header(&self) -> Option<Header> {
        let udp = self.frame.get(UDP..)?;
        let payload = udp.get(8..)?.first_chunk::<LENGTH>()?;
        (udp[2..4] == PORT.to_be_bytes()).then(|| Words::from_bytes(payload).header())?
    }

    /// Completes a frame that has a [`Seen::header`] as the last device on its way would.
    pub fn fill_in_checksum(&mut self) {
        let (packet, udp) = self.frame.split_at_mut(UDP);
        udp[6..8].fill(0);
        let sum = checksum::of_udp(&packet[ADDRESSES], udp);
        udp[6..8].copy_from_slice(&sum.to_be_bytes());
    }
}

/// How long to wait for a frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Patience {
    /// A while, so that who listens can look now and then whether it shall end.
    Some,
    /// Not at all: only what is already there.
    None,
}

impl Patience {
    fn flags(self) -> MsgFlags {
        match self {
            Patience::Some => MsgFlags::empty(),
            Patience::None => MsgFlags::MSG_DONTWAIT,
        }
    }
}

/// A packet socket for one port of a switch.
#[derive(Debug)]
pub struct Port {
    socket: OwnedFd,
    address: LinkAddr,
    behind_wall_ns: u64,
}

impl Port {
    /// The switch's port that leads to this node.
    pub fn of(switch: &Namespace, node: Node) -> Result<Self> {
        switch
            .enter(|| Port::open(&node.to_string()))
            .with_context(|| format!("open the port of {node} in {}", switch.name()))
    }

    fn open(interface: &str) -> Result<Self> {
        let index = if_nametoindex(interface).context("find the interface")?;
        // Without a protocol it hears nothing until it is bound to the one device.
        let socket = socket(
            AddressFamily::Packet,
            SockType::Raw,
            SockFlag::SOCK_CLOEXEC,
            None,
        )
        .context("open a packet socket")?;
        setsockopt(&socket, sockopt::RcvBuf, &BUFFER_BYTES).context("ask for room")?;
        setsockopt(&socket, sockopt::ReceiveTimestampns, &true).context("ask for stamps")?;
        let limit = TimeVal::milliseconds(PERIOD_MS);
        setsockopt(&socket, sockopt::ReceiveTimeout, &limit).context("limit waits")?;
        let address = device(index)?;
        bind(socket.as_raw_fd(), &address).context("bind to the device")?;
        Ok(Port {
            socket,
            address,
            behind_wall_ns: behind_wall_ns(),
        })
    }

    /// The next frame, if there is one in time.
    pub fn receive(&self, patience: Patience) -> Result<Option<Seen>> {
        let mut frame = vec![0; FRAME_MAX];
        let mut parts = [IoSliceMut::new(&mut frame)];
        let mut control = cmsg_space!(TimeSpec);
        let fd = self.socket.as_raw_fd();
        let message =
            match recvmsg::<LinkAddr>(fd, &mut parts, Some(&mut control), patience.flags()) {
                Ok(message) => message,
                Err(Errno::EAGAIN | Errno::EINTR) => return Ok(None),
                Err(error) => return Err(error).context("receive a frame"),
            };
        let stamp = match message.cmsgs()?.next() {
            Some(ControlMessageOwned::ScmTimestampns(stamp)) => ns(stamp),
            other => bail!("a frame came with {other:?} instead of a stamp"),
        };
        let bytes = message.bytes;
        frame.truncate(bytes);
        Ok(Some(Seen {
            frame,
            stamp_ns: stamp.saturating_sub(self.behind_wall_ns),
        }))
    }

    /// Sends a frame out of this port, towards the node.
    pub fn send(&self, frame: &[u8]) -> Result<()> {
        let fd = self.socket.as_raw_fd();
        let sent = sendto(fd, frame, &self.address, MsgFlags::empty()).context("send a frame")?;
        ensure!(sent == frame.len(), "a frame was sent in part");
        Ok(())
    }
}

/// The device alone, with frames of every protocol: a frame has its own header.
fn device(index: u32) -> Result<LinkAddr> {
    let address = sockaddr_ll {
        sll_family: u16::try_from(libc::AF_PACKET)?,
        sll_protocol: u16::try_from(libc::ETH_P_ALL)?.to_be(),
        sll_ifindex: i32::try_from(index)?,
        sll_hatype: 0,
        sll_pkttype: 0,
        sll_halen: 6,
        sll_addr: [0; 8],
    };
    let length = libc::socklen_t::try_from(size_of::<sockaddr_ll>())?;
    // SAFETY: the pointer is to a whole sockaddr_ll of that length, which outlives the call.
    unsafe { LinkAddr::from_raw((&raw const address).cast(), Some(length)) }
        .context("make a packet socket's address")
}

/// How far the monotonic clock, which the agents' stamps are of, is behind the wall clock, which the kernel
/// stamps frames with. Of several readings the one that was interrupted least is taken.
fn behind_wall_ns() -> u64 {
    const READINGS: usize = 20;
    let reading = |_| {
        let before_ns = monotonic_ns();
        let wall = clock_gettime(ClockId::CLOCK_REALTIME).expect("CLOCK_REALTIME always exists");
        let took_ns = monotonic_ns() - before_ns;
        (took_ns, ns(wall) - before_ns - took_ns / 2)
    };
    let (_, behind_ns) = (0..READINGS)
        .map(reading)
        .min()
        .expect("there are readings");
    behind_ns
}

fn ns(stamp: TimeSpec) -> u64 {
    u64::try_from(stamp.num_nanoseconds()).unwrap_or(0)
}
