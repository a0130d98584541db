//! Thousands of peers for one real agent, played by one thread.
//!
//! An agent's limits cannot be tried with as many agents: a machine that bears one busy agent does not bear four
//! thousand. So one thread in another namespace plays all peers: authentic heartbeats of each path, each with its
//! own sender, address and sequence, spread over the interval ([`rounds`]), and an answer to every echo request,
//! without which no agent believes a new incarnation ([`voice`]). It counts what it sent by path, and it knows
//! the longest time that it let a path wait: a path that was lost because the generator was not scheduled is not
//! the agent's fault. It looks at the clock and ends by itself.
//!
//! [`stage`] is where it plays, [`shape`] how many peers on how many networks, [`answers`] how long the agent
//! takes to answer its operator meanwhile.

use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::time::TimeSpec;
use nix::unistd::gettid;

use crate::lab::clock::monotonic_ns;
use crate::lab::namespace::Namespace;

pub mod answers;
pub mod configuration;
pub mod rounds;
pub mod shape;
pub mod socket;
pub mod stage;
pub mod voice;

use rounds::Rounds;
use shape::{PeerPath, Shape, peer_id};
use socket::{Datagram, Socket};
use voice::Voice;

/// Datagrams read between two slices, so that no flood of requests keeps heartbeats waiting.
const REQUESTS_MAX: usize = 64;
/// The generator sleeps no longer, so that it sees that it shall stop.
const SLEEP_MAX_NS: u64 = 20_000_000;
/// Above every ordinary process and the hogs of a test beside this one, or a busy machine would silence peers that
/// shall be heard. The thread needs a tenth of a processor at the most.
const FIFO_PRIORITY: i32 = 80;

/// What the peers do in the beginning.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Conduct {
    /// They send and answer.
    Speaking,
    /// They listen: what is sent to them ends in their socket, as it does while they speak.
    Silent,
}

/// The running generator; dropped, it stops.
#[derive(Debug)]
pub struct Generator {
    shape: Shape,
    counts: Arc<Counts>,
    thread: Option<JoinHandle<Result<()>>>,
    thread_id: i32,
}

/// What the thread and its owner tell each other.
#[derive(Debug, Default)]
struct Counts {
    stop: AtomicBool,
    /// By path.
    sent: Vec<AtomicU64>,
    /// By path.
    silenced: Vec<AtomicBool>,
    answered: AtomicU64,
    late_ns: AtomicU64,
    /// By network.
    heard: Vec<AtomicU64>,
}

impl Generator {
    /// Starts it in the namespace that has the peers' addresses; it ends after `span`.
    pub fn start(
        namespace: &Namespace,
        voice: Voice,
        conduct: Conduct,
        span: Duration,
    ) -> Result<Self> {
        let socket = namespace
            .enter(|| Socket::open(peer_id(0)))
            .context("open the generator's socket")?;
        let shape = voice.shape;
        let silent = || AtomicBool::new(conduct == Conduct::Silent);
        let counts = Arc::new(Counts {
            sent: (0..shape.paths()).map(|_| AtomicU64::new(0)).collect(),
            silenced: (0..shape.paths()).map(|_| silent()).collect(),
            heard: (0..shape.networks).map(|_| AtomicU64::new(0)).collect(),
            ..Counts::default()
        });
        let mut player = Player::new(socket, voice, Arc::clone(&counts));
        let (begun, begins) = mpsc::channel();
        let play = move || {
            // Whoever starts it waits for this.
            let _ = begun.send(gettid().as_raw());
            player.play(Instant::now() + span)
        };
        let thread = thread::Builder::new()
            .name("generator".to_owned())
            .spawn(play)
            .context("start the generator's thread")?;
        Ok(Generator {
            shape,
            counts,
            thread: Some(thread),
            thread_id: begins.recv().context("start the generator's thread")?,
        })
    }

    /// Heartbeats sent until now, by path in the order of [`Shape::all`].
    pub fn sent(&self) -> Vec<u64> {
        let load = |count: &AtomicU64| count.load(Relaxed);
        self.counts.sent.iter().map(load).collect()
    }

    /// From now on nothing is sent on this path, and nothing answered.
    pub fn silence(&self, path: PeerPath) {
        self.counts.silenced[self.shape.position(path)].store(true, Relaxed);
    }

    /// Echo requests answered.
    pub fn answered(&self) -> u64 {
        self.counts.answered.load(Relaxed)
    }

    /// The longest time between two heartbeats of one path until now.
    pub fn longest_pause(&self) -> Duration {
        Duration::from_nanos(self.counts.late_ns.load(Relaxed))
    }

    /// The last round heard of the real agent, by network; 0: none.
    pub fn rounds_heard(&self) -> Vec<u64> {
        let load = |round: &AtomicU64| round.load(Relaxed);
        self.counts.heard.iter().map(load).collect()
    }

    /// The id of its thread in this process.
    pub fn thread_id(&self) -> i32 {
        self.thread_id
    }

    /// An error if it has ended before its time.
    pub fn check(&mut self) -> Result<()> {
        if self.thread.as_ref().is_none_or(JoinHandle::is_finished) {
            self.join()?;
            ensure!(false, "the generator's time was over before the test was");
        }
        Ok(())
    }

    /// Stops it and returns what it sent by path.
    pub fn stop(mut self) -> Result<Vec<u64>> {
        self.join()?;
        Ok(self.sent())
    }

    fn join(&mut self) -> Result<()> {
        self.counts.stop.store(true, Relaxed);
        match self.thread.take().map(JoinHandle::join) {
            None | Some(Ok(Ok(()))) => Ok(()),
            Some(Ok(Err(error))) => Err(error.context("generate heartbeats")),
            Some(Err(panic)) => std::panic::resume_unwind(panic),
        }
    }
}

impl Drop for Generator {
    fn drop(&mut self) {
        self.counts.stop.store(true, Relaxed);
        if let Some(thread) = self.thread.take() {
            // Whoever drops it instead of stopping it is on the way out with an error of its own.
            let _ = thread.join();
        }
    }
}

/// The thread.
struct Player {
    socket: Socket,
    voice: Voice,
    counts: Arc<Counts>,
    paths: Vec<PeerPath>,
    /// When each path was last served, nanoseconds; 0: not yet.
    served: Vec<u64>,
    batch: Vec<Datagram>,
}

impl Player {
    fn new(socket: Socket, voice: Voice, counts: Arc<Counts>) -> Self {
        let paths: Vec<PeerPath> = voice.shape.all().collect();
        Player {
            socket,
            served: vec![0; paths.len()],
            paths,
            voice,
            counts,
            batch: Vec::new(),
        }
    }

    fn play(&mut self, end: Instant) -> Result<()> {
        hurry();
        let interval_ns = self.voice.interval_ns();
        let mut rounds = Rounds::new(self.paths.len(), interval_ns, monotonic_ns());
        while !self.counts.stop.load(Relaxed) && Instant::now() < end {
            while let Some(due) = rounds.next(monotonic_ns()) {
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
    fn beat(&mut self, due: std::ops::Range<usize>) -> Result<()> {
        let now_ns = monotonic_ns();
        self.batch.clear();
        for place in due {
            if self.counts.silenced[place].load(Relaxed) {
                continue;
            }
            let path = self.paths[place];
            let sequence = self.counts.sent[place].fetch_add(1, Relaxed) + 1;
            let heard = self.counts.heard[usize::from(path.network)].load(Relaxed);
            self.batch.push(self.voice.heartbeat(path, sequence, heard));
            let before_ns = std::mem::replace(&mut self.served[place], now_ns);
            if before_ns != 0 {
                self.counts.late_ns.fetch_max(now_ns - before_ns, Relaxed);
            }
        }
        self.socket.send(&mut self.batch).context("send heartbeats")
    }

    /// Answers some of the requests that have come; says whether there may be more.
    fn answer(&mut self) -> Result<bool> {
        self.batch.clear();
        for _ in 0..REQUESTS_MAX {
            let Some(payload) = self.socket.receive() else {
                self.reply()?;
                return Ok(false);
            };
            match self.voice.request(&payload) {
                Some(request) => {
                    let place = self.voice.shape.position(request.path);
                    if !self.counts.silenced[place].load(Relaxed) {
                        let sequence = self.counts.sent[place].load(Relaxed);
                        self.batch.push(self.voice.reply(&request, sequence));
                    }
                }
                None => self.note_round(&payload),
            }
        }
        self.reply()?;
        Ok(true)
    }

    fn reply(&mut self) -> Result<()> {
        self.socket.send(&mut self.batch).context("send replies")?;
        let count = self.batch.len() as u64;
        self.counts.answered.fetch_add(count, Relaxed);
        Ok(())
    }

    /// A heartbeat of the real agent tells its round.
    fn note_round(&self, payload: &[u8; heartbeat_ebpf::wire::LENGTH]) {
        let words = heartbeat_ebpf::wire::Words::from_bytes(payload);
        if let Some(path) = self.voice.shape.path_of(words.receiver(), words.network()) {
            self.counts.heard[usize::from(path.network)].fetch_max(words.sequence(), Relaxed);
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
