//! Intervals and thresholds that change in a running cluster, up and down.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use heartbeat_tests::lab::feed::Feed;
use heartbeat_tests::lab::plan::Node;
use heartbeat_tests::lab::{Lab, wait};
use heartbeat_tests::suite::{Test, in_running_lab};

use super::{
    A, B, C, INTERVAL, LIMIT, LOST_AFTER, PRIVATE, path_value, plan, reload, roll_out, undisturbed,
    wait_for_difference, wait_until_told,
};

pub const TESTS: &[Test] = &[
    (
        "the interval grows to 250 ms and shrinks back node by node, and nobody is accused",
        interval,
    ),
    (
        "the number of missed heartbeats is raised and lowered node by node, and nobody is accused",
        lost_after,
    ),
    ("a reload without a change changes nothing", nothing_changed),
];

const ALL: [Node; 3] = [A, B, C];
const SLOW: Duration = Duration::from_millis(250);

fn set_interval(lab: &Lab, node: Node, from: Duration, to: Duration) -> Result<()> {
    let line = |interval: Duration| format!("interval = \"{}ms\"", interval.as_millis());
    lab.rewrite(node, |text| text.replace(&line(from), &line(to)))
}

/// How long after the last arrival the observer will call the peer lost, as status tells it.
fn detection(lab: &Lab, observer: Node, peer: Node) -> Result<f64> {
    let (status, _) = lab.status(observer)?;
    let label = lab.plan().label(PRIVATE);
    let paths = status["paths"].as_array().context("status has no paths")?;
    let path = paths
        .iter()
        .find(|path| path["peer"] == peer.to_string() && path["network"] == label)
        .with_context(|| format!("{observer} has no path to {peer}"))?;
    path["detection_seconds"]
        .as_f64()
        .context("a path has no detection time")
}

/// The observer waits for the slower of the two, from when it knows it.
fn wait_for_detection(
    lab: &Lab,
    observer: Node,
    peer: Node,
    wanted: impl Fn(f64) -> bool,
) -> Result<()> {
    let what = format!("another detection time of {observer} for {peer}");
    wait::until(&what, LIMIT, || {
        Ok(wanted(detection(lab, observer, peer)?).then_some(()))
    })
}

fn interval() -> Result<()> {
    in_running_lab(plan(3), |lab| {
        let mut feed = Feed::from_now(lab)?;
        let (fast, slow) = (
            INTERVAL.as_secs_f64() * f64::from(LOST_AFTER),
            SLOW.as_secs_f64() * f64::from(LOST_AFTER),
        );
        let is_slow = |seconds: f64| slow < seconds && seconds < slow + 0.1;
        roll_out(lab, &mut feed, &[A], |lab, node| {
            set_interval(lab, node, INTERVAL, SLOW)
        })?;
        for (observer, peer) in [(A, B), (B, A), (C, A)] {
            wait_for_detection(lab, observer, peer, is_slow)?;
        }
        let unchanged = detection(lab, B, C)?;
        ensure!(
            unchanged < fast + 0.1,
            "node-b waits {unchanged} s for node-c, whose interval is as ever"
        );
        wait_until_told(&mut feed, A, B)?;
        wait_for_difference(lab, &[(A, B), (A, C)], true)?;
        roll_out(lab, &mut feed, &[B, C], |lab, node| {
            set_interval(lab, node, INTERVAL, SLOW)
        })?;
        wait_for_difference(lab, &[(A, B), (A, C), (B, C)], false)?;
        wait_for_detection(lab, B, C, is_slow)?;
        is_sent_every(lab, SLOW)?;

        roll_out(lab, &mut feed, &[C, A, B], |lab, node| {
            set_interval(lab, node, SLOW, INTERVAL)
        })?;
        wait_for_difference(lab, &[(A, B), (A, C), (B, C)], false)?;
        for observer in ALL {
            for peer in lab.plan().peers(observer) {
                wait_for_detection(lab, observer, peer, |seconds| seconds < fast + 0.1)?;
            }
        }
        is_sent_every(lab, INTERVAL)?;
        undisturbed(&mut feed, |_| false)
    })
}

/// Roughly, which tells 100 ms from 250 ms.
fn is_sent_every(lab: &Lab, interval: Duration) -> Result<()> {
    const WATCH: Duration = Duration::from_secs(3);
    let arrivals = || path_value(lab, "heartbeat_arrivals_total", (A, B, PRIVATE));
    let before = arrivals()?;
    heartbeat_tests::lab::interrupt::sleep(WATCH)?;
    let heard = arrivals()? - before;
    let due = WATCH.as_secs_f64() / interval.as_secs_f64();
    ensure!(
        (0.7 * due..=1.5 * due).contains(&heard),
        "node-b was heard {heard} times in {WATCH:?} at an interval of {interval:?}"
    );
    Ok(())
}

fn lost_after() -> Result<()> {
    in_running_lab(plan(3), |lab| {
        let mut feed = Feed::from_now(lab)?;
        let set = |lab: &Lab, node, from: u32, to: u32| {
            let line = |missed: u32| format!("\nlost_after = {missed}\n");
            lab.rewrite(node, |text| text.replace(&line(from), &line(to)))
        };
        roll_out(lab, &mut feed, &ALL, |lab, node| {
            set(lab, node, LOST_AFTER, 5)
        })?;
        let raised = detection(lab, A, B)?;
        ensure!(
            (0.5..0.6).contains(&raised),
            "node-a waits {raised} s after 5 missed heartbeats of 100 ms"
        );
        wait_for_difference(lab, &[(A, B), (A, C), (B, C)], false)?;
        roll_out(lab, &mut feed, &ALL, |lab, node| {
            set(lab, node, 5, LOST_AFTER)
        })?;
        let lowered = detection(lab, A, B)?;
        ensure!(
            (0.3..0.4).contains(&lowered),
            "node-a waits {lowered} s after {LOST_AFTER} missed heartbeats of 100 ms"
        );
        wait_for_difference(lab, &[(A, B), (A, C), (B, C)], false)?;
        undisturbed(&mut feed, |_| false)
    })
}

fn nothing_changed() -> Result<()> {
    in_running_lab(plan(3), |lab| {
        let mut feed = Feed::from_now(lab)?;
        let before = path_value(lab, "heartbeat_arrivals_total", (A, B, PRIVATE))?;
        for _ in 0..5 {
            reload(lab, A)?;
        }
        feed.nothing_but(&[], 10 * INTERVAL)?;
        let heard = path_value(lab, "heartbeat_arrivals_total", (A, B, PRIVATE))? - before;
        ensure!(5.0 <= heard, "node-b was heard only {heard} times");
        wait_for_difference(lab, &[(A, B), (A, C)], false)
    })
}
