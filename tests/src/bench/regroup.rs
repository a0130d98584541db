//! How long a regroup takes: from the moment at which the last survivor misses its sixth heartbeat of a node until
//! every survivor has told that it was removed.
//!
//! What lies before that moment is configured, what lies behind it is the protocol's own: reports, a proposal,
//! acceptances, an event on the disk. One node after the other is cut off at the switches, which is as good as its
//! power to those who are left, and joins again before the next is. The moment itself is computed from the
//! stamps in the events: by each survivor's last arrival on the networks that count. A cluster may be quicker than
//! its slowest member, because one node that misses another is reason enough; that counts as 0.

use std::time::Duration;

use anyhow::{Context, Result};

use super::check::{Check, Limit};
use super::report::Report;
use super::series::Series;
use super::table::{Row, Table, Unit};
use crate::lab::event::{MEMBER_REMOVED, PATH_LOST};
use crate::lab::feed::Feed;
use crate::lab::plan::{Node, Plan, Role};
use crate::lab::{Lab, interrupt};

/// Nodes that are cut off, one after the other.
const RUNS: usize = 200;
const NODES: usize = 5;
const INTERVAL: Duration = Duration::from_millis(100);
const LOST_AFTER: u32 = 3;
const REGROUP_AFTER: u32 = 6;
/// No regroup takes longer, nor the way back, or something is wrong.
const LIMIT: Duration = Duration::from_secs(20);
/// 99 of 100 regroups are over by then.
const PROMISED: Duration = Duration::from_millis(250);
/// Between two cuts, beside what the way back takes; not a multiple of the interval.
const REST: Duration = Duration::from_millis(330);

/// Measures and prints.
pub fn run(report: &mut Report) -> Result<()> {
    let plan = Plan::nodes(NODES)
        .three_networks()
        .timing(INTERVAL, LOST_AFTER)
        .regroup_after(REGROUP_AFTER)
        // Nobody is to be kept out for being cut off so often.
        .quarantine("\"off\"");
    let lab = Lab::running(plan)?;
    let mut times = Times::default();
    for run in 0..RUNS {
        lab.wait_for_whole_view(LIMIT)?;
        interrupt::sleep(REST)?;
        let victim = Node(run % NODES);
        cut_off(&lab, victim, &mut times).with_context(|| format!("run {run}, of {victim}"))?;
    }
    let p99 = times.written.figures().context("it was measured")?.p99;
    report.add(Table {
        name: "regroup",
        title: format!(
            "From the last survivor's sixth miss to 1135 on all: {RUNS} runs, {NODES} nodes"
        ),
        unit: Unit::Milliseconds,
        rows: vec![
            Row::new("1135 judged on all".to_owned(), times.judged),
            Row::new("1135 written on all".to_owned(), times.written),
        ],
        remark: format!(
            "Runs in which that came before the last survivor's sixth miss: {}.",
            times.early
        ),
    });
    report.check(Check::new(
        "regroup, p99 in promised times",
        p99 as f64 / PROMISED.as_nanos() as f64,
        Limit::AtMost(1.0),
    ));
    Ok(())
}

/// What was measured.
#[derive(Default)]
struct Times {
    judged: Series,
    written: Series,
    early: usize,
}

/// Cuts one node off until the others have told that it was removed.
fn cut_off(lab: &Lab, victim: Node, times: &mut Times) -> Result<()> {
    let mut feed = Feed::whole(lab)?;
    let split = lab.split(&[victim])?;
    let (mut judged_ns, mut written_ns, mut due_ns) = (0, 0, 0);
    for survivor in lab.plan().peers(victim) {
        let removed = feed.wait_for_event(survivor, MEMBER_REMOVED, victim, LIMIT)?;
        judged_ns = removed.evidence("judged_ns")?.max(judged_ns);
        written_ns = removed.evidence("emitted_ns")?.max(written_ns);
    }
    for survivor in lab.plan().peers(victim) {
        due_ns = suspected_ns(lab, &feed, survivor, victim)?.max(due_ns);
    }
    split.heal()?;
    times.early += usize::from(written_ns < due_ns);
    times.judged.push_ns(judged_ns.saturating_sub(due_ns));
    times.written.push_ns(written_ns.saturating_sub(due_ns));
    Ok(())
}

/// When the survivor had missed so many heartbeats on all networks that count.
fn suspected_ns(lab: &Lab, feed: &Feed, survivor: Node, victim: Node) -> Result<u64> {
    let plan = lab.plan();
    let mut last_ns = 0;
    for network in plan.all_networks() {
        match plan.role(network) {
            Role::Client => {}
            Role::Mixed => {
                let lost = feed.first(&plan.path(survivor, victim, network), PATH_LOST)?;
                last_ns = lost.evidence("last_arrival_ns")?.max(last_ns);
            }
        }
    }
    let suspicion = u64::try_from(plan.suspicion_time().as_nanos())?;
    Ok(last_ns + suspicion)
}
