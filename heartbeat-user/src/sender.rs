//! The sender: a thread of its own that puts heartbeats on the wire, whatever the rest of the agent does.
//!
//! A peer judges us by what we send, so a heartbeat that waits behind a busy event loop is an accusation
//! against ourselves. The thread asks for the best scheduling it can get ([`priority`]), keeps its memory from
//! being paged out ([`memory`]), gives up every privilege, needs no allocation and no lock for a round, and
//! sends all that is due with one system call (`rounds`). It is handed routes and templates and fills in
//! what only the moment of sending knows: sequence, stamp, the age of the main loop's progress, and the
//! highest sequence heard. Which round is due when is decided without a clock, in [`timetable`].
//!
//! The awkward case is a stop: afterwards it sends one round and goes on with its period, not all the rounds
//! it missed, and the sequence counts rounds that were sent, so that receivers can tell "did not send" from
//! "lost on the way".

pub mod memory;
pub mod priority;
pub mod pulse;
mod rounds;
pub mod timetable;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{self, Receiver, TryRecvError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result};
use heartbeat_ebpf::tag::Subkey;
use heartbeat_ebpf::time::Timestamp;
use heartbeat_ebpf::wire::Header;
use nix::unistd::{Pid, gettid};

use crate::clock;
use crate::lateness::{Lateness, Part};
use crate::maps::Shared;
use crate::privilege;
use crate::socket::{Route, Sockets};
use memory::Locked;
use priority::Scheduling;
use priority::leash::Leash;
use pulse::Pulse;
use rounds::Rounds;
use timetable::{Due, Timetable};

/// A round that takes longer has lost its CPU: the shortest interval.
const LONG_ROUND: Duration = Duration::from_millis(10);

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

impl Sent {
    /// Counts a datagram that left, or that was refused with this error number.
    fn count(&self, result: Result<(), i32>) {
        match result {
            Ok(()) => self.heartbeats.fetch_add(1, Relaxed),
            Err(error) => {
                self.last_error.store(error as u64, Relaxed);
                self.errors.fetch_add(1, Relaxed)
            }
        };
    }
}

/// One path to send on, or one multicast group.
#[derive(Clone)]
pub struct Entry {
    /// Where to.
    pub route: Route,
    /// How often; the same for all entries of a network.
    pub interval: Duration,
    /// Index of the network in `NETWORKS`, whose rounds count the sequence.
    pub network: usize,
    /// Slot of the path back, for what was heard. `None` for a group, which was heard by nobody.
    pub slot: Option<usize>,
    /// Everything that does not change from round to round.
    pub template: Header,
    /// What was sent: of the path, or of all paths that a datagram to their group is for.
    pub sent: Vec<Arc<Sent>>,
}

/// The thread.
pub struct Sender {
    orders: mpsc::Sender<Order>,
    thread: JoinHandle<()>,
    pulse: Pulse,
    obtained: Obtained,
}

/// What this host granted to the thread.
#[derive(Clone, Copy, Debug)]
struct Obtained {
    thread: Pid,
    scheduling: Scheduling,
    memory: Locked,
}

enum Order {
    Entries(Vec<Entry>, Option<Subkey>),
    Hold(Leash),
    Farewell(u8),
}

/// Without anything to send the thread looks this often whether it is still wanted.
const IDLE: Duration = Duration::from_secs(10);

impl Sender {
    /// Starts the thread, with nothing to send yet. `paths` and the shortest `interval` tell how much time it
    /// will need; they should allow for what a reload may add, because nothing more is granted later.
    pub fn start(
        sockets: Sockets,
        shared: Arc<Shared>,
        lateness: Arc<Lateness>,
        paths: usize,
        interval: Duration,
    ) -> Result<Self> {
        let (orders, receiver) = mpsc::channel();
        let (report, obtained) = mpsc::channel();
        let pulse = Pulse::default();
        let beating = pulse.clone();
        let run = move || {
            // The receiver lives until the thread has reported.
            let _ = report.send(obtain(paths, interval));
            Run {
                rounds: Rounds::new(sockets, shared),
                timetable: Timetable::default(),
                lateness,
                due: Vec::new(),
                leash: None,
                pulse: beating,
                ending: false,
            }
            .run(&receiver);
        };
        let thread = thread::Builder::new()
            .name("heartbeat-tx".to_owned())
            .spawn(run)
            .context("start the sender's thread")?;
        let obtained = obtained.recv().context("start the sender's thread")?;
        Ok(Sender {
            orders,
            thread,
            pulse,
            obtained,
        })
    }

    /// Replaces what is sent, at once; each network's sequence goes on. A network keeps its rhythm, but for
    /// three rounds in quick succession where its peers have something to learn: another interval, another
    /// incarnation, or that there is a path at all.
    pub fn send(&self, entries: Vec<Entry>, signature: Option<Subkey>) {
        self.order(Order::Entries(entries, signature));
    }

    /// The scheduling the thread got.
    pub fn scheduling(&self) -> Scheduling {
        self.obtained.scheduling
    }

    /// Whether the thread lives, and is no later than this for what it meant to do next.
    pub fn is_well(&self, now: Timestamp, patience: Duration) -> bool {
        !self.thread.is_finished() && self.pulse.is_felt(now, patience)
    }

    /// The thread's number.
    pub fn thread(&self) -> Pid {
        self.obtained.thread
    }

    /// How much of the process's memory stays where it is.
    pub fn memory(&self) -> Locked {
        self.obtained.memory
    }

    /// Watches from now on that the main loop does not spin, by its progress in [`Shared::node`].
    pub fn hold(&self, leash: Leash) {
        self.order(Order::Hold(leash));
    }

    /// Says goodbye: three rounds, at most 20 ms apart, with this flag (see [`heartbeat_ebpf::wire::flags`])
    /// in every header. Then the thread ends, and is waited for.
    pub fn farewell(self, flag: u8) {
        self.order(Order::Farewell(flag));
        if self.thread.join().is_err() {
            log::error!("the sender's thread had panicked");
        }
    }

    fn order(&self, order: Order) {
        if self.orders.send(order).is_err() {
            log::error!("the sender's thread is gone: no heartbeats are sent, restart the agent");
        }
        self.thread.thread().unpark();
    }
}

/// Asks for all that the thread needs, and gives up the right to ask for more.
fn obtain(paths: usize, interval: Duration) -> Obtained {
    let obtained = Obtained {
        thread: gettid(),
        memory: memory::lock(),
        scheduling: priority::obtain(paths, interval),
    };
    privilege::shed("the sender");
    obtained
}

/// The thread's own.
struct Run {
    rounds: Rounds,
    timetable: Timetable,
    lateness: Arc<Lateness>,
    due: Vec<Due>,
    leash: Option<Leash>,
    pulse: Pulse,
    ending: bool,
}

impl Run {
    /// It waits parked and not in the channel, whose lock could be held by a thread that does not get to run.
    fn run(mut self, orders: &Receiver<Order>) {
        loop {
            match orders.try_recv() {
                Ok(order) => self.obey(order),
                Err(TryRecvError::Disconnected) if !self.ending => return,
                Err(TryRecvError::Disconnected | TryRecvError::Empty) => {
                    self.send();
                    let now = clock::now();
                    let due = match self.timetable.next() {
                        Some(due) => due,
                        None if self.ending => return,
                        None => now.after(IDLE),
                    };
                    self.pulse.beat(due);
                    thread::park_timeout(due.since(now));
                }
            }
        }
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Entries(entries, signature) => {
                let wanted = self.rounds.replace(entries, signature);
                self.timetable.follow(clock::now(), &wanted);
            }
            Order::Hold(leash) => self.leash = Some(leash),
            Order::Farewell(flag) => {
                self.rounds.raise(flag);
                self.timetable.farewell(clock::now());
                self.ending = true;
            }
        }
    }

    fn send(&mut self) {
        self.timetable.take(clock::now(), &mut self.due);
        if let Some(late) = self.due.iter().map(|round| round.late).max() {
            // First: a peer may ask why as soon as it hears us, and no CPU may be left to us by then.
            self.lateness.record(Part::Sender, late);
            let begin = clock::now();
            self.rounds.send(&self.due);
            // Who lost the CPU within a round is as late with the rest of it.
            let took = clock::now().since(begin);
            if LONG_ROUND < took {
                self.lateness.worsen(Part::Sender, late + took);
            }
        }
        if let Some(leash) = &mut self.leash {
            leash.check(self.rounds.progress());
        }
    }
}
