//! The sender: a thread of its own that puts heartbeats on the wire, whatever the rest of the agent does.
//!
//! A peer judges us by what we send, so a heartbeat that waits behind a busy event loop is an accusation
//! against ourselves. The thread asks for the best scheduling it can get ([`priority`]), needs no allocation
//! and no lock on its way, and sends a whole round with one system call. It is handed routes and templates
//! and fills in what only the moment of sending knows: sequence, stamp, the age of the main loop's progress,
//! and the highest sequence heard.
//!
//! The awkward case is a stop: afterwards it sends one round and goes on with its period, not all the rounds
//! it missed, and the sequence counts rounds that were sent, so that receivers can tell "did not send" from
//! "lost on the way".

pub mod priority;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result};
use heartbeat_ebpf::tag::Subkey;
use heartbeat_ebpf::time::Timestamp;
use heartbeat_ebpf::wire::Header;

use crate::clock;
use crate::maps::Shared;
use crate::socket::batch::Batch;
use crate::socket::{Route, Sockets};
use priority::Scheduling;

/// What was sent on one path; shared with metrics, and kept when the routes change.
#[derive(Debug, Default)]
pub struct Sent {
    /// Heartbeats handed to the kernel.
    pub heartbeats: AtomicU64,
    /// Heartbeats that the kernel refused.
    pub errors: AtomicU64,
    /// The last refusal's error number; 0: none yet.
    pub last_error: AtomicU64,
}

/// One path to send on.
#[derive(Clone)]
pub struct Entry {
    /// Where to.
    pub route: Route,
    /// How often.
    pub interval: Duration,
    /// Index of the network, whose rounds count the sequence.
    pub network: usize,
    /// Slot of the path back, for what was heard.
    pub slot: usize,
    /// Everything that does not change from round to round.
    pub template: Header,
    /// What was sent.
    pub sent: Arc<Sent>,
}

/// The thread.
pub struct Sender {
    orders: mpsc::Sender<Order>,
    thread: JoinHandle<()>,
    scheduling: Scheduling,
}

enum Order {
    Entries(Vec<Entry>, Option<Subkey>),
    Stop,
}

impl Sender {
    /// Starts the thread, with nothing to send yet. `paths` and `interval` tell how much time it will need.
    pub fn start(
        sockets: Sockets,
        shared: Arc<Shared>,
        paths: usize,
        interval: Duration,
    ) -> Result<Self> {
        let (orders, receiver) = mpsc::channel();
        let (report, obtained) = mpsc::channel();
        let run = move || {
            // The receiver lives until the thread has reported.
            let _ = report.send(priority::obtain(paths, interval));
            Rounds {
                sockets,
                shared,
                signature: None,
                rounds: Vec::new(),
            }
            .run(&receiver);
        };
        let thread = thread::Builder::new()
            .name("heartbeat-tx".to_owned())
            .spawn(run)
            .context("start the sender's thread")?;
        let scheduling = obtained.recv().context("start the sender's thread")?;
        Ok(Sender {
            orders,
            thread,
            scheduling,
        })
    }

    /// Replaces what is sent, at once; each network's sequence goes on.
    pub fn send(&self, entries: Vec<Entry>, signature: Option<Subkey>) {
        // A sender that is gone has stopped on our own order.
        let _ = self.orders.send(Order::Entries(entries, signature));
    }

    /// The scheduling the thread got.
    pub fn scheduling(&self) -> Scheduling {
        self.scheduling
    }

    /// Stops the thread and waits for it.
    pub fn stop(self) {
        let _ = self.orders.send(Order::Stop);
        if self.thread.join().is_err() {
            log::error!("the sender's thread had panicked");
        }
    }
}

/// Paths that share an interval: one wake-up, one system call.
struct Round {
    interval: Duration,
    due: Timestamp,
    networks: Vec<usize>,
    entries: Vec<Entry>,
    batch: Batch,
}

struct Rounds {
    sockets: Sockets,
    shared: Arc<Shared>,
    signature: Option<Subkey>,
    rounds: Vec<Round>,
}

impl Rounds {
    fn run(mut self, orders: &Receiver<Order>) {
        loop {
            let now = clock::now();
            for round in &mut self.rounds {
                if round.due <= now {
                    round.send(&self.sockets, &self.shared, self.signature.as_ref());
                    round.advance(now);
                }
            }
            match self.wait(orders) {
                Ok(Order::Entries(entries, signature)) => {
                    self.signature = signature;
                    self.rounds = rounds(entries, clock::now());
                }
                Ok(Order::Stop) | Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    fn wait(&self, orders: &Receiver<Order>) -> Result<Order, RecvTimeoutError> {
        match self.rounds.iter().map(|round| round.due).min() {
            Some(due) => orders.recv_timeout(due.since(clock::now())),
            None => orders.recv().map_err(|_| RecvTimeoutError::Disconnected),
        }
    }
}

fn rounds(entries: Vec<Entry>, now: Timestamp) -> Vec<Round> {
    let mut rounds: Vec<Round> = Vec::new();
    let mut sorted = entries;
    sorted.sort_by_key(|entry| entry.interval);
    for group in sorted.chunk_by(|a, b| a.interval == b.interval) {
        let mut networks: Vec<usize> = group.iter().map(|entry| entry.network).collect();
        networks.sort_unstable();
        networks.dedup();
        let routes: Vec<Route> = group.iter().map(|entry| entry.route).collect();
        rounds.push(Round {
            interval: group[0].interval,
            due: now,
            networks,
            entries: group.to_vec(),
            batch: Batch::new(&routes),
        });
    }
    rounds
}

impl Round {
    fn send(&mut self, sockets: &Sockets, shared: &Shared, signature: Option<&Subkey>) {
        for network in &self.networks {
            shared.networks()[*network].sent.add(1);
        }
        let now = clock::now();
        let progress = Timestamp::from_ns(shared.node().progress.get()).unwrap_or(now);
        let age_ms = u16::try_from(now.since(progress).as_millis()).unwrap_or(u16::MAX);
        for (entry, payload) in self.entries.iter().zip(&mut self.batch.payloads) {
            let header = Header {
                agent_age_ms: age_ms,
                sequence: shared.networks()[entry.network].sent.get(),
                sent: now.ns(),
                heard: shared.slots()[entry.slot].sequence.get(),
                ..entry.template
            };
            *payload = header.encode(signature);
        }
        for (entry, result) in self.entries.iter().zip(self.batch.send(sockets)) {
            match result {
                Ok(()) => entry.sent.heartbeats.fetch_add(1, Relaxed),
                Err(error) => {
                    entry.sent.last_error.store(*error as u64, Relaxed);
                    entry.sent.errors.fetch_add(1, Relaxed)
                }
            };
        }
    }

    /// The next moment of the period that is still to come.
    fn advance(&mut self, now: Timestamp) {
        let next = self.due.after(self.interval);
        self.due = if now < next {
            next
        } else {
            now.after(self.interval)
        };
    }
}
