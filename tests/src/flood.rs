//! A flood at a switch port: recorded heartbeats replayed, damaged and imitated.
//!
//! Whoever can send to port 3343 can try to keep a node busy, to bring an old heartbeat back or to slip a
//! forged one in. The frames leave through a packet socket on the switch's side of a node's cable, so that
//! the node's driver sees them as it sees its peers'. Every frame is one that the node must count: what the
//! host's own frame walk calls foreign is drawn again, so that sent and counted can be compared exactly.

use std::os::fd::{AsRawFd, OwnedFd};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use heartbeat_ebpf::frame;
use heartbeat_ebpf::wire::{Kind, LENGTH, Words};
use nix::errno::Errno;
use nix::net::if_::if_nametoindex;
use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, recv, setsockopt, socket, sockopt,
};
use nix::sys::time::{TimeVal, TimeValLike};

use crate::lab::interrupt;
use crate::lab::namespace::Namespace;
use crate::program::random::Random;

/// Frames sent at once, few enough for a device's queue.
const BATCH: usize = 16;
/// Bytes of the longest frame recorded.
const FRAME_MAX: usize = 256;
/// How long one look for a frame to record lasts.
const LOOK_MS: i64 = 50;

/// What was sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Sent {
    /// All frames.
    pub frames: u64,
    /// Recorded heartbeats, unchanged.
    pub replayed: u64,
    /// Recorded heartbeats with one bit flipped.
    pub flipped: u64,
}

/// A packet socket on one interface of the switch.
pub struct Port {
    socket: OwnedFd,
    name: String,
}

impl Port {
    /// The switch's side of a cable.
    pub fn open(switch: &Namespace, interface: &str) -> Result<Self> {
        let socket = switch.enter(|| bound(interface))?;
        Ok(Port {
            socket,
            name: interface.to_owned(),
        })
    }

    /// The heartbeats that leave through the port in `span`.
    pub fn record(&self, span: Duration) -> Result<Vec<Vec<u8>>> {
        let end = Instant::now() + span;
        let mut frames = Vec::new();
        while Instant::now() < end {
            interrupt::check()?;
            let mut frame = [0; FRAME_MAX];
            match recv(self.socket.as_raw_fd(), &mut frame, MsgFlags::empty()) {
                Ok(length) if is_heartbeat(&frame[..length]) => {
                    frames.push(frame[..length].to_vec())
                }
                Ok(_) | Err(Errno::EAGAIN | Errno::EINTR) => {}
                Err(error) => return Err(error).context("record a frame"),
            }
        }
        ensure!(
            !frames.is_empty(),
            "no heartbeat left through {}",
            self.name
        );
        Ok(frames)
    }

    /// Sends made-up frames for `span`, `rate` a second: a quarter replayed, a quarter with one bit flipped,
    /// half imitations.
    pub fn flood(
        &self,
        recorded: &[Vec<u8>],
        rate: u32,
        span: Duration,
        seed: u64,
    ) -> Result<Sent> {
        let (mut random, mut sent) = (Random::new(seed), Sent::default());
        let begin = Instant::now();
        while begin.elapsed() < span {
            interrupt::check()?;
            for _ in 0..BATCH {
                let original = random.one_of(recorded).clone();
                let frame = match sent.frames % 4 {
                    0 => original,
                    1 => counted(|| flipped(&original, &mut random)),
                    _ => counted(|| imitation(&original, &mut random)),
                };
                self.send(&frame)?;
                sent.replayed += u64::from(sent.frames % 4 == 0);
                sent.flipped += u64::from(sent.frames % 4 == 1);
                sent.frames += 1;
            }
            let due = Duration::from_secs_f64(sent.frames as f64 / f64::from(rate));
            thread::sleep(due.saturating_sub(begin.elapsed()));
        }
        Ok(sent)
    }

    fn send(&self, frame: &[u8]) -> Result<()> {
        loop {
            match nix::unistd::write(&self.socket, frame) {
                Ok(_) => return Ok(()),
                Err(Errno::ENOBUFS | Errno::EAGAIN | Errno::EINTR) => {
                    thread::sleep(Duration::from_micros(100))
                }
                Err(error) => return Err(error).context("send a frame"),
            }
        }
    }
}

fn bound(interface: &str) -> Result<OwnedFd> {
    let socket = socket(
        AddressFamily::Packet,
        SockType::Raw,
        SockFlag::SOCK_CLOEXEC,
        SockProtocol::EthAll,
    )
    .context("open a packet socket")?;
    let index = if_nametoindex(interface).with_context(|| format!("find {interface}"))?;
    // SAFETY: an all-zero address is a valid one, and the kernel reads no more than its size.
    let result = unsafe {
        let mut address: libc::sockaddr_ll = std::mem::zeroed();
        address.sll_family = libc::AF_PACKET as u16;
        address.sll_protocol = (libc::ETH_P_ALL as u16).to_be();
        address.sll_ifindex = i32::try_from(index)?;
        libc::bind(
            socket.as_raw_fd(),
            (&raw const address).cast(),
            size_of::<libc::sockaddr_ll>() as libc::socklen_t,
        )
    };
    Errno::result(result).with_context(|| format!("bind to {interface}"))?;
    setsockopt(
        &socket,
        sockopt::ReceiveTimeout,
        &TimeVal::milliseconds(LOOK_MS),
    )
    .context("limit waits")?;
    Ok(socket)
}

fn is_heartbeat(frame: &[u8]) -> bool {
    let payload = frame::walk(frame).map(|datagram| datagram.payload as usize);
    let words = payload.and_then(|start| frame.get(start..)?.first_chunk::<LENGTH>());
    words
        .and_then(|bytes| Words::from_bytes(bytes).header())
        .is_some_and(|header| header.kind == Kind::Heartbeat)
}

/// The first frame drawn that goes to port 3343.
fn counted(mut draw: impl FnMut() -> Vec<u8>) -> Vec<u8> {
    loop {
        let frame = draw();
        if frame::walk(&frame[..]).is_some() {
            return frame;
        }
    }
}

/// The frame with one bit changed behind the Ethernet header: a changed address there could end at a bridge.
fn flipped(frame: &[u8], random: &mut Random) -> Vec<u8> {
    let mut frame = frame.to_vec();
    let byte = 14 + random.below(frame.len() - 14);
    frame[byte] ^= 1 << random.below(8);
    frame
}

/// A frame like a heartbeat with a payload that nobody signed, sometimes cut short.
fn imitation(frame: &[u8], random: &mut Random) -> Vec<u8> {
    let mut frame = frame.to_vec();
    let start = frame.len() - LENGTH + random.below(LENGTH);
    let noise = random.bytes(frame.len() - start);
    frame[start..].copy_from_slice(&noise);
    if random.one_in(8) {
        frame.truncate(42 + random.below(LENGTH));
    }
    frame
}
