//! `heartbeat events --follow` and `--since`.

use std::fs::{self, File};
use std::io;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use heartbeat_tests::lab::{Lab, wait};
use heartbeat_tests::suite::{Test, in_lab, in_running_lab};
use serde_json::Value;

use crate::ground::{
    A, Beside, LIMIT, check_whole, configure, make_events, plan, run, seqs, state, text, told,
    wait_quiet, write_history,
};

pub const TESTS: &[Test] = &[
    (
        "a follower misses and repeats nothing across restarts, a crash and rotations",
        restarts_and_rotations,
    ),
    (
        "a follower that did not read for long goes on where it was",
        slow_follower,
    ),
    ("a follower waits for an agent that is not there yet", early),
    ("--since takes times and durations back", since),
];

/// About as many events as fit before a rotation of the smallest file that may be configured.
const BEFORE_ROTATION: u64 = 50;
/// Rounds of four events that fill a file for certain.
const ROUNDS_MAX: usize = 40;

fn restarts_and_rotations() -> Result<()> {
    in_lab(plan(), |lab| {
        configure(lab, "events_kept = \"64KiB\"")?;
        write_history(lab, BEFORE_ROTATION, 400)?;
        lab.start_agents()?;
        lab.wait_all_up()?;
        let follower = Beside::start(lab, "follower", &["events", "--follow", "--json"])?;
        wait_for_newest(lab, &follower)?;
        for round in 0..3 {
            make_events(lab)?;
            wait_for_newest(lab, &follower)?;
            match round {
                0 => lab.restart_agent(A)?,
                _ => {
                    lab.kill_agent(A)?;
                    lab.start_agent(A)?;
                }
            }
            lab.wait_all_up()?;
        }
        // Until the file that the follower has begun with is gone.
        for _ in 0..ROUNDS_MAX {
            if 1 < told(lab)?[0] {
                break;
            }
            make_events(lab)?;
        }
        wait_quiet(lab)?;
        wait_for_newest(lab, &follower)?;
        let seen = seqs(&follower.output()?)?;
        ensure!(seen.first() == Some(&1), "it began with {:?}", seen.first());
        check_whole(&seen)?;
        let kept = told(lab)?;
        check_whole(&kept)?;
        ensure!(
            1 < kept[0] && kept.last() == seen.last(),
            "nothing was rotated away: {kept:?}"
        );
        let old = fs::read_to_string(state(lab)?.join("events.1.jsonl"))?;
        ensure!(!old.is_empty(), "nothing was rotated");
        let errors = follower.errors()?;
        ensure!(
            errors.matches("the connection ended after event").count() == 3
                && errors
                    .matches("connected to the agent, after event")
                    .count()
                    == 3,
            "it did not say that the agent was away: {errors}"
        );
        Ok(())
    })
}

/// Waits until the follower has printed the newest event of node-a.
fn wait_for_newest(lab: &Lab, follower: &Beside) -> Result<()> {
    let newest = *told(lab)?.last().context("there are events")?;
    follower.wait_for_seq(newest)
}

fn slow_follower() -> Result<()> {
    in_lab(plan(), |lab| {
        configure(lab, "")?;
        // More than the buffers of a socket and a pipe hold.
        write_history(lab, 4000, 400)?;
        lab.start_agents()?;
        lab.wait_all_up()?;
        let (follower, mut unread) =
            Beside::start_piped(lab, "follower", &["events", "--follow", "--json"])?;
        heartbeat_tests::lab::interrupt::sleep(Duration::from_secs(12))?;
        make_events(lab)?;
        let mut out = File::create(&follower.out)?;
        thread::spawn(move || io::copy(&mut unread, &mut out));
        wait_for_newest(lab, &follower)?;
        let seen = seqs(&follower.output()?)?;
        check_whole(&seen)?;
        let errors = follower.errors()?;
        ensure!(
            errors.contains("the connection ended after event"),
            "nobody left it: {errors}"
        );
        Ok(())
    })
}

fn early() -> Result<()> {
    in_lab(plan(), |lab| {
        let follower = Beside::start(lab, "follower", &["events", "--follow", "--json"])?;
        wait::until("the follower to say that it waits", LIMIT, || {
            let said = follower.errors()?;
            Ok((said.contains("no agent answers") && said.contains("Waiting")).then_some(()))
        })?;
        lab.start_agents()?;
        lab.wait_all_up()?;
        wait_for_newest(lab, &follower)?;
        check_whole(&seqs(&follower.output()?)?)
    })
}

fn since() -> Result<()> {
    in_running_lab(plan(), |lab| {
        make_events(lab)?;
        let all = run(lab, &["events", "--json"])?;
        let lines: Vec<Value> = text(&all.stdout)
            .lines()
            .map(serde_json::from_str)
            .collect::<Result<_, _>>()?;
        ensure!(6 <= lines.len(), "only {} events", lines.len());
        let third = lines[2]["time"].as_str().context("a time")?;
        let count = |since: &str| -> Result<usize> {
            let output = run(lab, &["events", "--json", "--since", since])?;
            ensure!(output.status.success(), "{}", text(&output.stderr));
            Ok(text(&output.stdout).lines().count())
        };
        let due = lines
            .iter()
            .filter(|event| event["time"].as_str() >= Some(third))
            .count();
        ensure!(count(third)? == due && due < lines.len(), "since {third}");
        ensure!(count("1h")? == lines.len(), "since 1h");
        ensure!(count("now")? == 0, "since now");
        let none = run(lab, &["events", "--since", "0s"])?;
        ensure!(
            text(&none.stderr) == "no new events\n",
            "{}",
            text(&none.stderr)
        );
        let short = text(&run(lab, &["events"])?.stdout);
        ensure!(
            short.lines().count() == lines.len()
                && short.contains("node-b on Private Network: missed"),
            "{short}"
        );
        Ok(())
    })
}
