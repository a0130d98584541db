//! Rules on what has happened: the pattern of events says where to look before any counter does.
//!
//! The awkward case is a loss that was announced: whoever restarts a node causes the same events as a broken cable.
//! What lies within a minute of an announced end, or under maintenance, accuses nobody.

use std::collections::BTreeSet;

use super::Rule;
use super::cause::Cause;
use super::each;
use super::log::ago;
use crate::diagnose::facts::{AgentFacts, Facts, Happening};
use crate::diagnose::finding::Finding;

pub const RULES: &[Rule] = &[
    Rule {
        id: "one-network",
        covers: &[
            Cause::DeviceFailure,
            Cause::SwitchPort,
            Cause::DeviceMismatch,
        ],
        judge: one_network,
    },
    Rule {
        id: "all-networks",
        covers: &[Cause::NodeResource, Cause::Pause, Cause::DeviceFailure],
        judge: all_networks,
    },
    Rule {
        id: "spanning-tree-delay",
        covers: &[Cause::SpanningTree],
        judge: spanning_tree_delay,
    },
    Rule {
        id: "multicast",
        covers: &[Cause::Multicast],
        judge: multicast,
    },
    Rule {
        id: "stalled-agents",
        covers: &[Cause::AgentStalled, Cause::Starvation],
        judge: stalled,
    },
    Rule {
        id: "periodic",
        covers: &[Cause::ThirdParty, Cause::Pause],
        judge: periodic,
    },
    Rule {
        id: "announced",
        covers: &[Cause::Planned],
        judge: announced,
    },
];

/// How far back events matter, in seconds.
pub const LATELY: f64 = 3600.0;
/// Losses this far apart are of one moment, in seconds.
const MOMENT: f64 = 5.0;
/// What an announced end explains, in seconds before and after.
const ANNOUNCED: f64 = 60.0;

/// Losses of the last hour that nobody announced, oldest first.
pub fn losses<'a>(facts: &Facts, agent: &'a AgentFacts) -> Vec<&'a Happening> {
    let since = facts.at_unix_seconds - LATELY;
    let said: Vec<&Happening> = agent
        .events
        .iter()
        .filter(|event| matches!(event.id, 334_303 | 334_304))
        .collect();
    let unexpected = |event: &&Happening| {
        let explained = said.iter().any(|said| {
            said.peer == event.peer
                && (said.at_unix_seconds - event.at_unix_seconds).abs() < ANNOUNCED
        });
        since <= event.at_unix_seconds && event.is_loss() && !explained
    };
    agent.events.iter().filter(unexpected).collect()
}

fn paths_lost<'a>(facts: &Facts, agent: &'a AgentFacts) -> Vec<&'a Happening> {
    let mut losses = losses(facts, agent);
    losses.retain(|event| event.id == 1123);
    losses
}

fn moments(events: &[&Happening]) -> Vec<f64> {
    events.iter().map(|event| event.at_unix_seconds).collect()
}

fn one_network(facts: &Facts) -> Vec<Finding> {
    each::agent(facts, "no network loses more than others", |agent| {
        let lost = paths_lost(facts, agent);
        let networks: BTreeSet<&str> = lost
            .iter()
            .filter_map(|event| event.network.as_deref())
            .collect();
        let only = networks
            .first()
            .filter(|_| networks.len() == 1 && 1 < facts.networks.len() && 1 < lost.len());
        let finding = only.map(|network| {
            Finding::hint(format!(
                "all {} losses of the last hour were on {network}",
                lost.len()
            ))
            .network(network)
            .at(moments(&lost))
            .advise("look at what only this network has: adaptor, cable, switch port, VLAN")
        });
        finding.into_iter().collect()
    })
}

fn all_networks(facts: &Facts) -> Vec<Finding> {
    each::agent(facts, "networks were not lost at one moment", |agent| {
        let lost = paths_lost(facts, agent);
        let together = |event: &&&Happening| {
            let near = lost.iter().filter(|other| {
                other.peer == event.peer
                    && (other.at_unix_seconds - event.at_unix_seconds).abs() <= MOMENT
            });
            let networks: BTreeSet<_> = near.filter_map(|other| other.network.as_deref()).collect();
            1 < networks.len()
        };
        let found: Vec<&Happening> = lost.iter().filter(together).copied().collect();
        let peers: BTreeSet<&str> = found
            .iter()
            .filter_map(|event| event.peer.as_deref())
            .collect();
        each::when(!peers.is_empty(), || {
            let others = agent.paths.len();
            let (who, where_to) = if 1 < others && peers.len() == others {
                ("every peer".to_owned(), "this node")
            } else {
                (
                    peers.into_iter().collect::<Vec<_>>().join(", "),
                    "that node",
                )
            };
            Finding::hint(format!(
                "{who} fell silent on several networks at one moment"
            ))
            .at(moments(&found))
            .advise(format!(
                "it is hardly a network: look at {where_to}, its CPUs, its hypervisor, its power"
            ))
        })
    })
}

fn spanning_tree_delay(facts: &Facts) -> Vec<Finding> {
    /// What listening and learning take on a switch of default settings, in seconds, and some.
    const WAITED: std::ops::Range<f64> = 25.0..60.0;
    each::agent(facts, "no outage looks like a port that learned", |agent| {
        let since = facts.at_unix_seconds - LATELY;
        let ended = agent
            .events
            .iter()
            .filter(|event| event.id == 1122 && since <= event.at_unix_seconds);
        let long = ended.filter(|event| {
            event
                .outage_seconds
                .is_some_and(|outage| WAITED.contains(&outage))
        });
        let after_carrier: Vec<&Happening> =
            long.filter(|event| follows_carrier(agent, event)).collect();
        let finding = after_carrier.last().map(|newest| {
            let outage = newest.outage_seconds.unwrap_or_default();
            let finding = Finding::cause(format!(
                "after this host's cable came back it took {outage:.0} s until heartbeats came"
            ));
            let finding = finding.at(moments(&after_carrier));
            let finding = newest
                .network
                .iter()
                .fold(finding, |finding, network| finding.network(network));
            finding.advise("the switch port listens and learns: make it an edge port, or use RSTP")
        });
        finding.into_iter().collect()
    })
}

/// Whether this node's own interface failed during the outage that the event ended.
fn follows_carrier(agent: &AgentFacts, ended: &Happening) -> bool {
    let begun = ended.at_unix_seconds - ended.outage_seconds.unwrap_or_default() - MOMENT;
    agent.events.iter().any(|event| {
        event.id == 1124
            && event.network == ended.network
            && (begun..=ended.at_unix_seconds).contains(&event.at_unix_seconds)
    })
}

/// The events of this number within the last hour.
fn recent<'a>(facts: &Facts, agent: &'a AgentFacts, id: u32) -> Vec<&'a Happening> {
    let since = facts.at_unix_seconds - LATELY;
    let events = agent
        .events
        .iter()
        .filter(|event| event.id == id && since <= event.at_unix_seconds);
    events.collect()
}

fn multicast(facts: &Facts) -> Vec<Finding> {
    each::agent(facts, "no group failed", |agent| {
        let failed = recent(facts, agent, 334_306);
        let finding = failed.last().map(|newest| {
            let network = newest.network.as_deref().unwrap_or("a network");
            let ago = ago(facts.at_unix_seconds - newest.at_unix_seconds);
            Finding::cause(format!(
                "{ago} ago the group of {network} failed and unicast did not"
            ))
            .network(network)
            .at(moments(&failed))
            .advise("look for a switch that snoops without a querier, or set multicast = \"off\"")
        });
        finding.into_iter().collect()
    })
}

fn stalled(facts: &Facts) -> Vec<Finding> {
    each::agent(facts, "no agent stalled", |agent| {
        let stalled = recent(facts, agent, 334_301);
        let own = recent(facts, agent, 334_309);
        let mut findings: Vec<Finding> = stalled
            .last()
            .map(|newest| {
                let peer = newest.peer.as_deref().unwrap_or("a peer");
                let ago = ago(facts.at_unix_seconds - newest.at_unix_seconds);
                Finding::cause(format!(
                    "{ago} ago the agent of {peer} stalled while its host answered"
                ))
                .peer(peer)
                .at(moments(&stalled))
                .advise(format!(
                    "look on {peer} what kept its agent from a CPU (`heartbeat diagnose` there)"
                ))
            })
            .into_iter()
            .collect();
        findings.extend(own.last().map(|newest| {
            let ago = ago(facts.at_unix_seconds - newest.at_unix_seconds);
            Finding::hint(format!("{ago} ago this node was too late to judge by"))
                .at(moments(&own))
                .advise("look what kept its CPU from it: pressure, steal, interrupts")
        }));
        findings
    })
}

fn periodic(facts: &Facts) -> Vec<Finding> {
    /// Losses of one moment, so many of them, make a rhythm.
    const LEAST: usize = 4;
    each::agent(facts, "losses have no rhythm", |agent| {
        let mut beats: Vec<f64> = Vec::new();
        for at in agent
            .events
            .iter()
            .filter(|event| event.id == 1123)
            .map(|event| event.at_unix_seconds)
        {
            if beats.last().is_none_or(|last| MOMENT < at - last) {
                beats.push(at);
            }
        }
        let beats = &beats[beats.len().saturating_sub(2 * LEAST)..];
        let gaps: Vec<f64> = beats.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len().max(1) as f64;
        let even = gaps.iter().all(|gap| (gap - mean).abs() <= mean / 20.0);
        each::when(LEAST <= beats.len() && even && 60.0 <= mean, || {
            Finding::hint(format!(
                "the last {} losses came every {}",
                beats.len(),
                ago(mean)
            ))
            .at(beats.to_vec())
            .advise("what runs at these times: a backup, a snapshot, a renewal of policies?")
        })
    })
}

fn announced(facts: &Facts) -> Vec<Finding> {
    each::agent(facts, "no loss was announced", |agent| {
        let said = [334_303, 334_304].map(|id| recent(facts, agent, id).len());
        let count: usize = said.iter().sum();
        let lost = agent.events.iter().filter(|event| {
            event.id == 1123 && facts.at_unix_seconds - event.at_unix_seconds <= LATELY
        });
        let explained = lost.count().saturating_sub(paths_lost(facts, agent).len());
        each::when(0 < explained, || {
            // What was announced is no trouble: it is said, and accuses nobody.
            Finding::fine(format!(
                "{explained} losses of the last hour were announced or under maintenance ({count} announcements)"
            ))
        })
    })
}
