//! A witness at a switch port: which heartbeats left it, and when.
//!
//! To say that every silence was reported, and only those, a test needs to know the silences from somebody
//! else than the agent. A packet socket on the switch's side of the cable sees each frame right before it
//! goes to the node, stamped by the kernel; on the node itself it would see none, because XDP takes them
//! first.

use std::io::IoSliceMut;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use anyhow::{Context, Result, bail};
use heartbeat_ebpf::wire::{Header, Kind, LENGTH, Words};
use nix::cmsg_space;
use nix::errno::Errno;
use nix::net::if_::if_nametoindex;
use nix::sys::socket::{
    AddressFamily, ControlMessageOwned, LinkAddr, MsgFlags, SockFlag, SockProtocol, SockType,
    recvmsg, setsockopt, socket, sockopt,
};
use nix::sys::time::{TimeSpec, TimeVal, TimeValLike};
use nix::time::{ClockId, clock_gettime};

use super::clock::monotonic_ns;
use super::namespace::Namespace;
use super::plan::Node;

/// Ethernet, IPv4 without options, UDP: what comes before a heartbeat on the lab's IPv4 networks.
const HEADERS: usize = 14 + 20 + 8;
/// How often the listening thread looks whether it shall end.
const PERIOD_MS: i64 = 50;

/// A silence between two heartbeats of one sender, in nanoseconds of CLOCK_MONOTONIC.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Silence {
    /// The heartbeat before it.
    pub start_ns: u64,
    /// The heartbeat after it.
    pub end_ns: u64,
}

impl Silence {
    /// How long it was, in nanoseconds.
    pub fn length_ns(&self) -> u64 {
        self.end_ns - self.start_ns
    }
}

/// A heartbeat, and when it left the switch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Heard {
    /// In nanoseconds of CLOCK_MONOTONIC.
    pub at_ns: u64,
    /// What it said.
    pub header: Header,
}

/// Listens until it is asked what it heard.
#[derive(Debug)]
pub struct Tap {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Result<Vec<Heard>>>,
}

impl Tap {
    /// Listens for IPv4 heartbeats of `from` that leave the switch through the port of `to`.
    pub fn listen(switch: &Namespace, from: Node, to: Node) -> Result<Self> {
        let port = switch
            .enter(|| Port::open(&to.to_string()))
            .with_context(|| format!("listen at the port of {to} in {}", switch.name()))?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::spawn(move || hear(&port, from, &stopped));
        Ok(Tap { stop, thread })
    }

    /// The heartbeats, in order.
    pub fn heartbeats(self) -> Result<Vec<Heard>> {
        self.stop.store(true, Ordering::Relaxed);
        match self.thread.join() {
            Ok(heard) => heard,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }

    /// The silences between one heartbeat and the next, in order.
    pub fn silences(self) -> Result<Vec<Silence>> {
        let heard = self.heartbeats()?;
        let pairs = heard.windows(2);
        Ok(pairs
            .map(|pair| Silence {
                start_ns: pair[0].at_ns,
                end_ns: pair[1].at_ns,
            })
            .collect())
    }
}

fn hear(port: &Port, from: Node, stop: &AtomicBool) -> Result<Vec<Heard>> {
    let behind_wall_ns = behind_wall_ns();
    let mut heard = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let mut frame = [0; HEADERS + LENGTH];
        let Some(stamp_ns) = port.receive(&mut frame)? else {
            continue;
        };
        if let Some(header) = heartbeat(&frame, from) {
            let at_ns = stamp_ns.saturating_sub(behind_wall_ns);
            heard.push(Heard { at_ns, header });
        }
    }
    Ok(heard)
}

fn heartbeat(frame: &[u8; HEADERS + LENGTH], from: Node) -> Option<Header> {
    let (_, payload) = frame
        .split_last_chunk::<LENGTH>()
        .expect("the frame is longer");
    Words::from_bytes(payload)
        .header()
        .filter(|header| header.kind == Kind::Heartbeat && usize::from(header.sender) == from.id())
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

/// A packet socket for one interface.
struct Port {
    socket: OwnedFd,
    index: usize,
}

impl Port {
    fn open(interface: &str) -> Result<Self> {
        let index = if_nametoindex(interface).context("find the interface")?;
        let socket = socket(
            AddressFamily::Packet,
            SockType::Raw,
            SockFlag::SOCK_CLOEXEC,
            SockProtocol::EthAll,
        )
        .context("open a packet socket")?;
        setsockopt(&socket, sockopt::ReceiveTimestampns, &true).context("ask for stamps")?;
        let limit = TimeVal::milliseconds(PERIOD_MS);
        setsockopt(&socket, sockopt::ReceiveTimeout, &limit).context("limit waits")?;
        Ok(Port {
            socket,
            index: usize::try_from(index)?,
        })
    }

    /// The next frame, cut or padded to this length, and its stamp; nothing if there is none for a while,
    /// or if it belongs to another interface.
    fn receive(&self, frame: &mut [u8; HEADERS + LENGTH]) -> Result<Option<u64>> {
        let mut parts = [IoSliceMut::new(frame)];
        let mut control = cmsg_space!(TimeSpec);
        let fd = self.socket.as_raw_fd();
        let message =
            match recvmsg::<LinkAddr>(fd, &mut parts, Some(&mut control), MsgFlags::empty()) {
                Ok(message) => message,
                Err(Errno::EAGAIN | Errno::EINTR) => return Ok(None),
                Err(error) => return Err(error).context("receive a frame"),
            };
        if message
            .address
            .is_none_or(|address| address.ifindex() != self.index)
        {
            return Ok(None);
        }
        match message.cmsgs()?.next() {
            Some(ControlMessageOwned::ScmTimestampns(stamp)) => Ok(Some(ns(stamp))),
            other => bail!("a frame came with {other:?} instead of a stamp"),
        }
    }
}
