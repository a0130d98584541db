//! What netlink tells of bridges, bonds, VLAN devices and their ports, and of addresses that are not usable.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::diagnose::facts::{Bond, BondPort, Bridge, Port};
use crate::interface;
use crate::interface::ethtool::text;
use crate::interface::netlink::{attributes, u16_at, u32_at};

/// Inside IFLA_LINKINFO.
const IFLA_INFO_KIND: u16 = 1;
const IFLA_INFO_DATA: u16 = 2;
const IFLA_INFO_SLAVE_KIND: u16 = 4;
const IFLA_INFO_SLAVE_DATA: u16 = 5;

const IFLA_VLAN_ID: u16 = 1;

const IFLA_BR_FORWARD_DELAY: u16 = 1;
const IFLA_BR_STP_STATE: u16 = 5;
const IFLA_BR_TOPOLOGY_CHANGE: u16 = 14;
const IFLA_BR_MCAST_SNOOPING: u16 = 23;
const IFLA_BR_MCAST_QUERIER: u16 = 25;
const IFLA_BR_MCAST_QUERIER_STATE: u16 = 47;
const IFLA_BRPORT_STATE: u16 = 1;

const IFLA_BOND_MODE: u16 = 1;
const IFLA_BOND_ACTIVE_PORT: u16 = 2;
const IFLA_BOND_MIIMON: u16 = 3;
const IFLA_BOND_ARP_INTERVAL: u16 = 7;
const IFLA_BOND_PORT_MII_STATUS: u16 = 2;
const IFLA_BOND_PORT_FAILURES: u16 = 3;

/// Modes of a bond, by their numbers.
const BOND_MODES: [&str; 7] = [
    "balance-rr",
    "active-backup",
    "balance-xor",
    "broadcast",
    "802.3ad",
    "balance-tlb",
    "balance-alb",
];

/// Fills in what an IFLA_LINKINFO tells of an interface.
pub fn fill(port: &mut Port, info: &[u8]) {
    let find = |wanted| {
        attributes(info)
            .find(|(kind, _)| *kind == wanted)
            .map(|(_, value)| value)
    };
    let data = find(IFLA_INFO_DATA).unwrap_or_default();
    port.kind = find(IFLA_INFO_KIND).map(text);
    match port.kind.as_deref() {
        Some("vlan") => port.vlan = value(data, IFLA_VLAN_ID).and_then(|id| u16_at(id, 0)),
        Some("bridge") => port.bridge = Some(bridge(data)),
        Some("bond") => port.bond = Some(bond(data)),
        _ => {}
    }
    let data = find(IFLA_INFO_SLAVE_DATA).unwrap_or_default();
    match find(IFLA_INFO_SLAVE_KIND).map(text).as_deref() {
        Some("bridge") => port.bridge_state = value(data, IFLA_BRPORT_STATE).and_then(byte),
        Some("bond") => port.bond_port = Some(bond_port(data)),
        _ => {}
    }
}

fn value(data: &[u8], wanted: u16) -> Option<&[u8]> {
    attributes(data)
        .find(|(kind, _)| *kind == wanted)
        .map(|(_, value)| value)
}

fn byte(value: &[u8]) -> Option<u8> {
    value.first().copied()
}

fn word(data: &[u8], wanted: u16) -> u32 {
    value(data, wanted)
        .and_then(|value| u32_at(value, 0))
        .unwrap_or_default()
}

fn flag(data: &[u8], wanted: u16) -> bool {
    value(data, wanted)
        .and_then(byte)
        .is_some_and(|byte| byte != 0)
}

fn bridge(data: &[u8]) -> Bridge {
    // In hundredths of a second.
    const TICKS: u32 = 100;
    let querier = value(data, IFLA_BR_MCAST_QUERIER_STATE);
    Bridge {
        spanning_tree: word(data, IFLA_BR_STP_STATE) != 0,
        forward_delay: word(data, IFLA_BR_FORWARD_DELAY) / TICKS,
        changing: flag(data, IFLA_BR_TOPOLOGY_CHANGE),
        snooping: flag(data, IFLA_BR_MCAST_SNOOPING),
        querier: flag(data, IFLA_BR_MCAST_QUERIER),
        other_querier: querier.map(hears_querier),
    }
}

/// Whether an IFLA_BR_MCAST_QUERIER_STATE names a port or an address from which somebody asks.
fn hears_querier(state: &[u8]) -> bool {
    const ADDRESSES_AND_PORTS: [u16; 4] = [1, 2, 5, 6];
    let mut named = attributes(state).filter(|(kind, _)| ADDRESSES_AND_PORTS.contains(kind));
    named.any(|(_, value)| value.iter().any(|byte| *byte != 0))
}

fn bond(data: &[u8]) -> Bond {
    let mode = value(data, IFLA_BOND_MODE)
        .and_then(byte)
        .unwrap_or(u8::MAX);
    let mode = BOND_MODES
        .get(usize::from(mode))
        .copied()
        .unwrap_or("unknown");
    Bond {
        mode: mode.to_owned(),
        monitoring: word(data, IFLA_BOND_MIIMON),
        arp_interval: word(data, IFLA_BOND_ARP_INTERVAL),
        active: value(data, IFLA_BOND_ACTIVE_PORT).and_then(|value| u32_at(value, 0)),
    }
}

fn bond_port(data: &[u8]) -> BondPort {
    BondPort {
        up: value(data, IFLA_BOND_PORT_MII_STATUS).and_then(byte) == Some(0),
        failures: word(data, IFLA_BOND_PORT_FAILURES),
        failed_lately: 0,
    }
}

/// Addresses that may not be used, by the indexes of their interfaces, with the kernel's word for why.
pub fn unusable() -> BTreeMap<u32, Vec<(IpAddr, String)>> {
    const IFA_F_DADFAILED: u32 = 0x08;
    const IFA_F_TENTATIVE: u32 = 0x40;
    let mut unusable = BTreeMap::<u32, Vec<(IpAddr, String)>>::new();
    for (index, address, flags) in interface::flagged_addresses().unwrap_or_default() {
        let why = match (flags & IFA_F_DADFAILED, flags & IFA_F_TENTATIVE) {
            (0, 0) => continue,
            (0, _) => "tentative",
            (_, _) => "dadfailed",
        };
        unusable
            .entry(index)
            .or_default()
            .push((address, why.to_owned()));
    }
    unusable
}

#[cfg(test)]
mod tests {
    use crate::interface::netlink::attribute;

    use super::*;

    fn nested(kind: u16, parts: &[Vec<u8>]) -> Vec<u8> {
        attribute(kind, &parts.concat())
    }

    fn described(kind: &str, data: &[Vec<u8>]) -> Port {
        let info = [
            attribute(IFLA_INFO_KIND, kind.as_bytes()),
            nested(IFLA_INFO_DATA, data),
        ];
        let mut port = Port::default();
        fill(&mut port, &info.concat());
        port
    }

    #[test]
    fn a_bridge_tells_of_its_tree_and_of_who_asks_for_members() {
        let port = described(
            "bridge",
            &[
                attribute(IFLA_BR_FORWARD_DELAY, &1500_u32.to_ne_bytes()),
                attribute(IFLA_BR_STP_STATE, &1_u32.to_ne_bytes()),
                attribute(IFLA_BR_MCAST_SNOOPING, &[1]),
                attribute(IFLA_BR_MCAST_QUERIER, &[0]),
                nested(IFLA_BR_MCAST_QUERIER_STATE, &[attribute(1, &[10, 0, 0, 1])]),
            ],
        );
        let expected = Bridge {
            spanning_tree: true,
            forward_delay: 15,
            changing: false,
            snooping: true,
            querier: false,
            other_querier: Some(true),
        };
        assert_eq!(port.bridge, Some(expected));
    }

    #[test]
    fn a_bond_tells_of_its_mode_and_its_ports_of_their_failures() {
        let port = described(
            "bond",
            &[
                attribute(IFLA_BOND_MODE, &[1]),
                attribute(IFLA_BOND_MIIMON, &100_u32.to_ne_bytes()),
            ],
        );
        let bond = port.bond.expect("a bond");
        assert_eq!(
            (bond.mode.as_str(), bond.monitoring),
            ("active-backup", 100)
        );
        let data = [
            attribute(IFLA_BOND_PORT_MII_STATUS, &[2]),
            attribute(IFLA_BOND_PORT_FAILURES, &7_u32.to_ne_bytes()),
        ];
        let info = [
            attribute(IFLA_INFO_SLAVE_KIND, b"bond"),
            nested(IFLA_INFO_SLAVE_DATA, &data),
        ];
        let mut port = Port::default();
        fill(&mut port, &info.concat());
        let below = port.bond_port.expect("a port of a bond");
        assert_eq!((below.up, below.failures), (false, 7));
    }

    #[test]
    fn odd_bytes_make_no_device() {
        let mut port = Port::default();
        fill(&mut port, &[9, 0, 1, 0, 255]);
        assert_eq!(port, Port::default());
        assert_eq!(
            described("bond", &[]).bond.map(|bond| bond.mode),
            Some("unknown".to_owned())
        );
    }
}
