//! What keys show.

use anyhow::{Context, Result, ensure};
use heartbeat_tests::lab::cast::{A, B, PRIVATE};
use heartbeat_tests::lab::feed::Feed;
use heartbeat_tests::lab::transcript::Expected;
use heartbeat_tests::suite::{Test, in_running_lab};

use super::terminal::{DOWN, ENTER, ESCAPE, RIGHT, Terminal};
use super::{LIMIT, plan};

pub const TESTS: &[Test] = &[
    (
        "arrows choose a path, Enter looks into it, and what it says to type explains it",
        look_into,
    ),
    (
        "the screen follows the size of its terminal, also to three lines and back",
        resize,
    ),
];

fn look_into() -> Result<()> {
    in_running_lab(plan(), |lab| {
        let mut terminal = Terminal::watch(lab, 30, 90)?;
        let screen = terminal.wait_for("node-c")?;
        for part in ["seen by node-a", "PRIVATE", "LOSS 1H", "AGENT", "q quit"] {
            ensure!(screen.contains(part), "{part} is not on\n{screen}");
        }
        ensure!(terminal.is_taken()?, "keys are echoed");
        ensure!(
            terminal.chosen()?.starts_with("up "),
            "{}",
            terminal.chosen()?
        );
        let mut feed = Feed::from_now(lab)?;
        let fault = lab.drop_between(B, A, PRIVATE)?;
        feed.wait_for(&Expected::lost([lab.plan().path(A, B, PRIVATE)]), LIMIT)?;
        let screen = terminal.wait_for("LOST")?;
        ensure!(screen.contains("DEGRADED"), "{screen}");
        ensure!(
            terminal.chosen()?.starts_with("LOST"),
            "{}",
            terminal.chosen()?
        );
        terminal.press(RIGHT)?;
        terminal.press(DOWN)?;
        terminal.press(ENTER)?;
        terminal.wait_for("node-c on Public Network  seen by node-a")?;
        terminal.press(ESCAPE)?;
        terminal.wait_for("LOSS 1H")?;
        terminal.press("\x1b[A")?;
        terminal.press("\x1b[D")?;
        terminal.press(ENTER)?;
        terminal.wait_for("node-b on Private Network  seen by node-a")?;
        let screen = terminal.wait_for("1123 PathLost")?;
        let number = screen
            .lines()
            .find_map(|line| line.trim().strip_prefix("heartbeat explain "));
        let number = number.context("there is nothing to type")?;
        let told = lab.ask_agent(A, &["explain", number])?;
        let told = String::from_utf8_lossy(&told.stdout).into_owned();
        ensure!(
            told.starts_with("1123 PathLost  node-b on Private"),
            "{told}"
        );
        fault.heal()?;
        // Events that come are shown without a key.
        terminal.wait_for("1122 PathRestored")?;
        terminal.press("?")?;
        terminal.wait_for("choose a path; scroll")?;
        terminal.press(ESCAPE)?;
        terminal.wait_for("Last arrivals")?;
        terminal.press("q")?;
        terminal.check_given_back()
    })
}

fn resize() -> Result<()> {
    in_running_lab(plan(), |lab| {
        let mut terminal = Terminal::watch(lab, 24, 80)?;
        let screen = terminal.wait_for("q quit")?;
        ensure!(screen.lines().count() == 24, "{screen}");
        terminal.resize(3, 30)?;
        terminal.wait_for("arrows choose a path  Enter")?;
        let screen = terminal.wait_for("seen by node-a")?;
        ensure!(screen.lines().count() == 3, "{screen}");
        terminal.resize(40, 120)?;
        let screen = terminal.wait_for("node-c")?;
        ensure!(
            terminal.wait_for("q quit")?.lines().count() == 40,
            "{screen}"
        );
        terminal.press("q")?;
        terminal.check_given_back()
    })
}
