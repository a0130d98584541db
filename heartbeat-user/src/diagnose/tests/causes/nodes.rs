//! Nodes with trouble among them: agents, patterns of events, settings that do not fit.

use super::*;
use crate::diagnose::facts::PortSettings;

fn peer(facts: &mut Facts) -> &mut Settings {
    facts.peers[0].said.known_mut().expect("it answered")
}

fn peer_port(facts: &mut Facts) -> &mut PortSettings {
    peer(facts).ports.get_mut(&1).expect("it is on the network")
}

pub const CASES: &[Case] = &[
    Case {
        what: "the program is not attached",
        signs_of: &[Cause::Software],
        rules: &["agent"],
        make: |facts| {
            drop(
                agent_of(facts)
                    .problems
                    .insert(label("private"), "refused".to_owned()),
            )
        },
    },
    Case {
        what: "the agent is late",
        signs_of: &[Cause::Starvation],
        rules: &["agent-timing"],
        make: |facts| agent_of(facts).lateness_seconds = 1.5,
    },
    Case {
        what: "a key differs",
        signs_of: &[Cause::Settings],
        rules: &["refused"],
        make: |facts| counter("Private Network.tag", 5)(&mut agent_of(facts).refused),
    },
    Case {
        what: "sending is not permitted",
        signs_of: &[Cause::Filter],
        rules: &["sending"],
        make: |facts| {
            counter("node-b.Private Network.send_errors", 5)(&mut agent_of(facts).refused)
        },
    },
    Case {
        what: "a peer has another configuration",
        signs_of: &[Cause::Software],
        rules: &["peer-configuration"],
        make: |facts| agent_of(facts).config_differs.push("node-b".to_owned()),
    },
    Case {
        what: "one network loses and no other",
        signs_of: &[Cause::DeviceFailure, Cause::SwitchPort],
        rules: &["one-network"],
        make: |facts| losses(facts, "private", &[900.0, 500.0]),
    },
    Case {
        what: "a node falls silent on all networks",
        signs_of: &[Cause::NodeResource, Cause::Pause],
        rules: &["all-networks"],
        make: |facts| {
            losses(facts, "private", &[900.0]);
            losses(facts, "public", &[899.0]);
        },
    },
    Case {
        what: "an agent stalled",
        signs_of: &[Cause::AgentStalled],
        rules: &["stalled-agents"],
        make: |facts| agent_of(facts).events.push(happened(1, 334_301, 60.0)),
    },
    Case {
        what: "a loss each night",
        signs_of: &[Cause::ThirdParty, Cause::Pause],
        rules: &["periodic"],
        make: |facts| {
            let day = 86_400.0;
            losses(
                facts,
                "private",
                &[5.0 * day, 4.0 * day, 3.0 * day, 2.0 * day, day],
            );
        },
    },
    Case {
        what: "a peer's MTU differs",
        signs_of: &[Cause::Vlan, Cause::DeviceMismatch],
        rules: &["peer-mtu"],
        make: |facts| peer_port(facts).mtu = 9000,
    },
    Case {
        what: "a peer's port is set by hand",
        signs_of: &[Cause::DeviceMismatch],
        rules: &["peer-speeds"],
        make: |facts| peer_port(facts).automatic = Some(false),
    },
    Case {
        what: "a peer's driver differs",
        signs_of: &[Cause::DriversDiffer],
        rules: &["peer-drivers"],
        make: |facts| peer_port(facts).driver_version = "5.3.5.20".to_owned(),
    },
    Case {
        what: "a peer's device does less",
        signs_of: &[Cause::Offload],
        rules: &["peer-offloads"],
        make: |facts| peer_port(facts).offloads.clear(),
    },
    Case {
        what: "a peer is in a VLAN and we are not",
        signs_of: &[Cause::Vlan],
        rules: &["peer-vlans"],
        make: |facts| peer_port(facts).vlan = Some(12),
    },
    Case {
        what: "a peer's kernel differs",
        signs_of: &[Cause::Software],
        rules: &["peer-releases"],
        make: |facts| peer(facts).kernel = "5.10.0-28-amd64".to_owned(),
    },
    Case {
        what: "a peer's clock is nobody's",
        signs_of: &[Cause::Clock],
        rules: &["peer-clocks"],
        make: |facts| peer(facts).synchronised = Some(false),
    },
    Case {
        what: "corosync complains too",
        signs_of: &[Cause::DeviceFailure],
        rules: &["corosync"],
        make: |facts| {
            facts
                .corosync
                .known_mut()
                .expect("known")
                .push("nodeid:  2: disconnected".to_owned())
        },
    },
];
