//! The rhythm of a sender, as the wire shows it: the beginning of a run, a stop, and the end.
//!
//! When a round is due is tested without a clock, beside the code; here real agents are started, stopped and
//! ended, and a packet socket at the switch says what they sent. A busy machine may delay a round, so upper
//! bounds are generous; what can't be excused is a round too many, too early, or with the wrong number.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use heartbeat_ebpf::wire::{Kind, flags};
use heartbeat_tests::lab::cast::{A, B, PRIVATE};
use heartbeat_tests::lab::plan::Plan;
use heartbeat_tests::lab::tap::{Passed, Tap};
use heartbeat_tests::lab::{Lab, interrupt, requirements};
use heartbeat_tests::suite::{Suite, Test, in_lab, in_running_lab};

const INTERVAL: Duration = Duration::from_millis(500);
/// Rounds of a lead-in are a tenth of an interval apart.
const SPACING_NS: u64 = 50_000_000;
/// What stamps of a thread that runs and of a packet socket differ by.
const SLACK_NS: u64 = 5_000_000;

const TESTS: &[Test] = &[
    (
        "a run begins with three rounds in quick succession and goes on with its interval",
        beginning,
    ),
    (
        "after a stop one round comes and not all that were missed",
        stop,
    ),
    (
        "a run that is ended says three times that it restarts, and nothing more",
        end,
    ),
];

fn main() -> ExitCode {
    Suite {
        missing: requirements::missing_for_agents,
        threads: 1,
        tests: &[TESTS],
    }
    .run()
}

fn plan() -> Plan {
    Plan::nodes(2)
        .network("private", "Private Network")
        .timing(INTERVAL, 10)
}

/// What node B sends to node A while this happens.
fn heard(lab: &mut Lab, deed: impl FnOnce(&mut Lab) -> Result<()>) -> Result<Vec<Passed>> {
    let tap = Tap::listen(lab.switch(PRIVATE), B, A)?;
    deed(lab)?;
    let heard = tap.passed(Kind::Heartbeat);
    for pair in heard.windows(2) {
        let [before, after] = [pair[0].sequence, pair[1].sequence];
        ensure!(after == before + 1, "round {after} came after {before}");
    }
    Ok(heard)
}

/// Distances between rounds, ns.
fn distances(heard: &[Passed]) -> Vec<u64> {
    heard
        .windows(2)
        .map(|pair| pair[1].stamp_ns - pair[0].stamp_ns)
        .collect()
}

fn beginning() -> Result<()> {
    in_lab(plan(), |lab| {
        lab.start_agent(A)?;
        let heard = heard(lab, |lab| {
            lab.start_agent(B)?;
            Ok(interrupt::sleep(4 * INTERVAL)?)
        })?;
        let distances = distances(&heard);
        let interval_ns = u64::try_from(INTERVAL.as_nanos())?;
        let [first, second, third, fourth, ..] = *distances else {
            anyhow::bail!("only {} rounds", heard.len());
        };
        for distance in [first, second] {
            ensure!(
                SPACING_NS - SLACK_NS < distance && distance < interval_ns / 2,
                "{distances:?}"
            );
        }
        ensure!(third + SLACK_NS < interval_ns, "{distances:?}");
        ensure!(interval_ns / 2 < third, "{distances:?}");
        ensure!(interval_ns / 2 < fourth, "{distances:?}");
        Ok(())
    })
}

fn stop() -> Result<()> {
    in_running_lab(plan(), |lab| {
        let heard = heard(lab, |lab| {
            interrupt::sleep(2 * INTERVAL)?;
            lab.pause_agent(B)?;
            interrupt::sleep(6 * INTERVAL)?;
            lab.resume_agent(B)?;
            Ok(interrupt::sleep(4 * INTERVAL)?)
        })?;
        let distances = distances(&heard);
        let interval_ns = u64::try_from(INTERVAL.as_nanos())?;
        let silence = distances
            .iter()
            .position(|distance| 4 * interval_ns < *distance)
            .with_context(|| format!("it was not stopped: {distances:?}"))?;
        let after = &distances[silence + 1..];
        ensure!(2 <= after.len(), "it did not go on: {distances:?}");
        for distance in after {
            ensure!(SPACING_NS - SLACK_NS < *distance, "a burst: {distances:?}");
        }
        for distance in &after[1..] {
            ensure!(interval_ns / 2 < *distance, "a burst: {distances:?}");
        }
        Ok(())
    })
}

fn end() -> Result<()> {
    in_running_lab(plan(), |lab| {
        let heard = heard(lab, |lab| {
            interrupt::sleep(2 * INTERVAL)?;
            ensure!(lab.stop_agent(B)? == Some(0), "it did not end well");
            Ok(interrupt::sleep(2 * INTERVAL)?)
        })?;
        let (before, last) = heard
            .split_last_chunk::<3>()
            .with_context(|| format!("only {} rounds", heard.len()))?;
        ensure!(!before.is_empty(), "nothing was heard before the end");
        for round in before {
            ensure!(round.flags == 0, "too early: {round:?}");
        }
        for round in last {
            ensure!(round.flags == flags::RESTARTING, "{round:?}");
        }
        for distance in distances(last) {
            ensure!(distance < 200_000_000, "the end took {distance} ns");
        }
        Ok(())
    })
}
