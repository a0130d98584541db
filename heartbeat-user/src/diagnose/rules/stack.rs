//! Rules on the network stack: backlogs, sockets, tables, settings, queues.

use super::Rule;
use super::cause::Cause;
use super::each::{self, told};
use crate::diagnose::facts::Facts;
use crate::diagnose::finding::Finding;

pub const RULES: &[Rule] = &[
    Rule {
        id: "backlog",
        covers: &[Cause::NodeResource, Cause::ReceiveOverload, Cause::Settings],
        judge: backlog,
    },
    Rule {
        id: "sockets",
        covers: &[Cause::NodeResource, Cause::ReceiveOverload],
        judge: sockets,
    },
    Rule {
        id: "neighbour-table",
        covers: &[Cause::Settings, Cause::Address],
        judge: neighbour_table,
    },
    Rule {
        id: "settings",
        covers: &[Cause::Settings],
        judge: settings,
    },
    Rule {
        id: "queues",
        covers: &[Cause::Congestion],
        judge: queues,
    },
];

fn backlog(facts: &Facts) -> Vec<Finding> {
    /// Times that receiving may be cut short in a second.
    const SQUEEZED_MAX: u64 = 100;
    each::reading(&facts.stack.backlog, "CPUs take all frames", |counters| {
        let (dropped, squeezed) = (counters.get("dropped"), counters.get("squeezed"));
        let now = facts
            .stack
            .settings
            .get("net.core.netdev_max_backlog")
            .copied()
            .unwrap_or_default();
        let mut findings = each::when(0 < dropped.total, || {
            let line = format!(
                "CPUs had no room for frames: {}",
                told(dropped.lately, dropped.total)
            );
            Finding::by_growth(dropped.lately, line).advise(format!(
                "raise net.core.netdev_max_backlog (now {now}); look what keeps CPUs busy"
            ))
        });
        findings.extend(each::when(SQUEEZED_MAX < squeezed.lately, || {
            Finding::hint(format!(
                "receiving was cut short {} times while we looked",
                squeezed.lately
            ))
            .advise("raise net.core.netdev_budget and netdev_budget_usecs")
        }));
        findings
    })
}

fn sockets(facts: &Facts) -> Vec<Finding> {
    let ours = facts
        .stack
        .sockets
        .known()
        .map(|counters| counters.get("dropped"));
    let ours = ours.unwrap_or_default();
    each::reading(&facts.stack.protocols, "sockets have room", |counters| {
        let all = counters.get("Udp.RcvbufErrors");
        let mut findings = each::when(0 < ours.total, || {
            let line = format!(
                "the agent's socket had no room: {}",
                told(ours.lately, ours.total)
            );
            Finding::by_growth(ours.lately, line)
                .advise("the agent was not scheduled in time, or somebody floods port 3343")
        });
        findings.extend(each::when(ours.lately < all.lately, || {
            Finding::hint(format!(
                "other programs' sockets dropped {} datagrams",
                all.lately - ours.lately
            ))
            .advise("raise net.core.rmem_default; look what keeps these programs busy")
        }));
        findings
    })
}

fn neighbour_table(facts: &Facts) -> Vec<Finding> {
    each::reading(
        &facts.stack.neighbours,
        "neighbours have room",
        |counters| {
            let full = counters.get("table_fulls");
            each::when(0 < full.total, || {
                let line = format!(
                    "the table of neighbours was full: {}",
                    told(full.lately, full.total)
                );
                Finding::by_growth(full.lately, line)
                    .advise("raise net.ipv4.neigh.default.gc_thresh3, and the two below it")
            })
        },
    )
}

/// A sysctl, what it should be at least, and why.
const LEAST: [(&str, u64, &str); 7] = [
    (
        "net.core.netdev_max_backlog",
        300,
        "a CPU that is busy for a moment drops frames",
    ),
    ("net.core.netdev_budget", 64, "receiving is cut short"),
    (
        "net.core.netdev_budget_usecs",
        1000,
        "receiving is cut short",
    ),
    (
        "net.core.rmem_default",
        65_536,
        "sockets drop what comes at once",
    ),
    (
        "net.core.rmem_max",
        65_536,
        "sockets can't have the room that they ask for",
    ),
    (
        "net.ipv4.igmp_max_memberships",
        8,
        "the agent can't join the groups of all networks",
    ),
    (
        "net.ipv4.neigh.default.gc_thresh3",
        256,
        "peers fall out of the table of neighbours",
    ),
];

fn settings(facts: &Facts) -> Vec<Finding> {
    let known = &facts.stack.settings;
    if known.is_empty() {
        return vec![Finding::unreadable("no sysctl could be read")];
    }
    let low = LEAST.iter().filter_map(|(name, least, why)| {
        let value = known.get(*name).filter(|value| *value < least)?;
        let finding = Finding::cause(format!("{name} is {value}: {why}"));
        Some(finding.advise(format!("`sysctl -w {name}={least}` or more")))
    });
    each::or_fine(low.collect(), "sysctls are sane")
}

fn queues(facts: &Facts) -> Vec<Finding> {
    /// Bytes, behind which a heartbeat comes late.
    const LONG: u32 = 1_000_000;
    /// Frames that a device drops in a second for reasons of its own.
    const FEW: u64 = 10;
    each::port(facts, "nothing waits to be sent", |port| {
        let name = &port.name;
        let dropped = port
            .queues
            .iter()
            .map(|queue| queue.counters.get("dropped").lately)
            .sum();
        let lost = port.counters.get("tx_dropped").lately.max(dropped);
        let waiting = port
            .queues
            .iter()
            .map(|queue| queue.backlog)
            .max()
            .unwrap_or_default();
        let mut findings = each::when(FEW < lost && port.carrier, || {
            Finding::by_growth(
                lost,
                format!("{name} dropped {lost} frames to be sent while we looked"),
            )
            .on(port)
            .advise(format!(
                "more is sent than the network carries: `tc -s qdisc show dev {name}`"
            ))
        });
        findings.extend(each::when(LONG < waiting, || {
            Finding::hint(format!("{waiting} bytes wait to be sent on {name}"))
                .on(port)
                .advise("heartbeats wait behind them: look who sends, or use fq_codel")
        }));
        findings
    })
}
