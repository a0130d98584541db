//! The generator's thread: heartbeats when they are due, replies in between.

use std::ops::Range;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use heartbeat_ebpf::wire::{LENGTH, Words};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::time::TimeSpec;

use super::Counts;
use super::requests::Requests;
use super::rounds::Rounds;
use super::shape::PeerPath;
use super::socket::{Datagram, Socket};
use super::voice::{Heard, Voice};
use crate::lab::clock::monotonic_ns;

/// Slices of heartbeats, datagrams read and replies sent by turns, so that none keeps the others waiting for long where
/// the thread is behind.
const SLICES_MAX: usize = 4;
/// See [`SLICES_MAX`].
const READ_MAX: usize = 512;
/// See [`SLICES_MAX`].
const REPLIES_MAX: usize = 128;
/// The generator sleeps no longer, so that it sees that it shall stop.
const SLEEP_MAX_NS: u64 = 20_000_000;
/// Above every ordinary process and the hogs of a test beside this one, or a busy machine would silence peers that
/// shall be heard.
const FIFO_PRIORITY: i32 = 80;

/// The thread.
pub(super) struct Player {
    socket: Socket,
    voice: Voice,
    counts: Arc<Counts>,
    paths: Vec<PeerPath>,
    /// When each path was last served, nanoseconds; 0: not yet.
    served: Vec<u64>,
    requests: Requests,
    batch: Vec<Datagram>,
}

impl Player {
    /// Not playing yet.
    pub(super) fn new(socket: Socket, voice: Voice, counts: Arc<Counts>) -> Self {
        let paths: Vec<PeerPath> = voice.shape.all().collect();
        Player {
            socket,
            served: vec![0; paths.len()],
            requests: Requests::of(paths.len()),
            paths,
            voice,
            counts,
            batch: Vec::new(),
        }
    }

    /// Plays until it shall stop, or until `end`.
    pub(super) fn play(&mut self, end: Instant) -> Result<()> {
        hurry();
        let interval_ns = self.voice.interval_ns();
        let mut rounds = Rounds::new(self.paths.len(), interval_ns, monotonic_ns());
        while !self.counts.stop.load(Relaxed) && Instant::now() < end {
            for _ in 0..SLICES_MAX {
                let Some(due) = rounds.next(monotonic_ns()) else {
                    break;
                };
                self.beat(due)?;
            }
            let more = self.answer()?;
            if !more {
                self.wait(rounds.due_ns())?;
            }
        }
        Ok(())
    }

    /// Sends the heartbeats of these paths, except where silence was ordered.
    fn beat(&mut self, due: Range<usize>) -> Result<()> {
        let now_ns = monotonic_ns();
        self.batch.clear();
        for place in due {
            if self.counts.silenced[place].load(Relaxed) {
                continue;
            }
            let path = self.paths[place];
            let sequence = self.counts.sent[place].fetch_add(1, Relaxed) + 1;
            let heard = self.heard(path).any;
            self.batch.push(self.voice.heartbeat(path, sequence, heard));
            let before_ns = std::mem::replace(&mut self.served[place], now_ns);
            if before_ns != 0 {
                self.counts.late_ns.fetch_max(now_ns - before_ns, Relaxed);
            }
        }
        self.socket.send(&mut self.batch).context("send heartbeats")
    }

    /// Reads all that has come, and answers some of it; says whether more waits for an answer.
    fn answer(&mut self) -> Result<bool> {
        for _ in 0..READ_MAX {
            let Some(payload) = self.socket.receive() else {
                break;
            };
            match self.voice.request(&payload) {
                Some(request) => self
                    .requests
                    .push(self.voice.shape.position(request.path), request),
                None => self.note_round(&payload),
            }
        }
        self.batch.clear();
        while self.batch.len() < REPLIES_MAX
            && let Some((place, request)) = self.requests.pop()
        {
            if !self.counts.silenced[place].load(Relaxed) {
                let sequence = self.counts.sent[place].load(Relaxed);
                let heard = self.heard(request.path);
                self.batch.push(self.voice.reply(&request, sequence, heard));
            }
        }
        self.socket.send(&mut self.batch).context("send replies")?;
        let count = self.batch.len() as u64;
        self.counts.answered.fetch_add(count, Relaxed);
        Ok(!self.requests.is_empty())
    }

    /// A heartbeat of the real agent tells its round.
    fn note_round(&self, payload: &[u8; LENGTH]) {
        let words = Words::from_bytes(payload);
        let network = usize::from(words.network().wrapping_sub(1));
        let Some(heard) = self.counts.heard.get(network) else {
            return;
        };
        heard.fetch_max(words.sequence(), Relaxed);
        if words.receiver() == 0 {
            self.counts.heard_by_group[network].fetch_max(words.sequence(), Relaxed);
        }
    }

    fn heard(&self, path: PeerPath) -> Heard {
        let network = usize::from(path.network);
        Heard {
            any: self.counts.heard[network].load(Relaxed),
            group: self.counts.heard_by_group[network].load(Relaxed),
        }
    }

    /// Sleeps until a slice is due or a datagram has come.
    fn wait(&self, due_ns: u64) -> Result<()> {
        let left = due_ns.saturating_sub(monotonic_ns()).min(SLEEP_MAX_NS);
        let mut watched = [PollFd::new(self.socket.as_fd(), PollFlags::POLLIN)];
        let limit = TimeSpec::from_duration(Duration::from_nanos(left));
        match ppoll(&mut watched, Some(limit), None) {
            Ok(_) | Err(Errno::EINTR) => Ok(()),
            Err(error) => Err(error).context("wait for datagrams"),
        }
    }
}

/// Asks for a real-time priority for this thread. Where that is refused it is merely later, which
/// [`Generator::longest_pause`] tells.
fn hurry() {
    let priority = libc::sched_param {
        sched_priority: FIFO_PRIORITY,
    };
    // SAFETY: the kernel reads the parameter during the call; 0 is the calling thread.
    let _ = unsafe { libc::sched_setscheduler(0, libc::SCHED_FIFO, &raw const priority) };
}
