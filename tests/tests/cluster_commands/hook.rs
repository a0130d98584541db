//! `heartbeat events --cursor --exec`: every event is handled at least once, and in order.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use heartbeat_tests::lab::{Lab, wait};
use heartbeat_tests::suite::{Test, in_running_lab};
use nix::sys::signal::Signal;

use crate::ground::{
    Beside, LIMIT, check_whole, complete, make_events, plan, run, seqs, text, told, wait_quiet,
};

pub const TESTS: &[Test] = &[
    (
        "a command that fails gets its event again, and nothing overtakes it",
        failing_command,
    ),
    (
        "whoever is killed in the middle of an event handles it again",
        killed_in_between,
    ),
    ("two cannot use one cursor", one_cursor),
    (
        "a cursor ahead of the node's events is refused, not waited for",
        foreign_cursor,
    ),
];

struct Files {
    cursor: String,
    handled: PathBuf,
    obstacle: PathBuf,
}

impl Files {
    fn of(lab: &Lab) -> Self {
        let file = |name: &str| lab.name().directory().join(name);
        Files {
            cursor: file("cursor").display().to_string(),
            handled: file("handled"),
            obstacle: file("obstacle"),
        }
    }

    /// Notes the event, then fails where the obstacle is.
    fn command(&self) -> String {
        format!(
            "cat >> {}; test ! -e {}",
            self.handled.display(),
            self.obstacle.display()
        )
    }

    fn handled(&self) -> Result<Vec<u64>> {
        seqs(&complete(
            &fs::read_to_string(&self.handled).unwrap_or_default(),
        ))
    }

    fn cursor(&self) -> Result<u64> {
        Ok(fs::read_to_string(&self.cursor)?.trim().parse()?)
    }
}

fn failing_command() -> Result<()> {
    in_running_lab(plan(), |lab| {
        wait_quiet(lab)?;
        let files = Files::of(lab);
        let command = files.command();
        let arguments = [
            "events",
            "--follow",
            "--cursor",
            &files.cursor,
            "--exec",
            &command,
        ];
        let follower = Beside::start(lab, "hook", &arguments)?;
        let newest = newest(lab)?;
        wait_for_cursor(&files, newest)?;
        check_whole(&files.handled()?)?;
        fs::write(&files.obstacle, "")?;
        make_events(lab)?;
        let stuck = newest + 1;
        wait::until("three attempts at one event", LIMIT, || {
            let attempts = files.handled()?.iter().filter(|seq| **seq == stuck).count();
            Ok((3 <= attempts).then_some(()))
        })?;
        ensure!(files.cursor()? == newest, "the cursor passed a failure");
        ensure!(
            files.handled()?.last() == Some(&stuck),
            "a later event overtook: {:?}",
            files.handled()?
        );
        let said = follower.errors()?;
        for word in [
            format!("exit status: 1 for event {stuck}; again in 1 s"),
            format!("exit status: 1 for event {stuck}; again in 2 s"),
        ] {
            ensure!(said.contains(&word), "{said:?} does not say {word:?}");
        }
        follower.signal(Signal::SIGKILL)?;
        drop(follower);
        fs::remove_file(&files.obstacle)?;
        catch_up(lab, &files)
    })
}

fn killed_in_between() -> Result<()> {
    in_running_lab(plan(), |lab| {
        let files = Files::of(lab);
        make_events(lab)?;
        let slow = format!("cat >> {}; exec sleep 0.3", files.handled.display());
        let arguments = [
            "events",
            "--follow",
            "--cursor",
            &files.cursor,
            "--exec",
            &slow,
        ];
        for kills in 1..=3 {
            let mut follower = Beside::start(lab, "hook", &arguments)?;
            let before = files.handled()?.len();
            wait::until("two events to be handled", LIMIT, || {
                Ok((before + 2 <= files.handled()?.len()).then_some(()))
            })?;
            follower.signal(Signal::SIGKILL)?;
            follower.wait_for_end()?;
            let (cursor, handled) = (files.cursor()?, files.handled()?);
            let last = *handled.last().context("some were handled")?;
            ensure!(
                cursor < last && last <= cursor + 2,
                "kill {kills}: cursor {cursor}, handled {handled:?}"
            );
        }
        catch_up(lab, &files)
    })
}

/// Handles what is left, and makes sure that each event was handled, in order, some twice.
fn catch_up(lab: &Lab, files: &Files) -> Result<()> {
    let command = files.command();
    let output = run(
        lab,
        &["events", "--cursor", &files.cursor, "--exec", &command],
    )?;
    ensure!(output.status.success(), "{}", text(&output.stderr));
    let mut handled = files.handled()?;
    let all = handled.len();
    handled.dedup();
    let repeated = all - handled.len();
    handled.sort_unstable();
    handled.dedup();
    ensure!(handled == told(lab)?, "handled {handled:?}");
    ensure!(0 < repeated, "nothing was handled twice: what was killed?");
    ensure!(files.cursor()? == newest(lab)?, "the cursor is behind");
    let again = run(
        lab,
        &["events", "--cursor", &files.cursor, "--exec", &command],
    )?;
    ensure!(
        again.status.success() && files.handled()?.len() == all,
        "the cursor did not hold"
    );
    Ok(())
}

fn one_cursor() -> Result<()> {
    in_running_lab(plan(), |lab| {
        let files = Files::of(lab);
        wait_quiet(lab)?;
        let arguments = ["events", "--follow", "--cursor", &files.cursor];
        let follower = Beside::start(lab, "first", &arguments)?;
        wait_for_cursor(&files, newest(lab)?)?;
        let second = run(lab, &["events", "--cursor", &files.cursor])?;
        let said = text(&second.stderr);
        ensure!(
            second.status.code() == Some(2) && said.contains("another `heartbeat events`"),
            "{said}"
        );
        drop(follower);
        let third = run(lab, &["events", "--cursor", &files.cursor])?;
        ensure!(
            third.status.success() && text(&third.stderr) == "no new events\n",
            "{}",
            text(&third.stderr)
        );
        Ok(())
    })
}

fn foreign_cursor() -> Result<()> {
    in_running_lab(plan(), |lab| {
        let files = Files::of(lab);
        fs::write(&files.cursor, "1000000\n")?;
        for arguments in [
            &["events", "--cursor", &files.cursor] as &[&str],
            &["events", "--follow", "--cursor", &files.cursor],
        ] {
            let output = run(lab, arguments)?;
            let said = text(&output.stderr);
            ensure!(
                output.status.code() == Some(2) && said.contains("remove the cursor file"),
                "{said}"
            );
        }
        Ok(())
    })
}

fn newest(lab: &Lab) -> Result<u64> {
    told(lab)?.last().copied().context("there are events")
}

fn wait_for_cursor(files: &Files, seq: u64) -> Result<()> {
    wait::until(&format!("the cursor to reach {seq}"), LIMIT, || {
        Ok((files.cursor().ok() == Some(seq)).then_some(()))
    })
}
