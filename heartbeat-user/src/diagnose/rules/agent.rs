//! Rules on the agent itself: does it answer, is it in time, is it understood.

use super::Rule;
use super::cause::Cause;
use super::each;
use crate::diagnose::facts::{AgentFacts, Facts};
use crate::diagnose::finding::Finding;
use crate::diagnose::reading::Counter;

pub const RULES: &[Rule] = &[
    Rule {
        id: "agent",
        covers: &[Cause::AgentStalled, Cause::Software],
        judge: agent,
    },
    Rule {
        id: "agent-timing",
        covers: &[Cause::Starvation],
        judge: timing,
    },
    Rule {
        id: "refused",
        covers: &[Cause::Software, Cause::Settings],
        judge: refused,
    },
    Rule {
        id: "sending",
        covers: &[Cause::Filter, Cause::Address],
        judge: sending,
    },
    Rule {
        id: "peer-configuration",
        covers: &[Cause::Software, Cause::Settings],
        judge: configuration,
    },
];

const SEND_ERRORS: &str = ".send_errors";

fn agent(facts: &Facts) -> Vec<Finding> {
    each::reading(
        &facts.agent,
        "the agent answers and watches every network",
        |agent| {
            let problems = agent.problems.iter().map(|(network, problem)| {
                Finding::cause(format!(
                    "the XDP program is not at work on {network}: {problem}"
                ))
                .network(network)
                .advise("`heartbeat check` says what it needs")
            });
            let refused = each::when(!agent.reload_successful, || {
                Finding::hint("the agent refused its newest configuration")
                    .advise("`heartbeat check`, then `heartbeat reload`")
            });
            problems.chain(refused).collect()
        },
    )
}

fn timing(facts: &Facts) -> Vec<Finding> {
    /// Lateness from which on the verdicts of a fast network wait, in seconds.
    const LATE: f64 = 0.1;
    each::agent(facts, "the agent is in time", |agent| {
        let mut findings = each::when(agent.scheduling.iter().any(|how| how == "normal"), || {
            Finding::hint("the agent runs at normal priority: under load it is late")
                .advise("give it CAP_SYS_NICE, as its unit does")
        });
        findings.extend(each::when(LATE <= agent.lateness_seconds, || {
            let late = agent.lateness_seconds;
            Finding::hint(format!(
                "the agent was up to {late:.2} s late within the last minute"
            ))
            .advise("look what kept its CPU from it: pressure, steal, interrupts")
        }));
        findings
    })
}

/// The counters that moved and for whose names this holds.
fn moving(agent: &AgentFacts, wanted: impl Fn(&str) -> bool) -> Vec<(&str, Counter)> {
    let mut moving = agent.refused.named(wanted);
    moving.retain(|(_, counter)| 0 < counter.lately);
    moving
}

fn refused(facts: &Facts) -> Vec<Finding> {
    each::agent(facts, "no heartbeat is refused", |agent| {
        let moving = moving(agent, |name| !name.ends_with(SEND_ERRORS));
        let finding = |(name, counter): (&str, Counter)| {
            let (network, verdict) = name.rsplit_once('.').unwrap_or(("", name));
            let lately = counter.lately;
            let line =
                format!("{lately} frames on {network} were refused while we looked: {verdict}");
            Finding::by_growth(lately, line)
                .network(network)
                .advise(remedy(verdict))
        };
        moving.into_iter().map(finding).collect()
    })
}

/// What to do about a verdict on frames.
fn remedy(verdict: &str) -> &'static str {
    match verdict {
        "tag" | "key" | "authentication" => "compare the key files of the nodes",
        "cluster" => "another cluster is on this network: give it another network, or another name",
        "version" | "length" => "a node runs another release: bring all to the same",
        _ => "compare the configurations of the nodes",
    }
}

fn sending(facts: &Facts) -> Vec<Finding> {
    each::agent(facts, "every heartbeat can be sent", |agent| {
        let moving = moving(agent, |name| name.ends_with(SEND_ERRORS));
        let finding = |(name, counter): (&str, Counter)| {
            let path = name.strip_suffix(SEND_ERRORS).unwrap_or(name);
            let (peer, network) = ends(agent, path);
            let lately = counter.lately;
            let line =
                format!("this host refused to send {lately} heartbeats to {peer} while we looked");
            Finding::by_growth(lately, line)
                .network(network)
                .peer(peer)
                .advise("`heartbeat status` has the kernel's reason; \"not permitted\" is a filter")
        };
        moving.into_iter().map(finding).collect()
    })
}

/// Peer and network of a path's name; names of peers may have dots.
fn ends<'a>(agent: &'a AgentFacts, path: &'a str) -> (&'a str, &'a str) {
    let split = |peer: &'a String| {
        Some((
            peer.as_str(),
            path.strip_prefix(peer.as_str())?.strip_prefix('.')?,
        ))
    };
    agent.paths.keys().find_map(split).unwrap_or((path, ""))
}

fn configuration(facts: &Facts) -> Vec<Finding> {
    each::agent(facts, "the nodes run one configuration", |agent| {
        let finding = |peer: &String| {
            Finding::hint(format!("{peer} runs another configuration"))
                .peer(peer)
                .advise("copy the file to all nodes, then `heartbeat reload` on each")
        };
        agent.config_differs.iter().map(finding).collect()
    })
}
