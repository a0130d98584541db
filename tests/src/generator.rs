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

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use nix::unistd::gettid;

use crate::lab::namespace::Namespace;

pub mod answers;
pub mod configuration;
mod player;
mod requests;
pub mod rounds;
pub mod shape;
pub mod socket;
pub mod stage;
pub mod voice;

use player::Player;
use shape::{PeerPath, Shape, peer_id};
use socket::Socket;
use voice::Voice;

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
    /// By network.
    heard_by_group: Vec<AtomicU64>,
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
        let by_network = || (0..shape.networks).map(|_| AtomicU64::new(0)).collect();
        let silent = || AtomicBool::new(conduct == Conduct::Silent);
        let counts = Arc::new(Counts {
            sent: (0..shape.paths()).map(|_| AtomicU64::new(0)).collect(),
            silenced: (0..shape.paths()).map(|_| silent()).collect(),
            heard: by_network(),
            heard_by_group: by_network(),
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
