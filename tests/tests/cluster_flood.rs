//! A flood of forged and replayed heartbeats changes no verdict, and every frame of it is counted.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, ensure};
use heartbeat_tests::flood::Port;
use heartbeat_tests::lab::cast::{A, PRIVATE};
use heartbeat_tests::lab::feed::Feed;
use heartbeat_tests::lab::metrics::Metrics;
use heartbeat_tests::lab::plan::Plan;
use heartbeat_tests::lab::requirements;
use heartbeat_tests::suite::{Suite, Test, in_running_lab};

const INTERVAL: Duration = Duration::from_millis(100);
const SPAN: Duration = Duration::from_secs(10);
/// Somewhat more than is asked for, because a busy machine gets less done.
const RATE: u32 = 24_000;
const FRAMES_MIN: u64 = 200_000;
const SEED: u64 = 0x3343;

const TESTS: &[Test] = &[(
    "a flood of replayed, damaged and imitated heartbeats is counted to the last frame and accuses nobody",
    flood,
)];

fn main() -> ExitCode {
    Suite {
        missing: requirements::missing_for_agents,
        threads: 1,
        tests: &[TESTS],
    }
    .run()
}

fn flood() -> Result<()> {
    let plan = Plan::nodes(3)
        .network("private", "Private Network")
        .timing(INTERVAL, 3);
    in_running_lab(plan, |lab| {
        let port = Port::open(lab.switch(PRIVATE), &A.to_string())?;
        let recorded = port.record(Duration::from_secs(2))?;
        let mut feed = Feed::from_now(lab)?;
        let before = lab.metrics(A)?;
        let sent = port.flood(&recorded, RATE, SPAN, SEED)?;
        feed.nothing_but(&[], Duration::from_millis(500))?;
        let after = lab.metrics(A)?;

        println!("flood: {sent:?} (seed {SEED:#x})");
        ensure!(
            FRAMES_MIN <= sent.frames,
            "only {} frames were sent",
            sent.frames
        );
        let refused = verdicts(&after, is_refusal) - verdicts(&before, is_refusal);
        ensure!(
            refused == sent.frames,
            "{} frames sent, {refused} refused and counted",
            sent.frames
        );
        let accepted = verdicts(&after, |verdict| verdict == "heartbeat")
            - verdicts(&before, |verdict| verdict == "heartbeat");
        let arrived =
            sum(&after, "heartbeat_arrivals_total") - sum(&before, "heartbeat_arrivals_total");
        ensure!(
            accepted == arrived,
            "{accepted} heartbeats accepted, {arrived} arrivals"
        );
        let due = 2 * SPAN.as_millis() / INTERVAL.as_millis();
        ensure!(
            due * 9 / 10 <= u128::from(arrived),
            "the peers were heard {arrived} times, not about {due} times"
        );
        for sample in after.matching("heartbeat_path_largest_gap_seconds", &[]) {
            let gap = sample.value;
            ensure!(gap <= 2.0 * INTERVAL.as_secs_f64(), "a gap of {gap} s");
        }
        Ok(())
    })
}

fn is_refusal(verdict: &str) -> bool {
    !matches!(verdict, "heartbeat" | "message")
}

fn verdicts(metrics: &Metrics, chosen: impl Fn(&str) -> bool) -> u64 {
    metrics
        .matching("heartbeat_frames_total", &[])
        .filter(|sample| {
            sample
                .labels
                .get("verdict")
                .is_some_and(|verdict| chosen(verdict))
        })
        .map(|sample| sample.value as u64)
        .sum()
}

fn sum(metrics: &Metrics, name: &str) -> u64 {
    metrics
        .matching(name, &[])
        .map(|sample| sample.value as u64)
        .sum()
}
