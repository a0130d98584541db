//! This node's place in the kernel: what the configuration wants of maps, devices and groups, put there.
//!
//! A start and a reload do the same thing from different beginnings: an earlier run's maps or this one's. The
//! awkward case is that heartbeats are stamped all the while, by this program or an earlier one. So whatever
//! stays keeps its slot, its entry and its keys; what goes is taken out of the tables by which frames find it
//! before its records are cleared; and what comes gets records that nobody writes to.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::ops::Range;
use std::time::Duration;

use anyhow::{Context, Result};
use heartbeat_core::arrival::Arrival;
use heartbeat_core::config::{Config, GroupUse, PathIndex};
use heartbeat_core::memory::Memory;
use heartbeat_ebpf::frame::Address;
use heartbeat_ebpf::ids::{Incarnation, NetworkId, NodeId};
use heartbeat_ebpf::map::{self, Local, PATHS_MAX};
use heartbeat_ebpf::slot::Announced;
use heartbeat_ebpf::wire::flags;

use super::devices::{Devices, Port};
use super::echo::KERNEL_TRIES;
use super::plan::{self, PathPlan};
use super::{networks, remembrance, slots};
use crate::config::{Cluster, Node};
use crate::group::Family;
use crate::key::KeyRing;
use crate::maps::Maps;
use crate::xdp::Program;
use crate::{clock, group, sweep};

/// An XDP program that still holds a path it looked up has let go of it after this long: it runs for
/// microseconds.
const LETTING_GO: Duration = Duration::from_millis(2);

/// The node in the kernel.
pub struct Site {
    /// The XDP program; absent while an earlier run's is still in its place.
    pub program: Option<Program>,
    /// Its records.
    pub maps: Maps,
    /// The devices that own this node's addresses.
    pub devices: Devices,
    /// Every path, in the core's order: by peer, then network.
    pub paths: Vec<PathPlan>,
    slot_paths: Vec<Option<u32>>,
    companies: BTreeMap<NetworkId, usize>,
}

impl Site {
    /// A site that still is as an earlier run left it, or empty.
    pub fn new(maps: Maps) -> Self {
        Site {
            devices: Devices::new(&maps),
            program: None,
            maps,
            paths: Vec::new(),
            slot_paths: Vec::new(),
            companies: BTreeMap::new(),
        }
    }

    /// Tells XDP which node this is and which run of it.
    pub fn introduce(&self, cluster: &Cluster, node: &Node, authenticated: bool) {
        let record = self.maps.shared.node();
        let identity = map::Node::pack(cluster.hash, node.id.number(), authenticated);
        record.identity.set(identity);
        record.progress.set(clock::now().ns());
    }

    /// Tells XDP that a run, or an incarnation of it, begins.
    pub fn begin(&self, incarnation: Incarnation) {
        let record = self.maps.shared.node();
        record.incarnation.set(incarnation.0);
        record.begun.set(clock::now().ns());
    }

    /// Puts this program in the place of an earlier run's, wherever our addresses are.
    pub fn equip(&mut self, mut program: Program, keys: Option<&KeyRing>) -> Result<()> {
        if let Some(ring) = keys {
            program.place_keys(ring)?;
        }
        self.program = Some(program);
        self.devices.settle_anew();
        self.follow_devices()?;
        self.devices.refuse_problems()
    }

    /// Puts into the kernel what the configuration wants. `core` is the same configuration, as the core has it.
    pub fn furnish(
        &mut self,
        cluster: &Cluster,
        node: &Node,
        keys: Option<&KeyRing>,
        core: &Config,
    ) -> Result<()> {
        if let (Some(program), Some(ring)) = (&mut self.program, keys) {
            program.place_keys(ring)?;
        }
        let ids: Vec<_> = cluster.networks.iter().map(|network| network.id).collect();
        group::leave_all(&cluster.name, &networks::gone(&self.maps, &ids))?;
        let entries = networks::claim(&mut self.maps, &ids)?;
        self.set_intervals(cluster, &entries);
        self.maps
            .shared
            .node()
            .config_digest
            .set(u64::from(cluster.digest));
        let ports = ports(cluster, node, &entries, keys.is_some());
        self.publish_addresses(cluster, &ports)?;
        self.claim_slots(plan::paths(cluster, node, &entries, &self.paths), core)?;
        self.devices.settle(ports);
        self.follow_devices().map(drop)
    }

    /// Looks who owns the addresses now; says whether heartbeats are to be sent another way.
    pub fn follow_devices(&mut self) -> Result<bool> {
        self.devices
            .refresh(self.program.as_mut(), &mut self.maps, &self.paths)
    }

    /// Paths on a network.
    pub fn company(&self, network: NetworkId) -> usize {
        self.companies.get(&network).copied().unwrap_or(0)
    }

    /// The position of the path that a slot belongs to, if it still has this identity.
    pub fn path_of(&self, slot: u32, identity: u64) -> Option<usize> {
        let index = (*self.slot_paths.get(slot as usize)?)? as usize;
        (self.paths[index].identity == identity).then_some(index)
    }

    /// The positions of the paths to a peer.
    pub fn paths_to(&self, peer: NodeId) -> Range<usize> {
        let begin = self.paths.partition_point(|path| path.peer < peer);
        let count = self.paths[begin..].partition_point(|path| path.peer == peer);
        begin..begin + count
    }

    /// The position of the path that a datagram says it comes over, if it comes from that path's other end.
    pub fn path_from(&self, source: IpAddr, sender: u16, network: u16) -> Option<usize> {
        let mut paths = self.paths_to(NodeId::new(sender)?);
        paths.find(|path| {
            let path = &self.paths[*path];
            path.remote == source && path.network_id.number() == network
        })
    }

    /// Every path's records, as they stand.
    pub fn arrivals(&self) -> Vec<Arrival> {
        let shared = &self.maps.shared;
        let read = |(position, path): (usize, &PathPlan)| {
            let slot = path.slot as usize;
            sweep::arrival(
                PathIndex(position as u32),
                &shared.slots()[slot],
                &shared.echoes()[slot],
                &shared.controls()[slot],
                shared.networks()[path.entry].sent.get(),
            )
        };
        self.paths.iter().enumerate().map(read).collect()
    }

    /// The same, with what an earlier run has told of it.
    pub fn left(&self) -> Vec<(Arrival, Memory)> {
        let controls = self.maps.shared.controls();
        let memory = |path: &PathPlan| remembrance::read(&controls[path.slot as usize]);
        let memories = self.paths.iter().map(memory);
        self.arrivals().into_iter().zip(memories).collect()
    }

    fn set_intervals(&self, cluster: &Cluster, entries: &[u8]) {
        for (network, entry) in cluster.networks.iter().zip(entries) {
            self.maps.shared.networks()[usize::from(*entry)]
                .interval_ms
                .set(network.timing.interval.as_millis() as u64);
        }
    }

    /// Our own addresses and groups, as frames name them.
    fn publish_addresses(&mut self, cluster: &Cluster, ports: &[Port]) -> Result<()> {
        let mut stale: Vec<[u64; 2]> = self.maps.locals.keys().flatten().collect();
        for port in ports {
            let local = |group| Local {
                network: cluster.networks[port.network].id.number(),
                index: port.entry,
                group,
            };
            let group = port.group.map(|group| (group, local(true)));
            for (address, local) in [(port.address, local(false))].into_iter().chain(group) {
                let address = Address::from(address);
                self.maps
                    .locals
                    .insert(address.0, local.pack(), 0)
                    .context("write LOCALS")?;
                stale.retain(|stale| *stale != address.0);
            }
        }
        for address in stale {
            self.maps.locals.remove(&address).context("clean LOCALS")?;
        }
        Ok(())
    }

    /// Finds each path's slot. What was sent over another one, XDP no longer finds.
    fn claim_slots(&mut self, mut paths: Vec<PathPlan>, core: &Config) -> Result<()> {
        let identities: Vec<u64> = paths.iter().map(|path| path.identity).collect();
        if self.devices.forget_strangers(&mut self.maps, &identities)? {
            std::thread::sleep(LETTING_GO);
        }
        let claimed = slots::claim(&mut self.maps, &identities)?;
        let mut slot_paths = vec![None; PATHS_MAX];
        let shared = &self.maps.shared;
        for (index, (path, slot)) in paths.iter_mut().zip(claimed).enumerate() {
            path.slot = slot;
            slot_paths[slot as usize] = Some(index as u32);
            let notable = core.paths[index].timing.notable_gap();
            let control = &shared.controls()[slot as usize];
            control.notable_gap.set(notable.as_nanos() as u64);
            let replied = Announced::unpack(shared.echoes()[slot as usize].announced.get());
            if path.counts.unanswered == 0 && replied.flags & flags::BY_AGENT != 0 {
                path.counts.unanswered = KERNEL_TRIES;
            }
        }
        self.companies.clear();
        for path in &paths {
            *self.companies.entry(path.network_id).or_default() += 1;
        }
        self.paths = paths;
        self.slot_paths = slot_paths;
        Ok(())
    }
}

/// This node's attachments, not looked at yet.
fn ports(cluster: &Cluster, node: &Node, entries: &[u8], authenticated: bool) -> Vec<Port> {
    let port = |(index, network): (usize, &crate::config::Network)| {
        let address: IpAddr = *node.addresses.get(&network.id)?;
        let allowed = authenticated && network.may_multicast(cluster.nodes_on(network.id));
        let used = if allowed {
            GroupUse::Allowed
        } else {
            GroupUse::Never
        };
        let group = group::address(&cluster.name, network.id, Family::of(&network.subnet));
        let entry = entries[index];
        Some(Port::new(index, entry, network, address, group, used))
    };
    cluster
        .networks
        .iter()
        .enumerate()
        .filter_map(port)
        .collect()
}
