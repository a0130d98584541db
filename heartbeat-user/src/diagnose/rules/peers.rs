//! Rules on two ends that do not fit together.
//!
//! Each end may be well set by itself. The awkward case is what two hosts may well differ in: a driver's name says
//! something only among devices of one kind, so differences of drivers are hints, and a smaller MTU is a cause.

use super::Rule;
use super::cause::Cause;
use super::each;
use crate::diagnose::facts::{Facts, NetworkFacts, PortSettings, Settings};
use crate::diagnose::finding::Finding;
use crate::diagnose::reading::Reading;

pub const RULES: &[Rule] = &[
    Rule {
        id: "peer-answers",
        covers: &[],
        judge: answers,
    },
    Rule {
        id: "peer-mtu",
        covers: &[Cause::Vlan, Cause::DeviceMismatch],
        judge: mtu,
    },
    Rule {
        id: "peer-speeds",
        covers: &[Cause::DeviceMismatch],
        judge: speeds,
    },
    Rule {
        id: "peer-drivers",
        covers: &[Cause::DriversDiffer],
        judge: drivers,
    },
    Rule {
        id: "peer-offloads",
        covers: &[Cause::Offload],
        judge: offloads,
    },
    Rule {
        id: "peer-vlans",
        covers: &[Cause::Vlan, Cause::Teaming],
        judge: vlans,
    },
    Rule {
        id: "peer-releases",
        covers: &[Cause::Software],
        judge: releases,
    },
    Rule {
        id: "peer-clocks",
        covers: &[Cause::Clock],
        judge: clocks,
    },
];

const NOBODY: &str = "no peer was asked (`--peer` or `--network` asks)";

/// Judges each peer that answered. One that did not is told of once, by the first rule.
fn each_peer(
    facts: &Facts,
    fine: &str,
    judge: impl Fn(&str, &Settings) -> Vec<Finding>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut answered = false;
    for asked in &facts.peers {
        if let Reading::Known(said) = &asked.said {
            answered = true;
            let judged = judge(&asked.peer, said).into_iter();
            findings.extend(judged.map(|finding| finding.peer(&asked.peer)));
        }
    }
    if answered {
        each::or_fine(findings, fine)
    } else {
        vec![Finding::absent(NOBODY)]
    }
}

/// Judges both ends of each network.
fn each_end(
    facts: &Facts,
    fine: &str,
    judge: impl Fn(&str, &PortSettings, &PortSettings) -> Option<Finding>,
) -> Vec<Finding> {
    each_peer(facts, fine, |peer, said| {
        let both = |network: &NetworkFacts| {
            let (ours, theirs) = (
                facts.own.ports.get(&network.id)?,
                said.ports.get(&network.id)?,
            );
            Some(judge(peer, ours, theirs)?.network(&network.label))
        };
        facts.networks.iter().filter_map(both).collect()
    })
}

fn answers(facts: &Facts) -> Vec<Finding> {
    if facts.peers.is_empty() {
        return vec![Finding::absent(NOBODY)];
    }
    let silent = facts.peers.iter().filter_map(|asked| {
        let finding = match &asked.said {
            Reading::Known(_) => return None,
            Reading::Unreadable(why) => Finding::unreadable(format!("{}: {why}", asked.peer)),
            Reading::Absent(why) => Finding::absent(why),
        };
        Some(finding.peer(&asked.peer))
    });
    each::or_fine(silent.collect(), "peers say how they are set up")
}

fn mtu(facts: &Facts) -> Vec<Finding> {
    each_end(facts, "peers have our MTU", |peer, ours, theirs| {
        (ours.mtu != theirs.mtu).then(|| {
            Finding::cause(format!(
                "{} has MTU {}, {} of {peer} has {}",
                ours.name, ours.mtu, theirs.name, theirs.mtu
            ))
            .advise("set the same MTU on all nodes, and on the switches one as large")
        })
    })
}

fn speeds(facts: &Facts) -> Vec<Finding> {
    each_end(facts, "both ends run alike", |peer, ours, theirs| {
        let words = |port: &PortSettings| {
            let speed = port
                .speed
                .map_or_else(|| "? Mbit/s".to_owned(), |speed| format!("{speed} Mbit/s"));
            let duplex = if port.full_duplex == Some(false) {
                ", half duplex"
            } else {
                ""
            };
            let automatic = if port.automatic == Some(false) {
                ", not negotiated"
            } else {
                ""
            };
            format!("{speed}{duplex}{automatic}")
        };
        let duplex = differ(ours.full_duplex, theirs.full_duplex);
        let automatic = differ(ours.automatic, theirs.automatic);
        let speed = differ(ours.speed, theirs.speed);
        (duplex || automatic || speed).then(|| {
            let line = format!(
                "{} runs at {}, {} of {peer} at {}",
                ours.name,
                words(ours),
                theirs.name,
                words(theirs)
            );
            let finding = if duplex || automatic {
                Finding::cause(line)
            } else {
                Finding::hint(line)
            };
            finding.advise("set all nodes and their switch ports alike, best to negotiate")
        })
    })
}

/// Whether both are known and not the same.
fn differ<T: PartialEq>(ours: Option<T>, theirs: Option<T>) -> bool {
    ours.is_some() && theirs.is_some() && ours != theirs
}

fn drivers(facts: &Facts) -> Vec<Finding> {
    each_end(facts, "peers have our drivers", |peer, ours, theirs| {
        let words = |port: &PortSettings| {
            let parts = [&port.driver, &port.driver_version, &port.firmware];
            parts
                .into_iter()
                .filter(|part| !part.is_empty())
                .cloned()
                .collect::<Vec<_>>()
                .join(" ")
        };
        let (here, there) = (words(ours), words(theirs));
        (here != there).then(|| {
            Finding::hint(format!(
                "{} has driver {here}, {} of {peer} has {there}",
                ours.name, theirs.name
            ))
            .advise("bring drivers and firmware of all nodes to the same, newest versions")
        })
    })
}

fn offloads(facts: &Facts) -> Vec<Finding> {
    each_end(
        facts,
        "devices do the same for the stack",
        |peer, ours, theirs| {
            let only = |some: &PortSettings, other: &PortSettings| -> Vec<String> {
                some.offloads
                    .iter()
                    .filter(|name| !other.offloads.contains(name))
                    .cloned()
                    .collect()
            };
            let (here, there) = (only(ours, theirs), only(theirs, ours));
            // Other devices can do other things.
            let alike = ours.driver == theirs.driver;
            (alike && (!here.is_empty() || !there.is_empty())).then(|| {
                let list = [here, there].concat().join(", ");
                Finding::hint(format!(
                    "{} and {} of {peer} differ in what the device does: {list}",
                    ours.name, theirs.name
                ))
                .advise("set them alike on all nodes (`ethtool -K`)")
            })
        },
    )
}

fn vlans(facts: &Facts) -> Vec<Finding> {
    each_end(
        facts,
        "peers are attached as we are",
        |peer, ours, theirs| {
            let words = |port: &PortSettings| {
                let vlan = port
                    .vlan
                    .map_or_else(|| "no VLAN id".to_owned(), |id| format!("VLAN {id}"));
                if port.team {
                    format!("{vlan} on a bond")
                } else {
                    vlan
                }
            };
            let (here, there) = (words(ours), words(theirs));
            (here != there).then(|| {
                Finding::hint(format!(
                    "{} has {here}, {} of {peer} has {there}",
                    ours.name, theirs.name
                ))
                .advise("right only if the switches translate: compare both ports' settings there")
            })
        },
    )
}

fn releases(facts: &Facts) -> Vec<Finding> {
    each_peer(facts, "peers run the same software", |peer, said| {
        let own = &facts.own;
        let pairs = [
            ("kernel", &own.kernel, &said.kernel),
            ("agent", &own.agent, &said.agent),
            ("configuration", &own.config_digest, &said.config_digest),
        ];
        let known = pairs
            .into_iter()
            .filter(|(_, ours, theirs)| !ours.is_empty() && !theirs.is_empty());
        let differing = known.filter(|(_, ours, theirs)| ours != theirs);
        let finding = |(what, ours, theirs): (&str, &String, &String)| {
            Finding::hint(format!("{what} here is {ours}, on {peer} {theirs}"))
                .advise("bring all nodes to the same; a rolling upgrade is no trouble")
        };
        differing.map(finding).collect()
    })
}

fn clocks(facts: &Facts) -> Vec<Finding> {
    each_peer(facts, "peers' wall clocks are disciplined", |peer, said| {
        let alone = facts.own.synchronised == Some(true) && said.synchronised == Some(false);
        each::when(alone, || {
            Finding::hint(format!("nothing disciplines the wall clock of {peer}"))
                .advise("run chrony or the like there")
        })
    })
}
