//! Rules on clocks: what time is read from, who sets it, and whether the machine stood still.

use super::Rule;
use super::cause::Cause;
use super::each;
use crate::diagnose::facts::Facts;
use crate::diagnose::finding::Finding;
use crate::diagnose::programs::CLOCK_SETTERS;

pub const RULES: &[Rule] = &[
    Rule {
        id: "clock-source",
        covers: &[Cause::Clock],
        judge: clock_source,
    },
    Rule {
        id: "time-synchronisation",
        covers: &[Cause::Clock],
        judge: synchronisation,
    },
    Rule {
        id: "time-step",
        covers: &[Cause::Clock],
        judge: time_step,
    },
    Rule {
        id: "suspended",
        covers: &[Cause::Pause],
        judge: suspended,
    },
];

/// Sources that are slow, or that the kernel takes only when it trusts nothing else.
const POOR: [&str; 4] = ["hpet", "acpi_pm", "refined-jiffies", "jiffies"];

fn clock_source(facts: &Facts) -> Vec<Finding> {
    each::reading(
        &facts.clocks.source,
        "time is read from a good clock",
        |source| {
            each::when(POOR.contains(&source.as_str()), || {
                let trusted = facts.clocks.sources.iter().any(|source| source == "tsc");
                let why = if trusted {
                    ""
                } else {
                    ": the processor's is not trusted"
                };
                Finding::hint(format!("time is read from {source}{why}")).advise(
                    "look for \"clocksource\" in the kernel's log; update firmware or hypervisor",
                )
            })
        },
    )
}

fn synchronisation(facts: &Facts) -> Vec<Finding> {
    each::reading(
        &facts.clocks.synchronised,
        "the wall clock is disciplined",
        |synchronised| {
            let known = facts.load.known.iter();
            let running = known
                .map(String::as_str)
                .find(|name| CLOCK_SETTERS.contains(name));
            each::when(!synchronised && running.is_none(), || {
                Finding::hint(
                    "nothing disciplines the wall clock: events of nodes can't be compared",
                )
                .advise("run chrony or the like; verdicts do not need it")
            })
        },
    )
}

fn time_step(facts: &Facts) -> Vec<Finding> {
    /// What slewing, and reading one clock after the other, come to at most, in seconds.
    const SLEWED: f64 = 0.1;
    let stepped = facts.clocks.stepped_seconds;
    let findings = each::when(SLEWED < stepped.abs(), || {
        let line = format!("the wall clock stepped by {stepped:.2} s while we looked");
        Finding {
            lately: true,
            ..Finding::hint(line)
        }
        .advise("let one program set the clock, and let it slew")
    });
    each::or_fine(findings, "nobody steps the wall clock")
}

fn suspended(facts: &Facts) -> Vec<Finding> {
    /// The least that counts, in seconds: clocks are read one after the other.
    const NOTHING: f64 = 0.5;
    let clocks = &facts.clocks;
    let when = if NOTHING < clocks.suspended_lately_seconds {
        "while we looked"
    } else {
        "since boot"
    };
    let findings = each::when(NOTHING < clocks.suspended_seconds, || {
        Finding::hint(format!(
            "the machine was suspended for {:.0} s {when}",
            clocks.suspended_seconds
        ))
        .advise("a cluster node must not sleep: mask suspend.target")
    });
    each::or_fine(findings, "the machine never slept")
}
