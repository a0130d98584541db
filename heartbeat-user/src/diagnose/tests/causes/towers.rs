//! Hosts with trouble in what is built of interfaces, at addresses and filters.

use super::*;
use crate::diagnose::facts::{Bond, BondPort, Bridge, Chain, DropRule};

fn bridge(facts: &mut Facts, bridge: Bridge) {
    eth1(facts).kind = Some("bridge".to_owned());
    eth1(facts).bridge = Some(bridge);
}

pub const CASES: &[Case] = &[
    Case {
        what: "a bond has lost a port",
        signs_of: &[Cause::Teaming],
        rules: &["teaming"],
        make: |facts| {
            tower(facts, |below| {
                below.bond_port = Some(BondPort {
                    up: false,
                    ..BondPort::default()
                })
            })
        },
    },
    Case {
        what: "a bond that never looks",
        signs_of: &[Cause::Teaming],
        rules: &["teaming"],
        make: |facts| {
            eth1(facts).kind = Some("bond".to_owned());
            eth1(facts).bond = Some(Bond {
                mode: "balance-rr".to_owned(),
                ..Bond::default()
            });
        },
    },
    Case {
        what: "a bridge's port learns",
        signs_of: &[Cause::SpanningTree],
        rules: &["spanning-tree"],
        make: |facts| tower(facts, |below| below.bridge_state = Some(2)),
    },
    Case {
        what: "a switch port learns after each cable's return",
        signs_of: &[Cause::SpanningTree],
        rules: &["spanning-tree-delay"],
        make: |facts| {
            let mut restored = happened(2, 1122, 4000.0 - 3970.0 + 60.0);
            restored.outage_seconds = Some(32.0);
            let failed = Happening {
                maintenance: true,
                ..happened(1, 1124, 120.0)
            };
            agent_of(facts).events = vec![failed, restored];
        },
    },
    Case {
        what: "frames of VLANs that nobody takes",
        signs_of: &[Cause::Vlan],
        rules: &["vlan"],
        make: |facts| {
            eth1(facts).vlan = Some(7);
            eth1(facts).parent = Some("eth0".to_owned());
            let mut below = port("eth0", "private");
            counter("rx_otherhost_dropped", 5)(&mut below.counters);
            facts.ports.known_mut().expect("known").push(below);
        },
    },
    Case {
        what: "an interface below is too small",
        signs_of: &[Cause::Vlan],
        rules: &["mtu"],
        make: |facts| tower(facts, |below| below.mtu = 1400),
    },
    Case {
        what: "a bridge snoops and nobody asks",
        signs_of: &[Cause::Multicast],
        rules: &["snooping"],
        make: |facts| {
            bridge(
                facts,
                Bridge {
                    snooping: true,
                    ..Bridge::default()
                },
            )
        },
    },
    Case {
        what: "a group failed",
        signs_of: &[Cause::Multicast],
        rules: &["multicast"],
        make: |facts| agent_of(facts).events.push(happened(1, 334_306, 60.0)),
    },
    Case {
        what: "a peer does not answer for its address",
        signs_of: &[Cause::Address],
        rules: &["neighbours"],
        make: |facts| facts.networks[0].peers[0].state = Some("failed".to_owned()),
    },
    Case {
        what: "two peers are one device",
        signs_of: &[Cause::Address],
        rules: &["address-conflict"],
        make: |facts| {
            facts.networks[0].peers[0].hardware = facts.networks[0].peers[1].hardware.clone()
        },
    },
    Case {
        what: "a strict rp_filter and another way out",
        signs_of: &[Cause::Settings],
        rules: &["way-out"],
        make: |facts| facts.networks[0].peers[0].way_out = Reading::Known("eth2".to_owned()),
    },
    Case {
        what: "a firewall drops the port",
        signs_of: &[Cause::Filter],
        rules: &["firewall"],
        make: |facts| {
            let place = "inet filter output rule 4".to_owned();
            let firewall = facts.firewall.known_mut().expect("known");
            firewall.counters.set(&place, 9, 3);
            firewall.drops.push(DropRule {
                place,
                names_port: true,
                counts: true,
            });
        },
    },
    Case {
        what: "a firewall accepts others only",
        signs_of: &[Cause::Filter],
        rules: &["firewall"],
        make: |facts| {
            let chain = Chain {
                place: "inet filter input".to_owned(),
                hook: "input".to_owned(),
                drops: true,
                accepts_port: false,
            };
            facts
                .firewall
                .known_mut()
                .expect("known")
                .chains
                .push(chain);
        },
    },
    Case {
        what: "another XDP program",
        signs_of: &[Cause::Filter],
        rules: &["other-programs"],
        make: |facts| eth1(facts).xdp_own = Reading::Known(Own::Foreign),
    },
    Case {
        what: "no room for connections",
        signs_of: &[Cause::Filter],
        rules: &["tracking"],
        make: |facts| facts.stack.tracked = Reading::Known((990, 1000)),
    },
    Case {
        what: "IPsec refuses",
        signs_of: &[Cause::Filter],
        rules: &["ipsec"],
        make: |facts| counter("XfrmInNoStates", 2)(facts.stack.ipsec.known_mut().expect("known")),
    },
];
