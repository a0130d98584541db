//! Rules on how this host reaches its peers' addresses.

use super::Rule;
use super::cause::Cause;
use super::each;
use crate::diagnose::facts::{Facts, Neighbour, NetworkFacts, Port};
use crate::diagnose::finding::Finding;
use crate::diagnose::reading::Reading;

pub const RULES: &[Rule] = &[
    Rule {
        id: "neighbours",
        covers: &[Cause::Address, Cause::SwitchPort],
        judge: neighbours,
    },
    Rule {
        id: "address-conflict",
        covers: &[Cause::Address],
        judge: conflict,
    },
    Rule {
        id: "way-out",
        covers: &[Cause::Settings, Cause::Address],
        judge: way_out,
    },
];

/// Judges each peer on each network whose interface is here.
fn each_neighbour(
    facts: &Facts,
    fine: &str,
    judge: impl Fn(&NetworkFacts, &Port, &Neighbour) -> Option<Finding>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (network, port) in facts.attached() {
        for peer in &network.peers {
            let finding = judge(network, port, peer);
            findings
                .extend(finding.map(|finding| finding.network(&network.label).peer(&peer.peer)));
        }
    }
    each::or_fine(findings, fine)
}

fn neighbours(facts: &Facts) -> Vec<Finding> {
    each_neighbour(
        facts,
        "every peer answers for its address",
        |_, port, peer| {
            let state = peer.state.as_deref()?;
            let silent = matches!(state, "failed" | "incomplete") && port.carrier;
            silent.then(|| {
                Finding::cause(format!(
                    "{} ({}) does not answer for its address",
                    peer.address, peer.peer
                ))
                .advise(
                    "it is off, not on this network, or a filter drops ARP or neighbour discovery",
                )
            })
        },
    )
}

fn conflict(facts: &Facts) -> Vec<Finding> {
    each_neighbour(
        facts,
        "every peer has a device of its own",
        |network, port, peer| {
            let hardware = peer
                .hardware
                .as_ref()
                .filter(|hardware| !hardware.is_empty())?;
            let before = network
                .peers
                .iter()
                .take_while(|before| before.peer != peer.peer);
            let other = before
                .into_iter()
                .find(|before| before.hardware.as_ref() == Some(hardware));
            let ours = (port.hardware == *hardware).then_some(&facts.node);
            let other = other.map(|other| &other.peer).or(ours)?;
            let line = format!(
                "{} and {other} answer from one device, {hardware}",
                peer.peer
            );
            Some(
                Finding::cause(line)
                    .advise("somebody answers for both: a copied virtual machine, or proxy ARP"),
            )
        },
    )
}

fn way_out(facts: &Facts) -> Vec<Finding> {
    let counters = facts.stack.protocols.known();
    let filtered = counters.map(|counters| counters.get("TcpExt.IPReversePathFilter"));
    let lately = filtered.is_some_and(|filtered| 0 < filtered.lately);
    each_neighbour(
        facts,
        "every peer is reached by its own network",
        |network, port, peer| {
            let expected = &port.name;
            let taken = match &peer.way_out {
                Reading::Known(taken) if taken == expected => return None,
                Reading::Known(taken) => taken,
                Reading::Unreadable(why) => return Some(Finding::hint(why)),
                Reading::Absent(_) => return None,
            };
            let line = format!("{} is reached by {taken} instead of {expected}", peer.peer);
            if port.reverse_path == Some(1) {
                let line = format!("{line}, whose rp_filter is strict");
                let advice = format!(
                    "mend the way to {}, or set rp_filter of {expected} to 2",
                    peer.address
                );
                return Some(
                    Finding {
                        lately,
                        ..Finding::cause(line)
                    }
                    .advise(advice),
                );
            }
            let advice = format!(
                "look at `ip route get {} from {}`",
                peer.address, network.address
            );
            Some(Finding::hint(line).advise(advice))
        },
    )
}
