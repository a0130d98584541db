//! Judging many of a kind: a suspicion for each that is odd, one line where none is.

use crate::diagnose::facts::{AgentFacts, Facts, Port};
use crate::diagnose::finding::Finding;
use crate::diagnose::reading::{Counter, Reading};

/// Judges what was read; what was not is said as it is.
pub fn reading<T>(
    reading: &Reading<T>,
    fine: &str,
    judge: impl FnOnce(&T) -> Vec<Finding>,
) -> Vec<Finding> {
    match reading {
        Reading::Known(value) => or_fine(judge(value), fine),
        Reading::Unreadable(why) => vec![Finding::unreadable(why)],
        Reading::Absent(why) => vec![Finding::absent(why)],
    }
}

/// Judges each interface.
pub fn port(facts: &Facts, fine: &str, judge: impl Fn(&Port) -> Vec<Finding>) -> Vec<Finding> {
    reading(&facts.ports, fine, |ports| {
        ports.iter().flat_map(judge).collect()
    })
}

/// Judges what some interfaces have; `absent` is said where none has it.
pub fn port_with<T>(
    facts: &Facts,
    (fine, absent): (&str, &str),
    get: impl Fn(&Port) -> Option<T>,
    judge: impl Fn(&Port, T) -> Vec<Finding>,
) -> Vec<Finding> {
    if facts.ports.known().is_some() && facts.all_ports().iter().all(|port| get(port).is_none()) {
        return vec![Finding::absent(absent)];
    }
    port(facts, fine, |port| {
        get(port).map_or_else(Vec::new, |value| judge(port, value))
    })
}

/// Judges what the agent says. That it says nothing is said once, by the rule that asks whether it answers.
pub fn agent(
    facts: &Facts,
    fine: &str,
    judge: impl FnOnce(&AgentFacts) -> Vec<Finding>,
) -> Vec<Finding> {
    match &facts.agent {
        Reading::Known(agent) => or_fine(judge(agent), fine),
        Reading::Unreadable(_) | Reading::Absent(_) => {
            vec![Finding::absent("no agent tells of it")]
        }
    }
}

/// The findings, or one that says that all is well.
pub fn or_fine(findings: Vec<Finding>, fine: &str) -> Vec<Finding> {
    if findings.is_empty() {
        vec![Finding::fine(fine)]
    } else {
        findings
    }
}

/// The finding where it holds.
pub fn when(holds: bool, finding: impl FnOnce() -> Finding) -> Vec<Finding> {
    if holds { vec![finding()] } else { Vec::new() }
}

/// A count in words: what grew while we looked, or what is known since boot.
pub fn told(lately: u64, total: u64) -> String {
    match lately {
        0 => format!("{total} before we looked"),
        lately => format!("{lately} while we looked, {total} in all"),
    }
}

/// A count of an interface that has grown: suspected of what goes on if it grew while we looked.
pub fn grown(port: &Port, what: &str, count: Counter) -> Finding {
    let line = format!("{} {what}: {}", port.name, told(count.lately, count.total));
    Finding::by_growth(count.lately, line).on(port)
}
