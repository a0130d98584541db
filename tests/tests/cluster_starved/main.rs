//! Agents that do not get to run accuse nobody, and what really happened meanwhile they report all the same.
//!
//! Every other detector in user space calls its peers lost when it is itself not scheduled. So each story here has
//! two witnesses that the agents were badly off: the hogs count the processor time they got, and a plain tokio
//! heartbeat beside the agents is under the same load. In the middle of it a path is cut for real.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use heartbeat_tests::lab::cast::{A, B, C, PRIVATE, PUBLIC};
use heartbeat_tests::lab::event::{Event, PATH_LOST, PATH_RESTORED};
use heartbeat_tests::lab::feed::Feed;
use heartbeat_tests::lab::plan::Plan;
use heartbeat_tests::lab::tap::{Silence, Tap};
use heartbeat_tests::lab::transcript::Path;
use heartbeat_tests::lab::{Lab, requirements};
use heartbeat_tests::suite::Suite;

mod hogs;
mod lateness;
mod stopped;

const INTERVAL: Duration = Duration::from_millis(100);
const LOST_AFTER: u32 = 3;
/// How long an agent is stopped.
const STOP: Duration = Duration::from_secs(5);
/// What may pass until an event on a busy machine.
const LIMIT: Duration = Duration::from_secs(10);
/// How long nothing else may come.
const QUIET: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    Suite {
        missing: requirements::missing_for_agents,
        threads: 1,
        tests: &[hogs::TESTS, stopped::TESTS, lateness::TESTS],
    }
    .run()
}

fn plan() -> Plan {
    Plan::nodes(3).two_networks().timing(INTERVAL, LOST_AFTER)
}

fn ns(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).expect("the durations here are short")
}

fn seconds(ns: u64) -> f64 {
    Duration::from_nanos(ns).as_secs_f64()
}

/// The events of a cut path have their stamps where the wire fell silent and was heard again.
fn is_told_truly(feed: &Feed, path: &Path, silence: &Silence) -> Result<()> {
    let lost = feed.first(path, PATH_LOST)?;
    let last_ns = lost.evidence("last_arrival_ns")?;
    is_near(lost, last_ns, silence.start_ns)?;
    let deadline_ns = lost.evidence("deadline_ns")?;
    let detection_ns = deadline_ns - last_ns;
    ensure!(
        detection_ns == ns(plan().detection_time()),
        "{lost} has its deadline {detection_ns} ns after the last arrival"
    );
    ensure!(
        deadline_ns <= lost.evidence("judged_ns")?,
        "{lost} was judged before its deadline"
    );
    let restored = feed.first(path, PATH_RESTORED)?;
    let end_ns = last_ns + restored.evidence("outage_ns")?;
    is_near(restored, end_ns, silence.end_ns)
}

fn is_near(event: &Event, told_ns: u64, true_ns: u64) -> Result<()> {
    let off_ns = told_ns.abs_diff(true_ns);
    ensure!(
        off_ns <= ns(INTERVAL / 2),
        "{event} is {:.3} s from what the wire showed",
        seconds(off_ns)
    );
    Ok(())
}

/// The longest silence that a tap heard.
fn longest(tap: Tap) -> Result<Silence> {
    let silences = tap.silences()?.into_iter();
    silences
        .max_by_key(Silence::length_ns)
        .context("a tap heard nothing")
}

/// Heartbeats that each node has heard from all others on both networks.
fn arrivals(lab: &Lab) -> Result<Vec<f64>> {
    lab.plan()
        .all_nodes()
        .map(|node| {
            let metrics = lab.metrics(node)?;
            let paths = metrics.matching("heartbeat_arrivals_total", &[]);
            Ok(paths.map(|path| path.value).sum())
        })
        .collect()
}
