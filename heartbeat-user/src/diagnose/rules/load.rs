//! Rules on CPUs and memory: who has the time that heartbeats need.

use super::Rule;
use super::cause::Cause;
use super::each;
use crate::diagnose::facts::{Facts, Pressure};
use crate::diagnose::finding::Finding;
use crate::diagnose::reading::{Counters, Reading};

pub const RULES: &[Rule] = &[
    Rule {
        id: "kernel-cpu",
        covers: &[Cause::KernelCpu],
        judge: kernel_cpu,
    },
    Rule {
        id: "softirq",
        covers: &[Cause::NodeResource, Cause::KernelCpu],
        judge: softirq,
    },
    Rule {
        id: "interrupts",
        covers: &[Cause::Interrupts],
        judge: interrupts,
    },
    Rule {
        id: "steal",
        covers: &[Cause::Pause, Cause::Starvation],
        judge: steal,
    },
    Rule {
        id: "cpu-pressure",
        covers: &[Cause::Starvation, Cause::NodeResource],
        judge: cpu_pressure,
    },
    Rule {
        id: "memory",
        covers: &[Cause::Starvation, Cause::NodeResource],
        judge: memory,
    },
];

const TIMES: [&str; 8] = [
    "user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal",
];

/// Something that goes on now, and is a cause from a second bound on.
fn lately(value: u64, cause_from: u64, line: String) -> Finding {
    let finding = if value < cause_from {
        Finding::hint(line)
    } else {
        Finding::cause(line)
    };
    Finding {
        lately: true,
        ..finding
    }
}

/// Percent of the time of CPUs whose counters begin with this that went into these.
fn share(counters: &Counters, of: &str, into: &[&str]) -> u64 {
    let ticks = |names: &[&str]| -> u64 {
        names
            .iter()
            .map(|name| counters.get(&format!("{of}{name}")).lately)
            .sum()
    };
    (100 * ticks(into)).checked_div(ticks(&TIMES)).unwrap_or(0)
}

fn kernel_cpu(facts: &Facts) -> Vec<Finding> {
    each::reading(
        &facts.load.cpu,
        "the kernel leaves CPUs to programs",
        |counters| {
            let kernel = share(counters, "", &["system", "irq", "softirq"]);
            each::when(60 <= kernel, || {
                lately(
                    kernel,
                    90,
                    format!("the kernel uses {kernel} % of all CPUs"),
                )
                .advise("`perf top` shows who: a driver, a security program, a file system")
            })
        },
    )
}

fn softirq(facts: &Facts) -> Vec<Finding> {
    each::reading(&facts.load.cpu, "no CPU drowns in interrupts", |counters| {
        let shares = (0..facts.load.cpus).map(|cpu| {
            (
                share(counters, &format!("cpu{cpu}."), &["irq", "softirq"]),
                cpu,
            )
        });
        let worst = shares.max().filter(|(share, _)| 50 <= *share);
        let finding = worst.map(|(share, cpu)| {
            lately(
                share,
                80,
                format!("CPU {cpu} spends {share} % of its time in interrupts"),
            )
            .advise("spread the device's queues over CPUs (`ethtool -L`, irqbalance, RPS)")
        });
        finding.into_iter().collect()
    })
}

fn interrupts(facts: &Facts) -> Vec<Finding> {
    /// Interrupts a second and CPU, from which on little else is done.
    const STORM: f64 = 100_000.0;
    each::reading(
        &facts.load.interrupts,
        "no storm of interrupts",
        |counters| {
            let cpus = f64::from(facts.load.cpus.max(1));
            let rate =
                counters.get("interrupts").lately as f64 / facts.window_seconds.max(0.1) / cpus;
            each::when(STORM <= rate, || {
                let line = format!("{rate:.0} interrupts a second on each CPU");
                Finding {
                    lately: true,
                    ..Finding::cause(line)
                }
                .advise(
                    "find the device in /proc/interrupts; let it collect several (`ethtool -C`)",
                )
            })
        },
    )
}

fn steal(facts: &Facts) -> Vec<Finding> {
    each::reading(
        &facts.load.cpu,
        "the hypervisor takes no time",
        |counters| {
            let stolen = share(counters, "", &["steal"]);
            each::when(10 <= stolen, || {
                lately(
                    stolen,
                    30,
                    format!("the hypervisor took {stolen} % of this machine's time"),
                )
                .advise("give it CPUs of its own, or move what else runs on the hypervisor")
            })
        },
    )
}

fn cpu_pressure(facts: &Facts) -> Vec<Finding> {
    each::reading(
        &pressure(facts, "cpu"),
        "CPUs are free when wanted",
        |pressure| {
            each::when(60.0 <= pressure.some, || {
                let line = format!(
                    "in {:.0} % of the time somebody waits for a CPU",
                    pressure.some
                );
                Finding {
                    lately: true,
                    ..Finding::hint(line)
                }
                .advise("look who uses them; the agent keeps its priority if it may (CAP_SYS_NICE)")
            })
        },
    )
}

fn memory(facts: &Facts) -> Vec<Finding> {
    let stalls = pressure(facts, "memory")
        .known()
        .copied()
        .unwrap_or_default();
    let killed = facts
        .load
        .want
        .known()
        .map(|want| want.get("oom_kill"))
        .unwrap_or_default();
    each::reading(
        &facts.load.memory,
        "there is memory",
        |(available, total)| {
            let scarce = available.saturating_mul(100) < total.saturating_mul(3);
            let mut findings = each::when(scarce, || {
                Finding::cause(format!("only {} MiB of memory are left", available >> 20))
                    .advise("look who uses it; the agent's own is locked if it may (CAP_IPC_LOCK)")
            });
            findings.extend(each::when(10.0 <= stalls.full, || {
                let line = format!(
                    "in {:.0} % of the time everybody waits for memory",
                    stalls.full
                );
                Finding {
                    lately: true,
                    ..Finding::cause(line)
                }
                .advise("look who uses it, and whether it swaps")
            }));
            findings.extend(each::when(0 < killed.lately, || {
                Finding::by_growth(
                    killed.lately,
                    "the kernel killed a process for want of memory while we looked",
                )
            }));
            findings
        },
    )
}

/// Pressure of one kind.
pub fn pressure(facts: &Facts, of: &str) -> Reading<Pressure> {
    let found = facts.load.pressure.iter().find(|(name, _)| name == of);
    found
        .map(|(_, reading)| reading.clone())
        .unwrap_or_default()
}
