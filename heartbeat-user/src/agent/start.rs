//! Bringing an agent up, in the order in which each step needs the ones before.
//!
//! The awkward case is an earlier run's program, which stamps into the same maps while this run prepares: so
//! nothing that it uses is taken away before the new program has taken its place.

use std::fs::{self, DirBuilder};
use std::net::IpAddr;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use heartbeat_core::node::{Input, Node as Core};
use heartbeat_ebpf::frame::Address;
use heartbeat_ebpf::ids::Incarnation;
use heartbeat_ebpf::map::{self, Local, PATHS_MAX};
use tokio::sync::mpsc;

use super::devices::{Devices, Port};
use super::plan::{self, PathPlan};
use super::{Agent, Lock, Options, REQUESTS_MAX, Request, networks, slots};
use crate::config::{Authentication, Cluster, Node};
use crate::journal::Journal;
use crate::key::KeyRing;
use crate::lateness::Lateness;
use crate::maps::Maps;
use crate::pins::Pins;
use crate::sender::{Entry, Sender};
use crate::socket::Sockets;
use crate::xdp::Program;
use crate::{clock, control, group, incarnation, interface, web};

/// The loop never sleeps longer, so that its progress is fresh in what it announces.
const TICK_MAX: Duration = Duration::from_millis(1200);

impl Agent {
    /// Prepares everything and starts the threads; the loop does not run yet.
    pub(super) fn start(options: &Options) -> Result<(Agent, mpsc::Receiver<Request>)> {
        let cluster = Cluster::load(&options.config)?;
        let local = cluster.local_node(options.node.as_deref(), &interface::local_addresses()?)?;
        let node = cluster
            .nodes
            .iter()
            .position(|node| node.id == local.id)
            .context("find this node")?;
        let local = &cluster.nodes[node];
        let keys = load_keys(&cluster)?;
        let directory = cluster.node_dir(local);
        create_private(&directory)?;
        let lock = Lock::take(&directory)?;
        let sockets = Sockets::open()?;
        let pins = Pins::open(&cluster.agent.pins, &cluster.pin_dir(local))?;
        let (mut program, mut maps) = Program::load(pins, options.trace)?;
        let incarnation = incarnation::next(&directory, clock::wall().as_nanos() as u64)?;
        let ids: Vec<_> = cluster.networks.iter().map(|network| network.id).collect();
        group::leave_all(&cluster.name, &networks::gone(&maps, &ids))?;
        let entries = networks::claim(&mut maps, &ids)?;
        let keys_now = keys.as_ref();
        introduce(&cluster, local, &entries, incarnation, keys_now, &mut maps)?;
        let mut devices = Devices::new(ports(&cluster, local, &entries), &maps);
        let (paths, core) = adopt_slots(&cluster, local, &entries, &mut devices, &mut maps)?;
        devices.refresh(&mut program, &mut maps, &paths)?;
        devices.refuse_problems()?;
        let journal = Journal::open(&directory, cluster.agent.events_kept)?;
        let lateness = Arc::new(Lateness::new().context("make the lateness metrics")?);
        let tick = tick(&cluster);
        let sender = Sender::start(sockets.duplicate()?, maps.shared.clone(), paths.len(), tick)?;
        let (requests, receiver) = mpsc::channel(REQUESTS_MAX);
        control::start(&cluster.agent.socket, directory, requests.clone())?;
        if let Some(address) = cluster.agent.metrics {
            web::start(address, requests, lateness.clone())?;
        }
        let agent = Agent {
            node,
            incarnation,
            started: clock::wall(),
            keys,
            slot_paths: slot_paths(&paths),
            paths,
            program,
            maps,
            devices,
            sockets,
            sender,
            core,
            journal,
            lateness,
            tick,
            _lock: lock,
            cluster,
        };
        agent.send_everywhere();
        Ok((agent, receiver))
    }

    /// Looks at the interfaces again, and sends from where they are now. A failure is logged and tried again
    /// at the next change.
    pub(super) fn follow_devices(&mut self) {
        match self
            .devices
            .refresh(&mut self.program, &mut self.maps, &self.paths)
        {
            Ok(true) => self.send_everywhere(),
            Ok(false) => {}
            Err(error) => log::error!("following the interfaces: {error:#}"),
        }
    }

    /// Hands the sender a heartbeat for every path whose interface is there.
    fn send_everywhere(&self) {
        let entry = |path: &PathPlan| {
            Some(Entry {
                route: self.route(path)?,
                interval: path.interval,
                network: path.entry,
                slot: path.slot as usize,
                template: self.template(path),
                sent: path.sent.clone(),
            })
        };
        let signature = self.keys.as_ref().map(|keys| keys.signing.heartbeat);
        self.sender
            .send(self.paths.iter().filter_map(entry).collect(), signature);
    }

    /// The first line of a run.
    pub(super) fn greeting(&self) -> String {
        let node = &self.cluster.nodes[self.node];
        format!(
            "heartbeat {} of node {} in cluster {}: {} paths, incarnation {}, authentication {}, sender at {} priority",
            env!("CARGO_PKG_VERSION"),
            node.name,
            self.cluster.name,
            self.paths.len(),
            self.incarnation,
            if self.keys.is_some() { "on" } else { "OFF" },
            self.sender.scheduling().label()
        )
    }
}

/// How often the loop turns at least: an interval, so that what it announces of its progress is fresh.
fn tick(cluster: &Cluster) -> Duration {
    let intervals = cluster
        .networks
        .iter()
        .map(|network| network.timing.interval);
    intervals.min().unwrap_or(TICK_MAX).min(TICK_MAX)
}

/// Which path each slot belongs to.
fn slot_paths(paths: &[PathPlan]) -> Vec<Option<u32>> {
    let mut slots = vec![None; PATHS_MAX];
    for (index, path) in paths.iter().enumerate() {
        slots[path.slot as usize] = Some(index as u32);
    }
    slots
}

fn load_keys(cluster: &Cluster) -> Result<Option<KeyRing>> {
    match &cluster.authentication {
        Authentication::Key { file } => Ok(Some(KeyRing::load(file)?)),
        Authentication::Off => {
            log::warn!("authentication is off: anyone on the networks can forge heartbeats");
            Ok(None)
        }
    }
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

/// Tells XDP who this node is, which keys hold, and which addresses are its own.
fn introduce(
    cluster: &Cluster,
    node: &Node,
    entries: &[u8],
    incarnation: Incarnation,
    keys: Option<&KeyRing>,
    maps: &mut Maps,
) -> Result<()> {
    let shared = maps.shared.clone();
    let record = shared.node();
    record.identity.set(map::Node::pack(
        cluster.hash,
        node.id.number(),
        keys.is_some(),
    ));
    record.incarnation.set(incarnation.0);
    record.config_digest.set(u64::from(cluster.digest));
    record.progress.set(clock::now().ns());
    for (network, entry) in cluster.networks.iter().zip(entries) {
        shared.networks()[usize::from(*entry)]
            .interval_ms
            .set(network.timing.interval.as_millis() as u64);
    }
    for (index, keys) in keys.map(KeyRing::maps).into_iter().flatten().enumerate() {
        maps.keys
            .set(index as u32, keys.pack(), 0)
            .context("write KEYS")?;
    }
    let mut stale: Vec<[u64; 2]> = maps.locals.keys().flatten().collect();
    for (network, entry) in cluster.networks.iter().zip(entries) {
        let Some(address) = node.addresses.get(&network.id) else {
            continue;
        };
        let address = Address::from(*address);
        let local = Local {
            network: network.id.number(),
            index: *entry,
            group: false,
        };
        maps.locals
            .insert(address.0, local.pack(), 0)
            .context("write LOCALS")?;
        stale.retain(|stale| *stale != address.0);
    }
    for address in stale {
        maps.locals.remove(&address).context("clean LOCALS")?;
    }
    Ok(())
}

fn ports(cluster: &Cluster, node: &Node, entries: &[u8]) -> Vec<Port> {
    let port = |(index, network): (usize, &crate::config::Network)| {
        let address: IpAddr = *node.addresses.get(&network.id)?;
        Some(Port::new(index, entries[index], network, address))
    };
    cluster
        .networks
        .iter()
        .enumerate()
        .filter_map(port)
        .collect()
}

/// Finds each path's slot, and hands to the core what an earlier run left there.
fn adopt_slots(
    cluster: &Cluster,
    node: &Node,
    entries: &[u8],
    devices: &mut Devices,
    maps: &mut Maps,
) -> Result<(Vec<PathPlan>, Core)> {
    let config = cluster.core(node);
    let mut paths = plan::paths(cluster, node, entries);
    let identities: Vec<u64> = paths.iter().map(|path| path.identity).collect();
    devices.forget_strangers(maps, &identities)?;
    let claimed = slots::claim(maps, &identities)?;
    for ((path, slot), configured) in paths.iter_mut().zip(claimed).zip(&config.paths) {
        path.slot = slot;
        let control = &maps.shared.controls()[slot as usize];
        control
            .notable_gap
            .set(configured.timing.notable_gap().as_nanos() as u64);
    }
    let arrivals = super::turn::arrivals(&paths, &maps.shared);
    let mut core = Core::new(config);
    core.handle(clock::now(), Input::Adopt(&arrivals), &mut Vec::new());
    Ok((paths, core))
}
