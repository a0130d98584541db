//! `heartbeat explain`, asked of real agents about real faults, and of one that was killed at the moment of its event.

use std::time::Duration;

use anyhow::{Result, ensure};
use heartbeat_tests::lab::cast::{A, C, PRIVATE};
use heartbeat_tests::lab::event::{PATH_LOST, PATH_RESTORED};
use heartbeat_tests::lab::feed::Feed;
use heartbeat_tests::lab::plan::{Node, Plan};
use heartbeat_tests::lab::{Lab, interrupt, wait};
use heartbeat_tests::suite::{Test, in_running_lab};

pub const TESTS: &[Test] = &[
    (
        "a loss is explained while it lasts and better when it is over, on one screen",
        one_screen,
    ),
    (
        "an agent that is killed at the moment of an event loses nothing of its explanation",
        killed,
    ),
];

const LIMIT: Duration = Duration::from_secs(10);
/// Lines and columns of a screen.
const SCREEN: [usize; 2] = [24, 100];

fn plan() -> Plan {
    Plan::nodes(3)
        .two_networks()
        .timing(Duration::from_millis(100), 3)
}

fn explain(lab: &Lab, node: Node, arguments: &[&str]) -> Result<String> {
    // The agent shows an event once it is synced, a moment after it is in the file.
    let output = wait::until("an explanation", LIMIT, || {
        let output = lab.ask_agent(node, &[&["explain"], arguments].concat())?;
        Ok(output.status.success().then_some(output))
    })?;
    let text = String::from_utf8(output.stdout)?;
    eprintln!("{text}");
    let [lines, columns] = SCREEN;
    ensure!(text.lines().count() <= lines, "more than a screen:\n{text}");
    let wide = text.lines().any(|line| columns < line.chars().count());
    ensure!(!wide, "wider than a screen:\n{text}");
    Ok(text)
}

fn has(text: &str, parts: &[&str]) -> Result<()> {
    for part in parts {
        ensure!(text.contains(part), "no {part:?} in\n{text}");
    }
    Ok(())
}

fn one_screen() -> Result<()> {
    in_running_lab(plan(), |lab| {
        // Heartbeats to be explained by.
        interrupt::sleep(Duration::from_millis(1_500))?;
        let mut feed = Feed::from_now(lab)?;
        let path = lab.plan().path(A, C, PRIVATE);
        let cut = lab.drop_between(C, A, PRIVATE)?;
        feed.wait_for_path(&path, PATH_LOST, LIMIT)?;
        let asked = ["--peer", "node-c", "--network", "private"];
        let lasting = explain(lab, A, &asked)?;
        has(
            &lasting,
            &[
                "1123 PathLost",
                "act: it lasts",
                "last arrival seq",
                "UNKNOWN",
            ],
        )?;
        interrupt::sleep(Duration::from_millis(500))?;
        cut.heal()?;
        let restored = feed.wait_for_path(&path, PATH_RESTORED, LIMIT)?;
        let over = explain(lab, A, &[&restored.seq.to_string()])?;
        has(
            &over,
            &[
                "1122 PathRestored",
                "lost on the way, 'node-c' to 'node-a' only (between the two)",
                "numbers are missing",
                "node-c says: it missed node-a",
                "heard again",
                "heartbeat diagnose --peer node-c",
            ],
        )
    })
}

fn killed() -> Result<()> {
    in_running_lab(plan(), |lab| {
        // Heartbeats to be explained by.
        interrupt::sleep(Duration::from_millis(1_500))?;
        let mut feed = Feed::from_now(lab)?;
        let path = lab.plan().path(A, C, PRIVATE);
        let cut = lab.drop_between(C, A, PRIVATE)?;
        interrupt::sleep(Duration::from_millis(280))?;
        lab.kill_agent(A)?;
        lab.start_agent(A)?;
        let lost = feed.wait_for_path(&path, PATH_LOST, LIMIT)?;
        ensure!(
            cut.since_ns() < lost.evidence("judged_ns")?,
            "the witness: it was told of this cut"
        );
        let text = explain(lab, A, &[&lost.seq.to_string()])?;
        has(
            &text,
            &["1123 PathLost", " arrivals seq ", "last arrival seq"],
        )?;
        cut.heal()?;
        let restored = feed.wait_for_path(&path, PATH_RESTORED, LIMIT)?;
        let text = explain(lab, A, &[&restored.seq.to_string()])?;
        has(&text, &["numbers are missing", "'node-c' to 'node-a' only"])
    })
}
