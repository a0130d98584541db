//! Loss and gaps of the last hour, against a count that the switch keeps.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use heartbeat_tests::lab::cast::{A, B, PRIVATE};
use heartbeat_tests::lab::{Lab, interrupt};
use heartbeat_tests::suite::{Test, in_running_lab};
use serde_json::Value;

use super::{INTERVAL, plan};

pub const TESTS: &[Test] = &[(
    "the loss of the last hour is what the switch dropped, on its path and on no other",
    loss,
)];

/// How long heartbeats are dropped.
const LASTING: Duration = Duration::from_secs(20);
/// One of so many.
const SHARE: u32 = 5;

fn loss() -> Result<()> {
    in_running_lab(plan(), |lab| {
        let before = hour(lab, "node-b", "Private Network")?;
        let fault = lab.drop_one_of(SHARE, B, A, PRIVATE)?;
        interrupt::sleep(LASTING)?;
        let dropped = fault.heal()?.dropped;
        // The last of them is missed when the next one is heard.
        interrupt::sleep(5 * INTERVAL)?;
        let after = hour(lab, "node-b", "Private Network")?;
        let told = figure(&after, "lost")? - figure(&before, "lost")?;
        let due = figure(&after, "expected")? - figure(&before, "expected")?;
        let dropped = dropped as f64;
        ensure!(20.0 <= dropped, "the switch dropped {dropped}");
        ensure!(
            (told - dropped).abs() <= 1.0,
            "{told} are told, {dropped} were dropped"
        );
        let sent = LASTING.as_secs_f64() / INTERVAL.as_secs_f64();
        ensure!(
            0.8 * sent <= due && due <= 1.3 * sent,
            "{due} were due, {sent} are to be"
        );
        let gap = figure(&after, "largest_gap_seconds")?;
        ensure!((0.15..1.0).contains(&gap), "a gap of {gap} s");
        let seconds = figure(&after, "seconds")?;
        ensure!((20.0..300.0).contains(&seconds), "counted for {seconds} s");
        for (peer, network) in [("node-c", "Private Network"), ("node-b", "Public Network")] {
            let other = hour(lab, peer, network)?;
            ensure!(
                figure(&other, "lost")? <= 1.0,
                "{peer} on {network}: {other}"
            );
            ensure!(
                100.0 < figure(&other, "expected")?,
                "{peer} on {network}: {other}"
            );
        }
        shown(lab)
    })
}

/// What the table shows of it is what the figures say.
fn shown(lab: &Lab) -> Result<()> {
    let output = lab.ask_agent(A, &["status"])?;
    let table = String::from_utf8_lossy(&output.stdout).into_owned();
    let row = table.lines().find(|line| line.starts_with("node-b "));
    let shown = row.and_then(|row| row.split_whitespace().find(|word| word.ends_with('%')));
    let shown: f64 = shown
        .with_context(|| format!("no loss in {table}"))?
        .trim_end_matches('%')
        .parse()?;
    let (mut lost, mut expected) = (0.0, 0.0);
    for network in ["Private Network", "Public Network"] {
        let hour = hour(lab, "node-b", network)?;
        lost += figure(&hour, "lost")?;
        expected += figure(&hour, "expected")?;
    }
    let share = 100.0 * lost / expected;
    ensure!(
        (shown - share).abs() < 0.5,
        "{shown} is shown, {share} is true: {table}"
    );
    ensure!(table.contains("loss and gaps are those since "), "{table}");
    Ok(())
}

fn hour(lab: &Lab, peer: &str, network: &str) -> Result<Value> {
    let (status, _) = lab.status(A)?;
    let paths = status["paths"].as_array().context("paths")?;
    let mut paths = paths.iter();
    let path = paths.find(|path| path["peer"] == peer && path["network"] == network);
    Ok(path.with_context(|| format!("no path to {peer}"))?["last_hour"].clone())
}

fn figure(hour: &Value, name: &str) -> Result<f64> {
    hour[name]
        .as_f64()
        .with_context(|| format!("no {name} in {hour}"))
}
