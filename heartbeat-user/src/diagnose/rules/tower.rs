//! Rules on what is built of interfaces: bonds, bridges, VLANs, and how large a packet fits through all of them.

use super::Rule;
use super::cause::Cause;
use super::each::{self, told};
use crate::diagnose::facts::{Bond, Facts, Port};
use crate::diagnose::finding::Finding;

pub const RULES: &[Rule] = &[
    Rule {
        id: "teaming",
        covers: &[Cause::Teaming],
        judge: teaming,
    },
    Rule {
        id: "spanning-tree",
        covers: &[Cause::SpanningTree],
        judge: spanning_tree,
    },
    Rule {
        id: "vlan",
        covers: &[Cause::Vlan],
        judge: vlan,
    },
    Rule {
        id: "mtu",
        covers: &[Cause::Vlan, Cause::DeviceMismatch],
        judge: mtu,
    },
    Rule {
        id: "snooping",
        covers: &[Cause::Multicast],
        judge: snooping,
    },
];

fn teaming(facts: &Facts) -> Vec<Finding> {
    let words = ("all ports of all bonds work", "no network goes over a bond");
    let part = |port: &Port| (port.is_team() || port.bond_port.is_some()).then_some(());
    each::port_with(facts, words, part, |port, ()| {
        let mut findings = port
            .bond
            .as_ref()
            .map_or_else(Vec::new, |bond| of_bond(port, bond));
        let Some(below) = &port.bond_port else {
            return findings;
        };
        let over = port.master.as_deref().unwrap_or("its bond");
        findings.extend(each::when(!below.up, || {
            Finding::cause(format!("{} is down in {over}", port.name))
                .on(port)
                .advise("check its cable and switch port; the bond has one way less")
        }));
        findings.extend(each::when(0 < below.failed_lately, || {
            Finding::by_growth(1, format!("{} failed in {over} while we looked", port.name))
                .on(port)
                .advise("take the heartbeat network off the bond, for a test")
        }));
        findings
    })
}

fn of_bond(port: &Port, bond: &Bond) -> Vec<Finding> {
    let name = &port.name;
    let mut findings = each::when(bond.monitoring == 0 && bond.arp_interval == 0, || {
        Finding::cause(format!(
            "{name} never looks whether its ports work (miimon 0)"
        ))
        .on(port)
        .advise("set miimon to 100, or arp_interval")
    });
    let unfit = matches!(bond.mode.as_str(), "balance-rr" | "broadcast" | "unknown");
    findings.extend(each::when(unfit, || {
        Finding::hint(format!(
            "{name} is a bond of mode {}, unfit for heartbeats",
            bond.mode
        ))
        .on(port)
        .advise("use active-backup or 802.3ad, or two networks instead of a bond")
    }));
    findings
}

fn spanning_tree(facts: &Facts) -> Vec<Finding> {
    const FORWARDING: u8 = 3;
    let words = (
        "all ports of bridges forward",
        "no network goes over a bridge of this host",
    );
    let part = |port: &Port| (port.bridge.is_some() || port.bridge_state.is_some()).then_some(());
    each::port_with(facts, words, part, |port, ()| {
        let ready = port.carrier && port.set_up;
        let waiting = port
            .bridge_state
            .filter(|state| *state != FORWARDING && ready);
        let waiting = waiting.map(|state| {
            let over = port.master.as_deref().unwrap_or("its bridge");
            let state = word(state);
            Finding::cause(format!(
                "{} does not forward in {over}: it is {state}",
                port.name
            ))
            .on(port)
            .advise("use RSTP or no spanning tree on ports to nodes; else it takes 30 s")
        });
        let changing = port
            .bridge
            .filter(|bridge| bridge.spanning_tree && bridge.changing);
        let changing = changing.map(|_| {
            Finding::cause(format!("the spanning tree of {} is changing", port.name))
                .on(port)
                .advise("look which port came or went: nothing is forwarded for a while")
        });
        waiting.into_iter().chain(changing).collect()
    })
}

/// The name of a bridge port's state.
fn word(state: u8) -> &'static str {
    match state {
        0 => "disabled",
        1 => "listening",
        2 => "learning",
        4 => "blocking",
        _ => "in no known state",
    }
}

/// How the interface below counts a frame of a VLAN that has no device: as for another host, or for no protocol.
const STRANGERS: [&str; 2] = ["rx_otherhost_dropped", "rx_nohandler"];

fn vlan(facts: &Facts) -> Vec<Finding> {
    let words = (
        "VLANs reach their devices",
        "no network goes over a VLAN device",
    );
    each::port_with(
        facts,
        words,
        |port| port.vlan,
        |port, id| {
            let parent = port.parent.as_deref().and_then(|parent| facts.port(parent));
            let strangers = parent.map(|parent| (parent, parent.counters.sum(&STRANGERS)));
            let strangers = strangers.filter(|(_, counter)| 0 < counter.lately);
            let finding = strangers.map(|(parent, counter)| {
                let frames = told(counter.lately, counter.total);
                // A trunk may carry more VLANs than a node wants.
                let line = format!(
                    "{} gets VLANs that nobody takes, beside {id}: {frames}",
                    parent.name
                );
                Finding {
                    lately: true,
                    ..Finding::hint(line)
                }
                .on(port)
                .advise("compare the VLAN ids on the trunk with those of the nodes")
            });
            finding.into_iter().collect()
        },
    )
}

fn mtu(facts: &Facts) -> Vec<Finding> {
    /// What IPv6 demands of every device.
    const SMALLEST: u32 = 1280;
    each::port(facts, "packets fit through every interface", |port| {
        let name = &port.name;
        let mut findings = each::when(port.mtu < SMALLEST, || {
            Finding::cause(format!("{name} sends at most {} bytes (MTU)", port.mtu))
                .on(port)
                .advise(format!(
                    "`ip link set {name} mtu 1500`, as on the other nodes"
                ))
        });
        let is_below = |below: &&Port| {
            below.master.as_ref() == Some(name) || port.parent.as_ref() == Some(&below.name)
        };
        let below = facts.all_ports().iter().filter(is_below);
        findings.extend(below.filter(|below| below.mtu < port.mtu).map(|below| {
            Finding::cause(format!(
                "{name} has MTU {}, {} below it {}",
                port.mtu, below.name, below.mtu
            ))
            .on(port)
            .advise("what is larger is lost on the way: set the lower one as large")
        }));
        findings
    })
}

fn snooping(facts: &Facts) -> Vec<Finding> {
    let words = (
        "groups are asked for their members",
        "no bridge of this host sorts groups by members",
    );
    let snoops = |port: &Port| port.bridge.filter(|bridge| bridge.snooping);
    each::port_with(facts, words, snoops, |port, bridge| {
        let carried = facts
            .networks
            .iter()
            .filter(|network| port.networks.contains(&network.label));
        let matters = carried.into_iter().any(|network| network.may_multicast);
        let asked = bridge.querier || bridge.other_querier == Some(true);
        each::when(matters && !asked, || {
            let name = &port.name;
            Finding::cause(format!(
                "{name} snoops for group members, and nobody asks for them"
            ))
            .on(port)
            .advise(format!(
                "`ip link set {name} type bridge mcast_querier 1`, or multicast = \"off\""
            ))
        })
    })
}
