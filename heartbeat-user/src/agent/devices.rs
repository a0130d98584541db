//! The devices that own this node's addresses, and the program on them.
//!
//! Interfaces come and go while the agent runs: a cable is pulled, a driver reset, a bond made anew with
//! another index. Whatever netlink says, the answer is the same: look which device owns each address now, be
//! attached there, and let `PATHS` lead from there to the slots. The slots themselves never move.
//!
//! The awkward case is a device that others see the frames of first, a VLAN device's parent or a bond's ports: the
//! paths of such a network are known there as well (`ways`), and a port that joins a bond is a change like a new
//! index.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use anyhow::{Context, Result, bail};
use heartbeat_core::config::GroupUse;
use heartbeat_core::interface::Soundness;
use heartbeat_ebpf::frame::{Address, Vlan};
use heartbeat_ebpf::map::{PathEntry, PathKey};

use super::plan::PathPlan;
use super::ways;
use crate::config::{Network, XdpMode};
use crate::group;
use crate::interface::{self, Interface};
use crate::maps::Maps;
use crate::xdp::{Attached, Program};

/// This node's attachment to one network.
pub struct Port {
    /// Our address there.
    pub address: IpAddr,
    /// The network's multicast group, where it may be used.
    pub group: Option<IpAddr>,
    /// The same where it may not: an earlier run may have been a member.
    pub unused_group: Option<IpAddr>,
    /// Index of the network in the configuration.
    pub network: usize,
    /// The network's entry in the maps.
    pub entry: u8,
    /// How to attach.
    pub wanted: XdpMode,
    /// The device that owns the address now.
    pub interface: Option<Interface>,
    /// How the program is attached there.
    pub attached: Option<Attached>,
    /// Why it is not.
    pub problem: Option<String>,
    /// Whether it was looked at since it is configured.
    pub looked: bool,
    /// What the core was told of it; forgotten with the configuration, and told anew.
    pub told: Soundness,
}

impl Port {
    /// A port that was not looked at yet.
    pub fn new(
        network: usize,
        entry: u8,
        configured: &Network,
        address: IpAddr,
        group: IpAddr,
        used: GroupUse,
    ) -> Self {
        let (group, unused_group) = match used {
            GroupUse::Allowed => (Some(group), None),
            GroupUse::Never => (None, Some(group)),
        };
        Port {
            address,
            group,
            unused_group,
            network,
            entry,
            wanted: configured.xdp,
            interface: None,
            attached: None,
            problem: None,
            looked: false,
            told: Soundness::Unknown,
        }
    }

    /// Index of the device that owns the address, if one does.
    pub fn device(&self) -> Option<u32> {
        self.interface.as_ref().map(|interface| interface.index)
    }

    /// The ports of the device that owns the address, where that is a bond.
    fn bonded(&self) -> Option<&[u32]> {
        self.interface
            .as_ref()
            .map(|interface| &interface.bonded[..])
    }

    /// Has the kernel join the group where the address is now, or leave the one that is not to be used.
    fn follow_group(&self) {
        self.leave(self.unused_group);
        let (Some(device), Some(address)) = (&self.interface, self.group) else {
            return;
        };
        if let Err(error) = group::join(device.index, address) {
            log::error!(
                "{} does not join the group {address}, so its heartbeats come by unicast: {error:#}",
                device.name
            );
        }
    }

    fn leave(&self, group: Option<IpAddr>) {
        let (Some(device), Some(address)) = (&self.interface, group) else {
            return;
        };
        if let Err(error) = group::leave(device.index, address) {
            log::warn!(
                "{} does not leave the group {address}: {error:#}",
                device.name
            );
        }
    }
}

/// All ports of this node.
pub struct Devices {
    /// One a network that this node is attached to.
    pub ports: Vec<Port>,
    keys: BTreeSet<PathKey>,
    published: bool,
    /// Whether the last look failed before it was over.
    overdue: bool,
}

impl Devices {
    /// No ports yet, but whatever `PATHS` holds from an earlier run.
    pub fn new(maps: &Maps) -> Self {
        let keys = maps.paths.keys().flatten().map(PathKey).collect();
        Devices {
            ports: Vec::new(),
            keys,
            published: false,
            overdue: false,
        }
    }

    /// Puts these ports in the place of those there were. What is known of an address goes on; the group of
    /// one that is gone is left.
    pub fn settle(&mut self, ports: Vec<Port>) {
        let mut known = std::mem::replace(&mut self.ports, ports);
        for port in &mut self.ports {
            let Some(at) = known.iter().position(|known| known.address == port.address) else {
                continue;
            };
            let known = known.swap_remove(at);
            port.interface = known.interface;
            port.attached = known.attached;
            port.problem = known.problem;
        }
        for gone in known {
            gone.leave(gone.group);
        }
        self.published = false;
    }

    /// Looks at everything again, with a program that was not there before.
    pub fn settle_anew(&mut self) {
        self.published = false;
    }

    /// Forgets keys that lead to other slots than these paths', before slots are cleared. Says whether there
    /// were any.
    pub fn forget_strangers(&mut self, maps: &mut Maps, identities: &[u64]) -> Result<bool> {
        let keys = std::mem::take(&mut self.keys);
        let identities: BTreeSet<u64> = identities.iter().copied().collect();
        let before = keys.len();
        for key in keys {
            let words = maps.paths.get(&key.0, 0).context("read PATHS")?;
            let slot = PathEntry::unpack(words).slot as usize;
            let identity = maps
                .shared
                .slots()
                .get(slot)
                .map(|slot| slot.identity.get());
            if identity.is_some_and(|identity| identities.contains(&identity)) {
                self.keys.insert(key);
            } else {
                maps.paths.remove(&key.0).context("clean PATHS")?;
            }
        }
        Ok(self.keys.len() < before)
    }

    /// Looks who owns the addresses now and follows. Says whether anything changed that heartbeats are sent
    /// by, now or when the last attempt failed. Without a program, an earlier run's stays. What can't be attached is noted in its port; it does not keep
    /// the others from working.
    pub fn refresh(
        &mut self,
        program: Option<&mut Program>,
        maps: &mut Maps,
        paths: &[PathPlan],
    ) -> Result<bool> {
        self.overdue = true;
        let addresses: Vec<IpAddr> = self.ports.iter().map(|port| port.address).collect();
        let owners = interface::owners(&addresses).context("list this host's interfaces")?;
        let mut changed = false;
        for (port, owner) in self.ports.iter_mut().zip(owners) {
            let index = owner.as_ref().map(|owner| owner.index);
            changed |= port.bonded() != owner.as_ref().map(|owner| &owner.bonded[..]);
            if port.device() != index {
                changed = true;
                port.attached = None;
                report(port, owner.as_ref());
            }
            port.interface = owner;
            port.looked = true;
        }
        self.published &= !changed;
        let publish = !self.published;
        if publish {
            self.publish_devices(maps)?;
            self.publish_paths(maps, paths)?;
            let indices: Vec<u32> = self.ports.iter().filter_map(Port::device).collect();
            if let Some(program) = &program {
                program.keep_only(&indices)?;
            }
            self.ports.iter().for_each(Port::follow_group);
            self.published = true;
        }
        if let Some(program) = program {
            self.attach(program);
        }
        self.overdue = false;
        Ok(publish)
    }

    /// The first problem of a port whose device is there: at start that ends the agent.
    pub fn refuse_problems(&self) -> Result<()> {
        for port in &self.ports {
            if let (Some(_), Some(problem)) = (&port.interface, &port.problem) {
                bail!("{problem}");
            }
        }
        Ok(())
    }

    /// Whether a port waits for something that no message may tell, or nobody knows.
    pub fn incomplete(&self) -> bool {
        self.overdue || self.ports.iter().any(|port| port.attached.is_none())
    }

    fn attach(&mut self, program: &mut Program) {
        let mut done: BTreeMap<u32, Attached> = BTreeMap::new();
        for port in &self.ports {
            done.extend(port.device().zip(port.attached));
        }
        for port in &mut self.ports {
            let Some(device) = &port.interface else {
                port.problem = Some(format!("no interface of this host owns {}", port.address));
                continue;
            };
            if port.attached.is_some() {
                continue;
            }
            let attached = match done.get(&device.index) {
                Some(attached) => Ok(*attached),
                None => program.attach(device, port.wanted),
            };
            match attached {
                Ok(attached) => {
                    done.insert(device.index, attached);
                    port.attached = Some(attached);
                    port.problem = None;
                    log::info!(
                        "{} on {}: XDP attached, {}",
                        port.address,
                        device.name,
                        attached.label()
                    );
                }
                Err(error) => {
                    let problem = format!("{error:#}");
                    if port.problem.as_ref() != Some(&problem) {
                        log::error!("{problem}");
                    }
                    port.problem = Some(problem);
                }
            }
        }
    }

    fn publish_devices(&self, maps: &mut Maps) -> Result<()> {
        let mut wanted = BTreeMap::new();
        for port in &self.ports {
            for door in port.interface.iter().flat_map(ways::doors) {
                wanted.entry(door).or_insert(u32::from(port.entry));
            }
        }
        let stale: Vec<u32> = maps
            .devices
            .keys()
            .flatten()
            .filter(|key| !wanted.contains_key(key))
            .collect();
        for device in stale {
            maps.devices.remove(&device).context("clean DEVICES")?;
        }
        for (device, network) in wanted {
            maps.devices
                .insert(device, network, 0)
                .context("write DEVICES")?;
        }
        Ok(())
    }

    fn publish_paths(&mut self, maps: &mut Maps, paths: &[PathPlan]) -> Result<()> {
        let mut wanted = BTreeMap::new();
        for path in paths {
            let entry = PathEntry {
                slot: path.slot,
                source: Address::from(path.remote),
            };
            for (device, vlan) in self.ways_in(path.network) {
                let key = PathKey::new(device, vlan, path.peer.number(), path.network_id.number());
                wanted.insert(key, entry);
            }
        }
        for (key, entry) in &wanted {
            maps.paths
                .insert(key.0, entry.pack(), 0)
                .context("write PATHS")?;
        }
        for key in self.keys.iter().filter(|key| !wanted.contains_key(key)) {
            maps.paths.remove(&key.0).context("clean PATHS")?;
        }
        self.keys = wanted.into_keys().collect();
        Ok(())
    }

    /// Interfaces and tags that a network's frames may come in with.
    fn ways_in(&self, network: usize) -> Vec<(u32, Vlan)> {
        let mut owners = self.ports.iter().filter(|port| port.network == network);
        let Some(device) = owners.next().and_then(|port| port.interface.as_ref()) else {
            return Vec::new();
        };
        let interfaces = self.ports.iter().filter_map(|port| port.interface.as_ref());
        let parent = device
            .vlan
            .and_then(|(parent, _)| interfaces.clone().find(|other| other.index == parent));
        ways::ways_in(device, parent)
    }
}

fn report(port: &Port, owner: Option<&Interface>) {
    match (&port.interface, owner) {
        (_, Some(owner)) => log::info!(
            "{} is on {} (index {})",
            port.address,
            owner.name,
            owner.index
        ),
        (Some(before), None) => log::warn!("{} is gone from {}", port.address, before.name),
        (None, None) => log::warn!("no interface of this host owns {}", port.address),
    }
}
