//! What this host knows of its peers' addresses: neighbour entries, and the way it would send.

use std::net::IpAddr;

use heartbeat_ebpf::ids::NetworkId;

use super::ports::hardware;
use crate::config::{Cluster, Node};
use crate::diagnose::facts::{Neighbour, NetworkFacts, Port};
use crate::diagnose::reading::Reading;
use crate::interface::netlink::{attribute, attributes, dump, get, u16_at, u32_at};

/// Peers of a network that are asked about.
const PEERS_MAX: usize = 1024;

/// Length of the struct ndmsg before the attributes: index at 4, state at 8.
const NDMSG: usize = 12;
const NDA_DST: u16 = 1;
const NDA_LLADDR: u16 = 2;
/// States of an entry, by their bits.
const STATES: [(u16, &str); 8] = [
    (0x01, "incomplete"),
    (0x02, "reachable"),
    (0x04, "stale"),
    (0x08, "delay"),
    (0x10, "probe"),
    (0x20, "failed"),
    (0x40, "noarp"),
    (0x80, "permanent"),
];

/// Length of the struct rtmsg before the attributes; family, lengths of destination and source at 0, 1, 2.
const RTMSG: usize = 12;
const RTA_DST: u16 = 1;
const RTA_SRC: u16 = 2;
const RTA_OIF: u16 = 4;

/// The peers on a network, by the configuration.
pub fn configured(cluster: &Cluster, node: &Node, network: NetworkId) -> Vec<Neighbour> {
    let peers = cluster.nodes.iter().filter(|peer| peer.id != node.id);
    let on_it = peers.filter_map(|peer| {
        Some(Neighbour {
            peer: peer.name.clone(),
            address: *peer.addresses.get(&network)?,
            state: None,
            hardware: None,
            way_out: Reading::default(),
        })
    });
    on_it.take(PEERS_MAX).collect()
}

/// Adds what the kernel knows of each peer.
pub fn fill(networks: &mut [NetworkFacts], ports: &Reading<Vec<Port>>) {
    let entries: Vec<Entry> = dump(libc::RTM_GETNEIGH, &[0; NDMSG])
        .unwrap_or_default()
        .iter()
        .filter_map(|payload| decode(payload))
        .collect();
    let ports = ports.known().map_or(&[][..], Vec::as_slice);
    for network in networks {
        let interface = ports
            .iter()
            .find(|port| Some(&port.name) == network.interface.as_ref());
        for neighbour in &mut network.peers {
            let entry = entries.iter().find(|entry| {
                entry.address == neighbour.address
                    && interface.is_some_and(|port| port.index == entry.index)
            });
            neighbour.state = entry.map(|entry| entry.state.to_owned());
            neighbour.hardware = entry.and_then(|entry| entry.hardware.clone());
            neighbour.way_out = way_out(neighbour.address, network.address);
        }
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct Entry {
    index: u32,
    address: IpAddr,
    state: &'static str,
    hardware: Option<String>,
}

fn decode(payload: &[u8]) -> Option<Entry> {
    let (index, bits) = (u32_at(payload, 4)?, u16_at(payload, 8)?);
    let (mut address, mut hardware_address) = (None, None);
    for (kind, value) in attributes(payload.get(NDMSG..)?) {
        match kind {
            NDA_DST => address = ip(value),
            NDA_LLADDR => hardware_address = Some(hardware(value)),
            _ => {}
        }
    }
    let state = STATES.iter().find(|(bit, _)| bits & bit != 0);
    Some(Entry {
        index,
        address: address?,
        state: state.map_or("none", |(_, name)| name),
        hardware: hardware_address,
    })
}

fn ip(value: &[u8]) -> Option<IpAddr> {
    let four = || <[u8; 4]>::try_from(value).ok().map(IpAddr::from);
    four().or_else(|| <[u8; 16]>::try_from(value).ok().map(IpAddr::from))
}

fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

/// The name of the interface by which the kernel would send from here to there.
fn way_out(to: IpAddr, from: IpAddr) -> Reading<String> {
    let bits = if to.is_ipv4() { 32 } else { 128 };
    let family = if to.is_ipv4() {
        libc::AF_INET
    } else {
        libc::AF_INET6
    };
    let mut request = vec![0; RTMSG];
    request[..3].copy_from_slice(&[family as u8, bits, bits]);
    request.extend(attribute(RTA_DST, &octets(to)));
    request.extend(attribute(RTA_SRC, &octets(from)));
    let index = match get(libc::RTM_GETROUTE, &request) {
        Err(error) => return Reading::Unreadable(format!("{error:#}")),
        Ok(Err(error)) => return Reading::Unreadable(format!("no way to {to}: {}", error.desc())),
        Ok(Ok(payload)) => interface_of(&payload),
    };
    let name = index.and_then(|index| crate::interface::name_of(index).ok().flatten());
    name.map_or_else(
        || Reading::Unreadable(format!("the way to {to} names no interface")),
        Reading::Known,
    )
}

fn interface_of(payload: &[u8]) -> Option<u32> {
    let mut parts = attributes(payload.get(RTMSG..)?);
    let (_, value) = parts.find(|(kind, _)| *kind == RTA_OIF)?;
    u32_at(value, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_tells_its_state_and_its_hardware_address() {
        let mut payload = vec![0; NDMSG];
        payload[4] = 5;
        payload[8] = 0x20;
        payload.extend(attribute(NDA_DST, &[10, 0, 0, 2]));
        payload.extend(attribute(NDA_LLADDR, &[2, 0, 0, 0, 0, 0xff]));
        let expected = Entry {
            index: 5,
            address: [10, 0, 0, 2].into(),
            state: "failed",
            hardware: Some("02:00:00:00:00:ff".to_owned()),
        };
        assert_eq!(decode(&payload), Some(expected));
        assert_eq!(decode(&payload[..NDMSG]), None);
    }

    #[test]
    fn the_way_to_ourselves_is_loopback() {
        let way = way_out([127, 0, 0, 1].into(), [127, 0, 0, 1].into());
        assert_eq!(way.known().map(String::as_str), Some("lo"), "{way:?}");
    }
}
