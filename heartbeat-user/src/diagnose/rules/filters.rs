//! Rules on what may take a frame away: firewalls, other programs, tracking, IPsec.

use super::Rule;
use super::cause::Cause;
use super::each::{self, told};
use crate::diagnose::facts::{DropRule, Facts, Firewall, Own, Port};
use crate::diagnose::finding::Finding;
use crate::diagnose::reading::Reading;

pub const RULES: &[Rule] = &[
    Rule {
        id: "firewall",
        covers: &[Cause::Filter],
        judge: firewall,
    },
    Rule {
        id: "other-programs",
        covers: &[Cause::Filter, Cause::ThirdParty],
        judge: other_programs,
    },
    Rule {
        id: "tracking",
        covers: &[Cause::Filter, Cause::Settings],
        judge: tracking,
    },
    Rule {
        id: "ipsec",
        covers: &[Cause::Filter],
        judge: ipsec,
    },
];

const ACCEPT: &str = "accept UDP port 3343 between the nodes, both ways";

fn firewall(facts: &Facts) -> Vec<Finding> {
    each::reading(&facts.firewall, "no rule drops port 3343", |firewall| {
        let named = firewall.drops.iter().filter(|rule| rule.names_port);
        let mut findings: Vec<Finding> = named.map(|rule| of_rule(firewall, rule)).collect();
        let closed = firewall.chains.iter().filter(|chain| {
            let here = matches!(
                chain.hook.as_str(),
                "input" | "output" | "ingress" | "egress"
            );
            here && chain.drops && !chain.accepts_port
        });
        findings.extend(closed.map(|chain| {
            Finding::hint(format!(
                "{} drops all that no rule accepts: port 3343 is not named",
                chain.place
            ))
            .advise(ACCEPT)
        }));
        findings
    })
}

fn of_rule(firewall: &Firewall, rule: &DropRule) -> Finding {
    let counter = firewall.counters.get(&rule.place);
    let dropped = match (rule.counts, counter.total) {
        (false, _) => "it does not count".to_owned(),
        (true, 0) => "none so far".to_owned(),
        (true, total) => told(counter.lately, total),
    };
    let line = format!("{} drops port 3343: {dropped}", rule.place);
    let finding = match (rule.counts, counter.total) {
        (true, 0) => Finding::hint(line),
        (_, _) => Finding {
            lately: 0 < counter.lately,
            ..Finding::cause(line)
        },
    };
    finding.advise(ACCEPT)
}

fn other_programs(facts: &Facts) -> Vec<Finding> {
    each::port(facts, "no other program sees the frames", |port| {
        let mut findings = match &port.xdp_own {
            Reading::Known(Own::Foreign) => {
                let id = port.xdp_program.unwrap_or_default();
                vec![
                    Finding::cause(format!(
                        "{} has somebody else's XDP program, id {id}",
                        port.name
                    ))
                    .on(port)
                    .advise("`bpftool net` shows whose it is; ours is never put in its place"),
                ]
            }
            Reading::Unreadable(why) => vec![Finding::unreadable(why)],
            Reading::Known(Own::Ours) | Reading::Absent(_) => Vec::new(),
        };
        findings.extend(each::when(has_place_for_programs(port), || {
            Finding::hint(format!(
                "{} may have programs of tc: it has a place for them",
                port.name
            ))
            .on(port)
            .advise(format!(
                "`tc filter show dev {} ingress`, `bpftool net`",
                port.name
            ))
        }));
        findings
    })
}

fn has_place_for_programs(port: &Port) -> bool {
    port.queues
        .iter()
        .any(|queue| matches!(queue.kind.as_str(), "clsact" | "ingress"))
}

fn tracking(facts: &Facts) -> Vec<Finding> {
    each::reading(
        &facts.stack.tracked,
        "connections have room",
        |(count, most)| {
            let counters = facts.stack.tracking.known();
            let dropped = counters
                .map(|counters| counters.sum(&["drop", "early_drop"]))
                .unwrap_or_default();
            let full = most.saturating_mul(9) / 10 <= *count;
            each::when(full || 0 < dropped.lately, || {
                let packets = told(dropped.lately, dropped.total);
                Finding::by_growth(
                    dropped.lately,
                    format!(
                        "{count} of {most} connections are tracked; packets dropped: {packets}"
                    ),
                )
                .advise("raise net.netfilter.nf_conntrack_max, or do not track port 3343")
            })
        },
    )
}

fn ipsec(facts: &Facts) -> Vec<Finding> {
    each::reading(&facts.stack.ipsec, "IPsec refuses nothing", |counters| {
        let all = counters.named(|_| true);
        let moving = all.iter().filter(|(_, counter)| 0 < counter.lately);
        let names: Vec<&str> = moving.map(|(name, _)| *name).collect();
        each::when(!names.is_empty(), || {
            Finding::by_growth(1, format!("IPsec refuses packets: {}", names.join(", ")))
                .advise("look at `ip xfrm state` on both ends; policies may be changing")
        })
    })
}
