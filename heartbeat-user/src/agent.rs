//! The agent: one loop, which feeds the core and carries out what it says.
//!
//! ```text
//!   timer (next deadline) ──┐
//!   ring buffer (XDP woke)──┤                        ┌─> journal thread ─> events file, log
//!   netlink (interfaces) ───┼─> turn: sweep ─> core ─┼─> controls (arm), echo requests
//!   requests (control, web)─┤                        └─> next timer
//!   messages (socket) ──────┘
//!   signals ────────────────> end          sender thread: heartbeats, by templates
//! ```
//!
//! Everything that changes state happens in this one task, one input at a time. What could block it has a
//! thread of its own: the disk (journal) and the wire (sender). The awkward case is time passing between two
//! readings: `now` is read first, then the ring buffer, then the slots, so that whatever had arrived by `now`
//! is seen, and no gap is told after the stamp that ended it. Whoever can send to port 3343 comes last in the
//! order in which ready inputs are served.

mod devices;
mod echo;
mod lock;
mod orders;
mod plan;
mod shutdown;
mod slots;
mod snapshots;
mod start;
mod timer;
mod turn;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use heartbeat_core::node::Node as Core;
use heartbeat_ebpf::ids::Incarnation;
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;

use crate::clock;
use crate::config::Cluster;
use crate::control::Control;
use crate::interface;
use crate::journal::Journal;
use crate::key::KeyRing;
use crate::lateness::Lateness;
use crate::maps::Maps;
use crate::request::Request;
use crate::sender::Sender;
use crate::socket::Sockets;
use crate::watch;
use crate::xdp::{Program, Trace};
use devices::Devices;
use plan::PathPlan;
use timer::Timer;

pub use lock::Lock;

/// What the command line says.
pub struct Options {
    /// The configuration file.
    pub config: PathBuf,
    /// The node to be, where the addresses do not tell.
    pub node: Option<String>,
    /// Whether refused frames are logged.
    pub trace: Trace,
}

/// Requests that may wait for the loop; past that a client waits.
const REQUESTS_MAX: usize = 64;
/// Interfaces that are missing are looked for this often, should netlink have said nothing.
const RECHECK: Duration = Duration::from_secs(10);

/// All that the loop owns.
pub struct Agent {
    cluster: Cluster,
    node: usize,
    incarnation: Incarnation,
    started: Duration,
    keys: Option<KeyRing>,
    paths: Vec<PathPlan>,
    slot_paths: Vec<Option<u32>>,
    program: Program,
    maps: Maps,
    devices: Devices,
    sockets: Sockets,
    sender: Sender,
    core: Core,
    journal: Journal,
    control: Control,
    lateness: Arc<Lateness>,
    tick: Duration,
    _lock: Lock,
}

/// Runs the agent until it is told to stop.
pub fn run(options: &Options) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("start the event loop")?;
    let entered = runtime.enter();
    let (agent, requests) = Agent::start(options)?;
    drop(entered);
    runtime.block_on(agent.serve(options.trace, requests))
}

impl Agent {
    async fn serve(mut self, trace: Trace, mut requests: mpsc::Receiver<Request>) -> Result<()> {
        let timer = watch::readable(Timer::new()?, "the timer")?;
        let links = watch::readable(interface::watch()?, "the interfaces")?;
        let wakes = watch::readable(self.maps.wake_descriptor()?, "the ring buffer")?;
        let messages = self.sockets.watch()?;
        if trace == Trace::Refused {
            crate::trace::start(&mut self.program)?;
        }
        let mut recheck = tokio::time::interval(RECHECK);
        recheck.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut stop = shutdown::Signals::new()?;
        log::info!("{}", self.greeting());
        let mut wanted = self.turn();
        loop {
            timer.get_ref().set(wanted)?;
            tokio::select! {
                biased;
                signal = stop.next() => {
                    if self.obey(signal) {
                        break;
                    }
                }
                ready = timer.readable() => {
                    ready?.clear_ready();
                    self.lateness.record(clock::now().since(wanted));
                }
                ready = wakes.readable() => ready?.clear_ready(),
                ready = links.readable() => {
                    ready?.clear_ready();
                    interface::drain(links.get_ref())?;
                    self.follow_devices();
                }
                Some(request) = requests.recv() => self.reply(request),
                _ = recheck.tick() => {
                    if self.devices.incomplete() {
                        self.follow_devices();
                    }
                }
                ready = messages.readable() => {
                    let mut ready = ready?;
                    if self.answer_messages() {
                        ready.clear_ready();
                    }
                }
            }
            wanted = self.turn();
        }
        self.end();
        Ok(())
    }

    fn reply(&mut self, request: Request) {
        match request {
            // A client that left gets no answer.
            Request::Snapshot(answer) => drop(answer.send(self.snapshot())),
            Request::Order(order, asker, answer) => drop(answer.send(self.order(order, asker))),
        }
    }
}
