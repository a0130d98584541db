//! Rules on what comes out of the cable: address, carrier, speed, and frames that are broken.

use super::Rule;
use super::cause::Cause;
use super::each;
use crate::diagnose::facts::{Facts, Negotiation, Port};
use crate::diagnose::finding::Finding;

pub const RULES: &[Rule] = &[
    Rule {
        id: "addresses",
        covers: &[Cause::Address],
        judge: addresses,
    },
    Rule {
        id: "carrier",
        covers: &[Cause::DeviceFailure, Cause::SwitchPort],
        judge: carrier,
    },
    Rule {
        id: "carrier-changes",
        covers: &[Cause::SwitchPort, Cause::DeviceFailure],
        judge: carrier_changes,
    },
    Rule {
        id: "duplex",
        covers: &[Cause::DeviceMismatch],
        judge: duplex,
    },
    Rule {
        id: "autonegotiation",
        covers: &[Cause::DeviceMismatch],
        judge: autonegotiation,
    },
    Rule {
        id: "frame-errors",
        covers: &[
            Cause::DeviceMismatch,
            Cause::DeviceFailure,
            Cause::SwitchPort,
        ],
        judge: frame_errors,
    },
];

fn addresses(facts: &Facts) -> Vec<Finding> {
    let missing = facts
        .networks
        .iter()
        .filter(|network| network.interface.is_none());
    let missing = missing.map(|network| {
        Finding::cause(format!("no interface of this host has {}", network.address))
            .network(&network.label)
            .advise("add the address to an interface, or mend the configuration")
    });
    let unusable = facts.all_ports().iter().flat_map(|port| {
        port.unusable
            .iter()
            .map(|(address, why)| match why.as_str() {
                "dadfailed" => {
                    Finding::cause(format!("{address} is not used: another host has it"))
                        .on(port)
                        .advise("find the other owner of the address")
                }
                _ => Finding::hint(format!("{address} is not used yet: {why}"))
                    .on(port)
                    .advise("wait for duplicate address detection, or look why it does not end"),
            })
    });
    each::or_fine(
        missing.chain(unusable).collect(),
        "every address is on an interface",
    )
}

fn carrier(facts: &Facts) -> Vec<Finding> {
    each::port(facts, "every interface is up", |port| {
        let name = &port.name;
        let (line, advice) = match (port.set_up, port.carrier) {
            (true, true) => return Vec::new(),
            (false, _) => (
                format!("{name} is set down"),
                format!("`ip link set {name} up`"),
            ),
            (true, false) => (
                format!("{name} has no carrier"),
                "check the cable, its other end, and the switch port".to_owned(),
            ),
        };
        vec![Finding::cause(line).on(port).advise(advice)]
    })
}

fn carrier_changes(facts: &Facts) -> Vec<Finding> {
    /// Carriers lost since the interface exists, from which on it is worth a look.
    const MANY: u64 = 10;
    each::port(facts, "no carrier comes and goes", |port| {
        let down = port.counters.get("carrier_down");
        each::when(0 < down.lately || MANY <= down.total, || {
            each::grown(port, "lost its carrier", down)
                .advise("try another cable and another switch port")
        })
    })
}

fn duplex(facts: &Facts) -> Vec<Finding> {
    let words = ("all full duplex", "no interface tells its duplex");
    let known = |port: &Port| port.negotiation.known()?.full_duplex;
    each::port_with(facts, words, known, |port, full| {
        each::when(!full, || {
            Finding::cause(format!("{} runs at half duplex", port.name))
                .on(port)
                .advise("let both ends negotiate, or set both to the same speed and full duplex")
        })
    })
}

fn autonegotiation(facts: &Facts) -> Vec<Finding> {
    let words = ("both ends negotiate", "no interface can negotiate");
    let able = |port: &Port| -> Option<Negotiation> {
        port.negotiation
            .known()
            .filter(|known| known.can_be_automatic)
            .cloned()
    };
    each::port_with(facts, words, able, |port, known| {
        let name = &port.name;
        let finding = match (known.automatic, known.partner_automatic) {
            (true, Some(false)) => {
                Finding::cause(format!("{name} negotiates and its other end does not"))
            }
            (false, Some(true)) => {
                Finding::cause(format!("{name} does not negotiate and its other end does"))
            }
            (false, Some(false) | None) => Finding::hint(format!(
                "{name} does not negotiate: right only if its other end does not either"
            )),
            (true, Some(true) | None) => return Vec::new(),
        };
        vec![finding.on(port).advise(format!(
            "let both ends negotiate (`ethtool -s {name} autoneg on`)"
        ))]
    })
}

fn frame_errors(facts: &Facts) -> Vec<Finding> {
    each::port(facts, "no broken frames", |port| {
        let broken = port
            .counters
            .sum(&["rx_crc_errors", "rx_frame_errors", "rx_length_errors"]);
        let collisions = port.counters.get("collisions");
        let mut findings = each::when(0 < broken.total, || {
            each::grown(port, "got broken frames", broken)
                .advise("try another cable; if it is full duplex here, look for half duplex at its other end")
        });
        findings.extend(each::when(0 < collisions.total, || {
            each::grown(port, "had collisions", collisions)
                .advise("one end runs at half duplex: let both ends negotiate")
        }));
        findings
    })
}
