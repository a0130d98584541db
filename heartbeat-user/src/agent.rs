//! The agent: one loop, which feeds the core and carries out what it says.
//!
//! ```text
//!   timer (next deadline) ──┐
//!   ring buffer (XDP woke)──┤                        ┌─> journal thread ─> events file, log
//!   netlink (interfaces) ───┼─> turn: sweep ─> core ─┼─> controls (arm), echo requests
//!   requests (control, web)─┤                        └─> next timer
//!   messages (socket) ──────┘
//!   signals ────────────────> end      └─> service manager: fed after a sweep
//!                                          sender thread: heartbeats, by templates
//! ```
//!
//! Everything that changes state happens in this one task, one input at a time. What could block it has a
//! thread of its own: the disk (journal), the wire (sender) and clients (control, web). The awkward case is time passing between two
//! readings: `now` is read first, then the slots, then the ring buffer, so that whatever had arrived by `now`
//! is seen, and every gap that a slot shows the end of is told. Whoever can send to port 3343 comes last in the
//! order in which ready inputs are served.

mod datagrams;
mod devices;
mod echo;
mod hearing;
mod hour;
mod incarnation;
mod inputs;
mod inquiries;
mod lock;
mod members;
mod messages;
mod networks;
mod orders;
mod ourselves;
mod pace;
mod parcels;
mod plan;
mod promises;
mod reload;
mod remembrance;
mod sending;
mod shutdown;
mod site;
mod slots;
mod snapshots;
mod soundness;
mod stalls;
mod start;
mod supervised;
mod timer;
mod turn;
mod ways;
mod witnesses;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use heartbeat_ebpf::ids::Incarnation;
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;

use crate::aside::Aside;
use crate::clock;
use crate::config::Cluster;
use crate::control::Control;
use crate::epoch::Epochs;
use crate::interface;
use crate::journal::Journal;
use crate::key::KeyRing;
use crate::lateness::{Lateness, Part};
use crate::loaded::Loaded;
use crate::maintenance::Maintenances;
use crate::pause::Pause;
use crate::recording::Recorder;
use crate::request::Request;
use crate::sender::Sender;
use crate::sender::priority::Scheduling;
use crate::service::Service;
use crate::socket::Sockets;
use crate::watch;
use crate::witness::Witnesses;
use crate::xdp::Trace;
use hour::Hours;
use inputs::Door;
use messages::Messages;
use ourselves::Ourselves;
use pace::Pace;
use shutdown::Departure;
use site::Site;
use stalls::Stalls;
use timer::Timer;

pub use lock::Lock;
pub use supervised::Failed;

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
    file: PathBuf,
    /// What that file held.
    text: String,
    cluster: Cluster,
    node: usize,
    directory: PathBuf,
    incarnation: Incarnation,
    started: Duration,
    keys: Option<KeyRing>,
    site: Site,
    sockets: Sockets,
    sender: Sender,
    messages: Messages,
    /// The main loop's own.
    scheduling: Scheduling,
    control: Control,
    aside: Aside,
    core: Door,
    recorder: Option<Recorder>,
    journal: Journal,
    epochs: Epochs,
    maintenance: Maintenances,
    lateness: Arc<Lateness>,
    pause: Pause,
    hours: Hours,
    stalls: Stalls,
    ourselves: Ourselves,
    requests: mpsc::Sender<Request>,
    witnesses: Witnesses,
    service: Service,
    /// Whether the last attempt to reload succeeded, or none was made.
    reloaded: bool,
    /// How the run ends, once that is known.
    departure: Option<Departure>,
    tick: Duration,
    _lock: Lock,
}

/// Runs the agent until it is told to stop. Error [`Failed`]: files and command line are right, and yet it could not
/// start or go on, which another attempt may; any other: they are to be mended first.
pub fn run(options: &Options) -> Result<()> {
    let loaded = Loaded::read(&options.config)?;
    if options.node.is_some() {
        loaded.cluster.local_node(options.node.as_deref(), &[])?;
    }
    live(options, loaded).context(Failed)
}

fn live(options: &Options, loaded: Loaded) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("start the event loop")?;
    let entered = runtime.enter();
    let (agent, requests) = Agent::start(options, loaded)?;
    drop(entered);
    runtime.block_on(agent.serve(options.trace, requests))
}

impl Agent {
    async fn serve(mut self, trace: Trace, mut requests: mpsc::Receiver<Request>) -> Result<()> {
        let timer = watch::readable(Timer::new()?, "the timer")?;
        let links = watch::readable(interface::watch()?, "the interfaces")?;
        // Whatever changed before anybody listened.
        self.follow_devices();
        let wakes = watch::readable(self.site.maps.wake_descriptor()?, "the ring buffer")?;
        let messages = self.sockets.watch()?;
        if let (Trace::Refused, Some(program)) = (trace, &mut self.site.program) {
            crate::trace::start(program)?;
        }
        let mut recheck = tokio::time::interval(RECHECK);
        recheck.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut signals = shutdown::Signals::new()?;
        log::info!("{}", self.greeting());
        let mut pace = self.paced_turn();
        self.tell_ready();
        let departure = loop {
            if let Some(departure) = self.departure {
                break departure;
            }
            timer.get_ref().set(pace.next())?;
            tokio::select! {
                biased;
                signal = signals.next() => self.obey(signal),
                ready = timer.readable() => {
                    ready?.clear_ready();
                    self.lateness.record(Part::Loop, clock::now().since(pace.next()));
                }
                ready = wakes.readable() => ready?.clear_ready(),
                ready = links.readable() => {
                    ready?.clear_ready();
                    interface::drain(links.get_ref())?;
                    self.follow_devices();
                }
                Some(request) = requests.recv() => self.reply(request),
                _ = recheck.tick() => {
                    if self.site.devices.incomplete() {
                        self.follow_devices();
                    }
                }
                ready = messages.readable() => {
                    let mut ready = ready?;
                    if self.read_datagrams() {
                        ready.clear_ready();
                    }
                }
            }
            if pace.hurry(clock::now()) {
                pace = self.paced_turn();
            }
        };
        self.end(departure);
        Ok(())
    }

    fn paced_turn(&mut self) -> Pace {
        let begun = clock::now();
        let mut wanted = self.turn();
        if let Some(feeding) = self.feed() {
            wanted = wanted.min(feeding);
        }
        Pace::after(begun, clock::now(), wanted, self.tick)
    }

    fn reply(&mut self, request: Request) {
        match request {
            // A client that left gets no answer.
            Request::Snapshot(answer) => drop(answer.send(self.snapshot())),
            Request::Inquire(peer, answer) => self.inquire(&peer, answer),
            Request::Settings(found) => self.tell_settings(found),
            Request::Send(to, body, answer) => self.send_parcel(to, body, answer),
            Request::Order(order, asker, answer) => self.order(order, &asker, answer),
            Request::Loaded(read, asker, answer) => self.finish_reload(read, &asker, answer),
            Request::Found(finding) => self.note_finding(&finding),
        }
    }
}
