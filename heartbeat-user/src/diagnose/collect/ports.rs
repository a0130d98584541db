//! The interfaces that matter to the networks: those that have the addresses, and whatever lies below them.
//!
//! The awkward case is a stack of devices: the address is on a VLAN device, that on a bond, that on two cables; and a
//! bridge has ports. A cable's trouble is the network's trouble, so the whole tower is looked at, down to the cables.

use std::collections::BTreeMap;

use anyhow::Result;

use super::{bridging, device, files, queues};
use crate::diagnose::facts::{NetworkFacts, Own, Port};
use crate::diagnose::reading::{Counters, Reading};
use crate::interface::netlink::{attributes, dump, u32_at};

/// Interfaces below one another that are followed.
const DEPTH_MAX: usize = 6;
/// Interfaces that are looked at.
const PORTS_MAX: usize = 128;

/// Length of the struct ifinfomsg before the attributes; index at 4, flags at 8.
const IFINFOMSG: usize = 16;
const IFF_UP: u32 = 1 << 0;
const IFF_LOWER_UP: u32 = 1 << 16;
const IFLA_ADDRESS: u16 = 1;
const IFLA_IFNAME: u16 = 3;
const IFLA_MTU: u16 = 4;
const IFLA_LINK: u16 = 5;
const IFLA_MASTER: u16 = 10;
const IFLA_LINKINFO: u16 = 18;
const IFLA_STATS64: u16 = 23;
const IFLA_CARRIER_CHANGES: u16 = 35;
const IFLA_LINK_NETNSID: u16 = 37;
const IFLA_XDP: u16 = 43;
const IFLA_CARRIER_DOWN_COUNT: u16 = 48;
/// Inside IFLA_XDP: programs, however they are attached.
const IFLA_XDP_PROGRAM_IDS: [u16; 4] = [4, 5, 6, 7];
/// The fields of the kernel's struct rtnl_link_stats64, in their order; older kernels end earlier.
const STATISTICS: [&str; 25] = [
    "rx_packets",
    "tx_packets",
    "rx_bytes",
    "tx_bytes",
    "rx_errors",
    "tx_errors",
    "rx_dropped",
    "tx_dropped",
    "multicast",
    "collisions",
    "rx_length_errors",
    "rx_over_errors",
    "rx_crc_errors",
    "rx_frame_errors",
    "rx_fifo_errors",
    "rx_missed_errors",
    "tx_aborted_errors",
    "tx_carrier_errors",
    "tx_fifo_errors",
    "tx_heartbeat_errors",
    "tx_window_errors",
    "rx_compressed",
    "tx_compressed",
    "rx_nohandler",
    "rx_otherhost_dropped",
];

/// An interface as one message tells of it, with the numbers of those it hangs together with.
#[derive(Debug, Default)]
struct Told {
    port: Port,
    parent: Option<u32>,
    parent_elsewhere: bool,
    master: Option<u32>,
}

/// The interfaces that carry these networks. `own` are the ids of this node's own XDP programs.
pub fn look(networks: &[NetworkFacts], own: &[u32]) -> Reading<Vec<Port>> {
    match all() {
        Err(error) => Reading::Unreadable(format!("{error:#}")),
        Ok(told) => {
            let mut ports = chosen(told, networks);
            let queues = queues::look();
            let unusable = bridging::unusable();
            for port in &mut ports {
                device::fill(port);
                port.queues = queues.get(&port.index).cloned().unwrap_or_default();
                port.unusable = unusable.get(&port.index).cloned().unwrap_or_default();
                port.reverse_path = reverse_path(&port.name);
                port.xdp_own = whose(port.xdp_program, own);
            }
            Reading::Known(ports)
        }
    }
}

fn all() -> Result<Vec<Told>> {
    let payloads = dump(libc::RTM_GETLINK, &[0; IFINFOMSG])?;
    Ok(payloads
        .iter()
        .filter_map(|payload| decode(payload))
        .collect())
}

fn decode(payload: &[u8]) -> Option<Told> {
    let flags = u32_at(payload, 8)?;
    let mut told = Told::default();
    let port = &mut told.port;
    port.index = u32_at(payload, 4)?;
    port.set_up = flags & IFF_UP != 0;
    port.carrier = flags & IFF_LOWER_UP != 0;
    let mut totals = Vec::new();
    for (kind, value) in attributes(payload.get(IFINFOMSG..)?) {
        match kind {
            IFLA_IFNAME => port.name = crate::interface::ethtool::text(value),
            IFLA_ADDRESS => port.hardware = hardware(value),
            IFLA_MTU => port.mtu = u32_at(value, 0).unwrap_or_default(),
            IFLA_LINK => told.parent = u32_at(value, 0),
            IFLA_LINK_NETNSID => told.parent_elsewhere = true,
            IFLA_MASTER => told.master = u32_at(value, 0),
            IFLA_LINKINFO => bridging::fill(port, value),
            IFLA_STATS64 => totals.extend(statistics(value)),
            IFLA_CARRIER_CHANGES => totals.push(("carrier_changes", number(value))),
            IFLA_CARRIER_DOWN_COUNT => totals.push(("carrier_down", number(value))),
            IFLA_XDP => port.xdp_program = program(value),
            _ => {}
        }
    }
    port.counters = Counters::of(totals);
    Some(told)
}

fn number(value: &[u8]) -> u64 {
    u32_at(value, 0).unwrap_or_default().into()
}

fn statistics(value: &[u8]) -> impl Iterator<Item = (&'static str, u64)> {
    let numbers = value
        .chunks_exact(8)
        .filter_map(|bytes| bytes.first_chunk());
    STATISTICS
        .into_iter()
        .zip(numbers.map(|bytes| u64::from_ne_bytes(*bytes)))
}

fn program(xdp: &[u8]) -> Option<u32> {
    let ids = attributes(xdp).filter(|(kind, _)| IFLA_XDP_PROGRAM_IDS.contains(kind));
    ids.filter_map(|(_, value)| u32_at(value, 0))
        .find(|id| *id != 0)
}

/// A hardware address as it is usually written.
pub fn hardware(bytes: &[u8]) -> String {
    let bytes: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    bytes.join(":")
}

/// Those that carry a network, with the labels of what they carry and the names of what they hang on.
fn chosen(told: Vec<Told>, networks: &[NetworkFacts]) -> Vec<Port> {
    let carried = carried(&told, networks);
    let names: BTreeMap<u32, String> = told
        .iter()
        .map(|told| (told.port.index, told.port.name.clone()))
        .collect();
    let name = |index: Option<u32>| index.and_then(|index| names.get(&index).cloned());
    let chosen = told.into_iter().filter_map(|told| {
        let networks = carried.get(&told.port.index)?.clone();
        let parent = name(told.parent.filter(|_| !told.parent_elsewhere));
        Some(Port {
            networks,
            parent,
            master: name(told.master),
            ..told.port
        })
    });
    chosen.take(PORTS_MAX).collect()
}

/// Labels of networks, by the indexes of the interfaces that carry them.
fn carried(told: &[Told], networks: &[NetworkFacts]) -> BTreeMap<u32, Vec<String>> {
    let mut carried = BTreeMap::<u32, Vec<String>>::new();
    for network in networks {
        let named = |told: &&Told| Some(&told.port.name) == network.interface.as_ref();
        let mut level: Vec<u32> = told
            .iter()
            .filter(named)
            .map(|told| told.port.index)
            .collect();
        for _ in 0..DEPTH_MAX {
            for index in &level {
                let labels = carried.entry(*index).or_default();
                if !labels.contains(&network.label) {
                    labels.push(network.label.clone());
                }
            }
            level = level.iter().flat_map(|index| below(told, *index)).collect();
        }
    }
    carried
}

/// Interfaces right below one: its ports, and the parent of a VLAN device.
fn below(told: &[Told], index: u32) -> Vec<u32> {
    let ports = told.iter().filter(|other| other.master == Some(index));
    let this = told
        .iter()
        .find(|this| this.port.index == index && this.port.vlan.is_some());
    let parent = this.and_then(|this| this.parent.filter(|_| !this.parent_elsewhere));
    ports.map(|port| port.port.index).chain(parent).collect()
}

/// The stricter of what holds for all interfaces and for this one, as the kernel has it.
fn reverse_path(name: &str) -> Option<u8> {
    let read = |name: &str| files::number(&format!("/proc/sys/net/ipv4/conf/{name}/rp_filter"));
    let mode = read("all")?.max(read(name)?);
    u8::try_from(mode).ok()
}

fn whose(program: Option<u32>, own: &[u32]) -> Reading<Own> {
    match program {
        None => Reading::Absent("no XDP program is attached".to_owned()),
        Some(id) if own.contains(&id) => Reading::Known(Own::Ours),
        Some(_) if !nix::unistd::Uid::effective().is_root() => {
            Reading::Unreadable("whose XDP program it is: root may see it".to_owned())
        }
        Some(_) => Reading::Known(Own::Foreign),
    }
}
