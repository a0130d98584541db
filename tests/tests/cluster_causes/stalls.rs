//! A hung agent is no dead path and no dead host, and cables are no hung agent.

use std::time::Duration;

use anyhow::{Result, ensure};
use heartbeat_tests::lab::cast::{A, B, C, PRIVATE, PUBLIC};
use heartbeat_tests::lab::event::{AGENT_RESUMED, AGENT_STALLED, PATH_LOST};
use heartbeat_tests::lab::fault::Fault;
use heartbeat_tests::lab::feed::Feed;
use heartbeat_tests::lab::plan::Plan;
use heartbeat_tests::lab::{Lab, interrupt};
use heartbeat_tests::suite::{Test, in_running_lab};

pub const TESTS: &[Test] = &[
    (
        "a stopped agent is named within an interval of the first missed heartbeat, and called no dead path or host",
        stopped_agent,
    ),
    (
        "cables pulled from both networks are never called a stalled agent",
        both_cables,
    ),
];

const INTERVAL: Duration = Duration::from_millis(100);
/// An interval and an eighth after the last heartbeat the next one is missed.
const FIRST_MISS_NS: u64 = 112_500_000;
/// What a busy machine may add to anything.
const BUSY_NS: u64 = 250_000_000;
const LIMIT: Duration = Duration::from_secs(10);

fn plan() -> Plan {
    Plan::nodes(3).two_networks().timing(INTERVAL, 3)
}

fn stopped_agent() -> Result<()> {
    in_running_lab(plan(), |lab| {
        let mut feed = Feed::all(lab)?;
        lab.pause_agent(C)?;
        for observer in [A, B] {
            let stalled = feed.wait_for_event(observer, AGENT_STALLED, C, LIMIT)?;
            let last = stalled.evidence("last_arrival_ns")?;
            let named = stalled
                .evidence("judged_ns")?
                .saturating_sub(last + FIRST_MISS_NS);
            let bound = u64::try_from(INTERVAL.as_nanos())? + BUSY_NS;
            ensure!(
                named <= bound,
                "{observer} named it {named} ns after the first miss"
            );
            for network in [PRIVATE, PUBLIC] {
                let path = lab.plan().path(observer, C, network);
                let lost = feed.wait_for_path(&path, PATH_LOST, LIMIT)?;
                ensure!(lost.word("class") == "agent-stalled", "{lost:?}");
            }
        }
        interrupt::sleep(Duration::from_secs(2))?;
        lab.resume_agent(C)?;
        for observer in [A, B] {
            feed.wait_for_event(observer, AGENT_RESUMED, C, LIMIT)?;
        }
        let of_stopped = feed
            .events()
            .iter()
            .filter(|event| event.observer != "node-c" && event.peer.as_deref() == Some("node-c"));
        let accused = of_stopped.filter(|event| {
            let class = event.word("class");
            event.id == 1135 || !class.is_empty() && class != "agent-stalled"
        });
        ensure!(accused.count() == 0, "{:#?}", feed.events());
        Ok(())
    })
}

fn both_cables() -> Result<()> {
    silence(|lab| {
        Ok(vec![
            lab.pull_cable(C, PRIVATE)?,
            lab.pull_cable(C, PUBLIC)?,
        ])
    })?;
    silence(|lab| {
        Ok(vec![
            lab.break_wire(C, PRIVATE)?,
            lab.break_wire(C, PUBLIC)?,
        ])
    })
}

fn silence(fault: impl FnOnce(&Lab) -> Result<Vec<Fault>>) -> Result<()> {
    in_running_lab(plan(), |lab| {
        let mut feed = Feed::all(lab)?;
        let faults = fault(lab)?;
        for network in [PRIVATE, PUBLIC] {
            let path = lab.plan().path(A, C, network);
            feed.wait_for_path(&path, PATH_LOST, LIMIT)?;
        }
        interrupt::sleep(Duration::from_secs(3))?;
        for fault in faults {
            fault.heal()?;
        }
        lab.wait_all_up_again()?;
        feed.read()?;
        let stalled = feed
            .events()
            .iter()
            .filter(|event| event.id == AGENT_STALLED || event.word("class") == "agent-stalled");
        ensure!(stalled.count() == 0, "{:#?}", feed.events());
        Ok(())
    })
}
