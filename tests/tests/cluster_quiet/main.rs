//! What an operator is not told twice: flapping paths, announced maintenance, a network lost as a whole.
//!
//! A log that repeats itself is not read, and an alarm about work that was announced wakes somebody for nothing. But
//! nothing may be dropped: whatever is said in fewer words is in the events, one record each. So every story counts
//! both, lines and records, and shows beside it that what is not meant is told as ever.

use std::fs;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, ensure};
use heartbeat_tests::lab::cast::{A, B, C, PRIVATE, PUBLIC};
use heartbeat_tests::lab::event::{PATH_LOST, PATH_RESTORED};
use heartbeat_tests::lab::feed::Feed;
use heartbeat_tests::lab::plan::{Network, Node, Plan};
use heartbeat_tests::lab::transcript::Path;
use heartbeat_tests::lab::{Lab, requirements, wait};
use heartbeat_tests::suite::Suite;

mod flapping;
mod maintenance;
mod storm;

const INTERVAL: Duration = Duration::from_millis(100);
/// What may pass until something happens on a busy machine.
const LIMIT: Duration = Duration::from_secs(10);
/// A line about a loss may wait so long for others.
const QUIET: Duration = Duration::from_secs(1);
fn main() -> ExitCode {
    Suite {
        missing: requirements::missing_for_agents,
        threads: 3,
        tests: &[flapping::TESTS, storm::TESTS, maintenance::TESTS],
    }
    .run()
}

fn plan() -> Plan {
    Plan::nodes(3).two_networks().timing(INTERVAL, 3)
}

/// The node's log from some length on.
fn log_since(lab: &Lab, node: Node, mark: usize) -> Result<String> {
    let text = fs::read_to_string(lab.files().log(node))?;
    Ok(text.get(mark..).unwrap_or_default().to_owned())
}

fn log_length(lab: &Lab, node: Node) -> Result<usize> {
    Ok(fs::read_to_string(lab.files().log(node))?.len())
}

/// Lines that tell of a loss and have this word.
fn losses_told(log: &str, word: &str) -> usize {
    let lines = log.lines();
    lines
        .filter(|line| line.contains(" 1123 ") && line.contains(word))
        .count()
}

/// Cuts a path and heals it, so that it is lost and restored once.
fn lose_once(lab: &Lab, feed: &mut Feed, from: Node, to: Node, network: Network) -> Result<()> {
    let path = lab.plan().path(to, from, network);
    let before = [PATH_LOST, PATH_RESTORED].map(|id| feed.about(&path, id).count());
    let fault = lab.drop_between(from, to, network)?;
    wait_for_next(feed, &path, PATH_LOST, before[0])?;
    ensure!(0 < fault.heal()?.dropped, "the switch dropped nothing");
    wait_for_next(feed, &path, PATH_RESTORED, before[1])
}

/// Waits until more than `before` events with this number are about the path.
fn wait_for_next(feed: &mut Feed, path: &Path, id: u32, before: usize) -> Result<()> {
    wait::until(&format!("the next {id} of {path}"), LIMIT, || {
        feed.read()?;
        Ok((before < feed.about(path, id).count()).then_some(()))
    })
}
