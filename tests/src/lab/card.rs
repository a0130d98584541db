//! A network card that can fail: the node's interface is a tap, and this is the wire behind it.
//!
//! A virtual cable loses nothing by itself, and what a rule of the switch drops is counted by the rule. A card that
//! fails counts: frames that it could not put into memory, frames that its transmit ring had no room for. The kernel
//! counts the same of a tap, before XDP sees a frame, if whoever holds the other end hands it one that cannot be read, or
//! stops taking any. The awkward case is this process, which is a wire only while it runs; so it carries at a priority above every hog.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::fd::{AsFd, AsRawFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};

use anyhow::{Context, Result, bail};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::fault::Fault;
use super::namespace::Namespace;
use super::plan::{Network, Node};
use super::{Lab, batch};
use crate::hog;

/// Where taps come from.
const DEVICE: &str = "/dev/net/tun";
/// The longest frame of the lab's devices, with the header that precedes it.
const FRAME_MAX: usize = 2048;
/// Bytes of that header (`struct virtio_net_hdr`); all zero, it says nothing of the frame.
const HEADER: usize = 10;
/// How long a wait for a frame lasts, in ms, before the wire looks whether it shall end.
const PERIOD_MS: u16 = 20;
/// Frames in the card's transmit ring: more than are sent at once, and fewer than are sent in the shortest fault.
const RING: usize = 8;

/// How the card of a node fails.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Failure {
    /// Every frame that comes from the network is dropped, and counted; what is sent is well.
    Drops,
    /// It takes no frame out of its transmit ring, and forgets what lies there when it goes on; what comes is well.
    Hangs,
}

/// What is wrong with a card at the moment, and what that cost.
#[derive(Debug, Default)]
struct Condition {
    drops: AtomicBool,
    hangs: AtomicBool,
    dropped: AtomicU64,
    over: AtomicBool,
}

/// A card and its wire to a switch, both there until this is dropped.
#[derive(Debug)]
pub struct Card {
    condition: Arc<Condition>,
    wire: Option<JoinHandle<Result<()>>>,
}

impl Lab {
    /// The card of the node fails; the plan must have given it one.
    pub fn fail_card(&self, node: Node, network: Network, failure: Failure) -> Result<Fault> {
        let card = self.wiring.card(node, network)?;
        let condition = Arc::clone(&card.condition);
        condition.set(failure, true);
        Ok(Fault::with_remedy(
            format!("card of {node}: {failure:?}"),
            move || {
                condition.set(failure, false);
                Ok(())
            },
        ))
    }

    /// Frames from the network that the node's card has dropped so far.
    pub fn dropped_by_card(&self, node: Node, network: Network) -> Result<u64> {
        let card = self.wiring.card(node, network)?;
        Ok(card.condition.dropped.load(Ordering::Relaxed))
    }
}

impl Condition {
    fn set(&self, failure: Failure, fails: bool) {
        let which = match failure {
            Failure::Drops => &self.drops,
            Failure::Hangs => &self.hangs,
        };
        which.store(fails, Ordering::Relaxed);
    }
}

impl Card {
    /// Makes the interface of this name in the node, and the port of that name at the switch, and joins them.
    pub fn insert(
        node: &Namespace,
        interface: &str,
        switch: &Namespace,
        port: &str,
    ) -> Result<Self> {
        let card = node.enter(|| tap(interface))?;
        let port = switch.enter(|| tap(port))?;
        batch::ip(node, &format!("link set {interface} txqueuelen {RING}\n"))?;
        let condition = Arc::<Condition>::default();
        let seen = Arc::clone(&condition);
        let wire = thread::Builder::new()
            .name(format!("wire-{interface}"))
            .spawn(move || carry(&card, &port, &seen))
            .context("start the wire")?;
        Ok(Card {
            condition,
            wire: Some(wire),
        })
    }
}

impl Drop for Card {
    fn drop(&mut self) {
        self.condition.over.store(true, Ordering::Relaxed);
        match self.wire.take().map(JoinHandle::join) {
            None | Some(Ok(Ok(()))) => {}
            Some(Ok(Err(error))) => eprintln!("a wire of the lab broke: {error:#}"),
            Some(Err(_)) => eprintln!("a wire of the lab panicked"),
        }
    }
}

/// A tap of this name in the namespace of the calling thread; frames in both directions have a header before them.
fn tap(name: &str) -> Result<File> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(DEVICE)
        .with_context(|| {
            format!("open {DEVICE} (`modprobe tun`; a container needs --device {DEVICE})")
        })?;
    // SAFETY: an ifreq is a name and a union of plain numbers, for all of which zeros are valid.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(name.bytes()) {
        *to = libc::c_char::from_ne_bytes([from]);
    }
    let flags = libc::IFF_TAP | libc::IFF_NO_PI | libc::IFF_VNET_HDR;
    request.ifr_ifru.ifru_flags = libc::c_short::try_from(flags).context("flags of a tap")?;
    // SAFETY: the descriptor is open, and the request a whole ifreq that outlives the call.
    let result = unsafe { libc::ioctl(file.as_raw_fd(), libc::TUNSETIFF, &raw const request) };
    Errno::result(result).with_context(|| format!("make the tap {name}"))?;
    Ok(file)
}

/// Carries frames from either end to the other.
fn carry(card: &File, port: &File, condition: &Condition) -> Result<()> {
    hog::rise_above_hogs()?;
    let mut hung = false;
    while !condition.over.load(Ordering::Relaxed) {
        let hangs = condition.hangs.load(Ordering::Relaxed);
        if hung && !hangs {
            empty(card)?;
        }
        hung = hangs;
        let sent = if hangs {
            PollFlags::empty()
        } else {
            PollFlags::POLLIN
        };
        let mut ends = [
            PollFd::new(card.as_fd(), sent),
            PollFd::new(port.as_fd(), PollFlags::POLLIN),
        ];
        match poll(&mut ends, PERIOD_MS) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error).context("wait for a frame"),
        }
        let [sent, received] = ends.map(|end| {
            let happened = end.revents().unwrap_or(PollFlags::empty());
            happened.contains(PollFlags::POLLIN)
        });
        if sent {
            let frame = take(card)?;
            give(port, &frame)?;
        }
        if received {
            let frame = take(port)?;
            if condition.drops.load(Ordering::Relaxed) {
                fail_to_give(card, frame.len())?;
                condition.dropped.fetch_add(1, Ordering::Relaxed);
            } else {
                give(card, &frame)?;
            }
        }
    }
    Ok(())
}

/// Forgets the frames that wait at this end.
fn empty(end: &File) -> Result<()> {
    for _ in 0..RING {
        let mut one = [PollFd::new(end.as_fd(), PollFlags::POLLIN)];
        if poll(&mut one, PollTimeout::ZERO).context("look for a frame")? == 0 {
            break;
        }
        take(end)?;
    }
    Ok(())
}

fn take(mut end: &File) -> Result<Vec<u8>> {
    let mut frame = vec![0; FRAME_MAX];
    let length = end.read(&mut frame).context("take a frame")?;
    frame.truncate(length);
    Ok(frame)
}

/// Hands over a frame of this length, header included, that lies where nothing can be read.
fn fail_to_give(end: &File, length: usize) -> Result<()> {
    let header = [0_u8; HEADER];
    let parts = [
        libc::iovec {
            iov_base: header.as_ptr().cast_mut().cast(),
            iov_len: HEADER,
        },
        libc::iovec {
            iov_base: std::ptr::without_provenance_mut(1),
            iov_len: length.saturating_sub(HEADER),
        },
    ];
    // SAFETY: the kernel reads the header, which outlives the call; it finds that the rest is not mapped, and says so.
    let written = unsafe { libc::writev(end.as_raw_fd(), parts.as_ptr(), 2) };
    match Errno::result(written) {
        Err(Errno::EFAULT) => Ok(()),
        other => bail!("a frame that cannot be read was taken: {other:?}"),
    }
}

/// Hands it over; while the interface is down it is refused, and a wire does not mind.
fn give(mut end: &File, frame: &[u8]) -> Result<()> {
    match end.write(frame) {
        Ok(_) => Ok(()),
        Err(error) if error.raw_os_error() == Some(libc::EIO) => Ok(()),
        Err(error) => Err(error).context("hand over a frame"),
    }
}
