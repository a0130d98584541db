//! Bringing an agent up, in the order in which each step needs the ones before.
//!
//! The awkward case is an earlier run's program, which stamps into the same maps while this run prepares: so
//! nothing that it uses is taken away before the new program has taken its place. And peers wait meanwhile:
//! everything that can be done after the first heartbeat is done after it.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use heartbeat_core::node::{Input, Node as Core};
use nix::unistd::gettid;
use tokio::sync::mpsc;

use super::hour::Hours;
use super::inputs::{self, Door};
use super::messages::Messages;
use super::ourselves::Ourselves;
use super::site::Site;
use super::stalls::Stalls;
use super::{Agent, Lock, Options, REQUESTS_MAX};
use crate::aside::Aside;
use crate::config::{Cluster, Ksoftirqd};
use crate::control::{self, Control};
use crate::epoch::Epochs;
use crate::journal::Journal;
use crate::lateness::Lateness;
use crate::loaded::Loaded;
use crate::maintenance::Maintenances;
use crate::maps::Maps;
use crate::message::inbox;
use crate::pause::Pause;
use crate::pins::Pins;
use crate::request::Request;
use crate::sender::{Sender, priority};
use crate::service::Service;
use crate::socket::Sockets;
use crate::waiting::Waiting;
use crate::witness::{self, Witnesses};
use crate::xdp::Program;
use crate::{clock, incarnation, interface, ksoftirqd, privilege, web};

/// The loop never sleeps longer, so that its progress is fresh in what it announces.
const TICK_MAX: Duration = Duration::from_millis(1200);

impl Agent {
    /// Prepares everything and starts the threads; the loop does not run yet.
    pub(super) fn start(
        options: &Options,
        loaded: Loaded,
    ) -> Result<(Agent, mpsc::Receiver<Request>)> {
        let service = Service::of_this_process()?;
        let Loaded {
            cluster,
            text,
            keys,
        } = loaded;
        let local = cluster.local_node(options.node.as_deref(), &interface::local_addresses()?)?;
        let node = position(&cluster, local.id).context("find this node")?;
        let local = &cluster.nodes[node];
        let directory = cluster.node_dir(local);
        create_private(&directory)?;
        let lock = Lock::take(&directory)?;
        let sockets = Sockets::open()?;
        let pins = Pins::open(&cluster.agent.pins, &cluster.pin_dir(local))?;
        let load = |pins: &Pins| Program::load(pins.clone(), options.trace);
        let first = if pins.are_complete() {
            None
        } else {
            Some(load(&pins)?)
        };
        let incarnation = incarnation::next(&directory, clock::wall().as_nanos() as u64)?;
        let core = Core::new(cluster.core(local), incarnation);
        let mut site = Site::new(Maps::open(&pins)?);
        let pinned = site.maps.shared.node().promised.get();
        let (epochs, promised) = Epochs::open(&directory, pinned)?;
        site.introduce(&cluster, local, keys.is_some());
        site.begin(incarnation);
        site.furnish(&cluster, local, keys.as_ref(), core.config())?;
        let lateness = Arc::new(Lateness::new().context("make the lateness metrics")?);
        let tick = tick(&cluster);
        let shared = site.maps.shared.clone();
        let paths = site.paths.len();
        let sockets_too = sockets.duplicate()?;
        let sender = Sender::start(sockets_too, shared, lateness.clone(), paths, tick)?;
        let ourselves = Ourselves::new(Waiting::new(gettid(), sender.thread()));
        let journal = Journal::open(&directory, cluster.agent.events_kept)?;
        let (requests, receiver) = mpsc::channel(REQUESTS_MAX);
        let (inbox, outlet) = inbox::channel();
        let events = control::Events {
            directory: directory.clone(),
            synced: journal.synced(),
        };
        let control = Control::start(
            &cluster.agent.socket,
            events.clone(),
            outlet,
            requests.clone(),
        )?;
        let aside = Aside::start()?;
        let witnesses = witnesses(&cluster, &aside, &requests);
        let mut agent = Agent {
            file: options.config.clone(),
            recorder: inputs::record(&cluster, &text, &core, incarnation),
            text,
            maintenance: Maintenances::load(&directory)?,
            control,
            aside,
            requests,
            witnesses,
            service,
            departure: None,
            scheduling: priority::Scheduling::Normal,
            directory,
            node,
            incarnation,
            started: clock::wall(),
            keys,
            site,
            sockets,
            sender,
            messages: Messages::new(inbox),
            core: Door::to(core),
            journal,
            epochs,
            lateness,
            pause: Pause::new(),
            hours: Hours::default(),
            stalls: Stalls::default(),
            ourselves,
            reloaded: true,
            tick,
            _lock: lock,
            cluster,
        };
        agent.adopt();
        agent.take_over_promises(promised);
        agent.send_everywhere();
        let program = first.map_or_else(|| load(&pins), Ok)?;
        agent.site.equip(program, agent.keys.as_ref())?;
        if let Some(address) = agent.cluster.agent.metrics {
            let _aside = agent.aside.enter();
            web::start(
                address,
                agent.requests.clone(),
                agent.lateness.clone(),
                events,
            )?;
        }
        agent.take_and_give_up_privileges()?;
        Ok((agent, receiver))
    }

    /// Goes on from what an earlier run left.
    fn adopt(&mut self) {
        let left = self.site.left();
        let mut actions = Vec::new();
        self.tell_core(clock::now(), Input::Adopt(&left), &mut actions);
        self.act(actions);
    }

    /// Does what takes more than the loop will need, and then lets go of that.
    fn take_and_give_up_privileges(&mut self) -> Result<()> {
        let (scheduling, leash) = priority::obtain_for_loop(self.site.paths.len());
        self.scheduling = scheduling;
        if let Some(leash) = leash {
            self.sender.hold(leash);
        }
        match self.cluster.agent.raise_ksoftirqd {
            Ksoftirqd::Raised => match ksoftirqd::raise() {
                Ok(count) => log::info!("{count} ksoftirqd threads run at real-time priority now"),
                Err(error) => log::error!("ksoftirqd threads keep their priority: {error:#}"),
            },
            Ksoftirqd::Left => {
                let release = nix::sys::utsname::uname().context("ask which kernel this is")?;
                let release = release.release().to_string_lossy();
                if let Some(advice) = ksoftirqd::advice(&release) {
                    log::warn!("{advice}");
                }
            }
        }
        privilege::drop_for_good()
    }

    /// Looks at the interfaces again, tells the core how they are, and sends from where they are now. A failure
    /// is logged and tried again at the next change, or after a while.
    pub(super) fn follow_devices(&mut self) {
        match self.site.follow_devices() {
            Ok(true) => self.send_everywhere(),
            Ok(false) => {}
            Err(error) => log::error!("following the interfaces: {error:#}"),
        }
        self.tell_soundness();
    }

    /// The first line of a run.
    pub(super) fn greeting(&self) -> String {
        let node = &self.cluster.nodes[self.node];
        format!(
            "heartbeat {} of node {} in cluster {}: {} paths, incarnation {}, authentication {}, sender at {} priority, main loop at {} priority, memory locked: {}",
            env!("CARGO_PKG_VERSION"),
            node.name,
            self.cluster.name,
            self.site.paths.len(),
            self.incarnation,
            if self.keys.is_some() { "on" } else { "OFF" },
            self.sender.scheduling().label(),
            self.scheduling.label(),
            self.sender.memory().label()
        )
    }
}

/// Opens what witnesses are asked on, while this process still may.
fn witnesses(cluster: &Cluster, aside: &Aside, requests: &mpsc::Sender<Request>) -> Witnesses {
    let sockets = witness::Sockets::open();
    let networks = cluster.networks.iter();
    for witness in networks.flat_map(|network| cluster.witnesses(network)) {
        if let Some(refusal) = sockets.refusal(witness) {
            log::warn!("{refusal}");
        }
    }
    let _aside = aside.enter();
    Witnesses::start(sockets, requests.clone())
}

/// A node's index in the configuration.
pub(super) fn position(cluster: &Cluster, id: heartbeat_ebpf::ids::NodeId) -> Option<usize> {
    cluster.nodes.iter().position(|node| node.id == id)
}

/// How often the loop turns at least: an interval, so that what it announces of its progress is fresh.
pub(super) fn tick(cluster: &Cluster) -> Duration {
    let intervals = cluster
        .networks
        .iter()
        .map(|network| network.timing.interval);
    intervals.min().unwrap_or(TICK_MAX).min(TICK_MAX)
}

/// Creates a state directory for this user alone, with its parents.
fn create_private(directory: &Path) -> Result<()> {
    if let Some(parent) = directory.parent() {
        fs::create_dir_all(parent).with_context(|| format!("create {}", parent.display()))?;
    }
    DirBuilder::new()
        .mode(0o750)
        .recursive(true)
        .create(directory)
        .with_context(|| format!("create {}", directory.display()))
}
