//! What is wrong, as it is seen: an agent that hangs, and this node's own that is away.

use anyhow::{Context, Result, ensure};
use heartbeat_tests::lab::cast::{A, B, PRIVATE};
use heartbeat_tests::lab::wait;
use heartbeat_tests::suite::{Test, in_agreed_lab, in_running_lab};

use super::terminal::Terminal;
use super::{LIMIT, plan};

pub const TESTS: &[Test] = &[
    (
        "an agent that is away is said to be, over its last view, and its return is seen",
        away,
    ),
    (
        "a stalled agent is named by the table, the figures, the metric, and by nobody once it works again",
        stalled,
    ),
    (
        "a table on a terminal has colours, unless nobody wants them",
        colours,
    ),
];

fn away() -> Result<()> {
    in_running_lab(plan(), |lab| {
        let mut terminal = Terminal::watch(lab, 24, 80)?;
        terminal.wait_for("node-c")?;
        lab.stop_agent(A)?;
        let screen = terminal.wait_for("AGENT AWAY")?;
        ensure!(
            screen.contains("node-c"),
            "the last view is gone:\n{screen}"
        );
        lab.start_agent(A)?;
        terminal.wait_without("AGENT AWAY")?;
        lab.pause_agent(A)?;
        terminal.wait_for("AGENT AWAY")?;
        lab.resume_agent(A)?;
        terminal.wait_without("AGENT AWAY")?;
        terminal.press("q")?;
        terminal.check_given_back()
    })
}

fn stalled() -> Result<()> {
    in_agreed_lab(plan(), |lab| {
        let mut terminal = Terminal::watch(lab, 24, 80)?;
        terminal.wait_for("node-b   yes")?;
        ensure!(
            metric(lab, "node-b")? == 0.0,
            "the metric is not there from the start"
        );
        lab.pause_agent(B)?;
        terminal.wait_for("STALLED")?;
        let screen = terminal.wait_for("node-b agent silent, host answers: kept as member for")?;
        ensure!(
            !screen.contains("no heartbeat"),
            "a cable is blamed:\n{screen}"
        );
        terminal.wait_for("explain ")?;
        let (status, exit) = lab.status(A)?;
        let agents = status["agents"].as_array().context("agents")?;
        let of = |peer: &str| agents.iter().find(|agent| agent["peer"] == peer);
        let stalled = of("node-b").context("node-b")?;
        ensure!(exit == 1 && stalled["state"] == "stalled", "{stalled}");
        ensure!(
            stalled["told"].is_u64() && stalled["since"].is_string(),
            "{stalled}"
        );
        let kept = stalled["kept_seconds"]
            .as_f64()
            .context("how long it is kept")?;
        ensure!(0.0 < kept && kept <= 60.0, "{stalled}");
        ensure!(
            of("node-c").context("node-c")?["state"] == "ok",
            "{agents:?}"
        );
        ensure!(metric(lab, "node-b")? == 1.0 && metric(lab, "node-c")? == 0.0);
        lab.resume_agent(B)?;
        terminal.wait_without("STALLED")?;
        wait::until("the metric to fall", LIMIT, || {
            Ok((metric(lab, "node-b")? == 0.0).then_some(()))
        })?;
        terminal.press("q")?;
        terminal.check_given_back()
    })
}

fn metric(lab: &heartbeat_tests::lab::Lab, peer: &str) -> Result<f64> {
    lab.metrics(A)?
        .value("heartbeat_agent_stalled", &[("peer", peer)])
}

fn colours() -> Result<()> {
    in_running_lab(plan(), |lab| {
        let _fault = lab.drop_between(B, A, PRIVATE)?;
        wait::until("node-b to be lost", LIMIT, || {
            let table = lab.ask_agent(A, &["status"])?;
            Ok(String::from_utf8_lossy(&table.stdout)
                .contains("LOST")
                .then_some(()))
        })?;
        for (no_color, coloured) in [(None, true), (Some(""), true), (Some("1"), false)] {
            let mut terminal = Terminal::run(lab, &["status"], (24, 80), no_color)?;
            terminal.wait_for("AGENT")?;
            let status = terminal.end()?;
            ensure!(status.code() == Some(1), "{status:?}");
            let raw = terminal.raw()?;
            ensure!(
                raw.contains('\x1b') == coloured,
                "NO_COLOR={no_color:?}: {raw:?}"
            );
            ensure!(raw.contains("LOST"), "{raw:?}");
        }
        let mut terminal = Terminal::run(lab, &["status", "--watch"], (24, 80), Some("1"))?;
        terminal.wait_for("LOST")?;
        let raw = terminal.raw()?;
        ensure!(
            !raw.contains("\x1b[31m") && !raw.contains("[38;5;"),
            "{raw:?}"
        );
        terminal.press("q")?;
        terminal.check_given_back()
    })
}
