//! The agents' own lateness, which they measure and tell.

use anyhow::{Result, ensure};
use heartbeat_tests::lab::event::SELF_STARVED;
use heartbeat_tests::lab::feed::Feed;
use heartbeat_tests::lab::plan::Node;
use heartbeat_tests::lab::{Lab, interrupt};
use heartbeat_tests::suite::{Test, in_running_lab};

use super::{A, B, C, INTERVAL, LIMIT, QUIET, STOP, plan};

pub const TESTS: &[Test] = &[(
    "an agent measures the lateness of its loop and its sender, and says once of each that it was too late",
    own_lateness,
)];

fn own_lateness() -> Result<()> {
    in_running_lab(plan(), |lab| {
        let calm = lateness(lab, A)?;
        ensure!(
            calm.iter().all(|late| *late < STOP.as_secs_f64() / 2.0),
            "before anything happened the agent was {calm:?} s late"
        );
        let (status, _) = lab.status(A)?;
        let scheduling = status["scheduling"].as_str().unwrap_or_default();
        ensure!(
            ["deadline", "fifo", "normal"].contains(&scheduling),
            "status does not say at which priority the sender runs: {scheduling:?}"
        );
        let mut feed = Feed::from_now(lab)?;
        lab.pause_agent(A)?;
        interrupt::sleep(STOP)?;
        lab.resume_agent(A)?;
        let told = feed.wait_for_event(A, SELF_STARVED, A, LIMIT)?;
        ensure!(told.severity == "warning", "{told} is {}", told.severity);
        interrupt::sleep(3 * QUIET)?;
        feed.read()?;
        for part in ["main loop", "sender"] {
            let told = feed.said(A, SELF_STARVED, A);
            let times = told.filter(|event| event.message.contains(part)).count();
            ensure!(
                times == 1,
                "node-a told {times} times that its {part} was late"
            );
        }
        for node in [B, C] {
            let told = feed.said(node, SELF_STARVED, node).count();
            let late = lateness(lab, node)?;
            ensure!(
                told == 0 || late.iter().any(|late| INTERVAL.as_secs_f64() <= *late),
                "{node} told that it was late, by {late:?} s"
            );
        }
        let late = lateness(lab, A)?;
        let least = STOP.as_secs_f64() * 0.8;
        ensure!(
            late.iter().all(|late| least <= *late),
            "after a stop of {STOP:?} loop and sender were {late:?} s late"
        );
        Ok(())
    })
}

/// The largest lateness of main loop and sender of the node's agent, in seconds.
fn lateness(lab: &Lab, node: Node) -> Result<[f64; 2]> {
    let metrics = lab.metrics(node)?;
    Ok([
        metrics.value("heartbeat_agent_lateness_max_1m_seconds", &[])?,
        metrics.value("heartbeat_sender_lateness_max_1m_seconds", &[])?,
    ])
}
