//! `heartbeat status` as people and scripts see it.

use std::fs::File;
use std::io::Read as _;
use std::os::fd::AsFd as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use heartbeat_tests::lab::feed::Feed;
use heartbeat_tests::lab::transcript::Expected;
use heartbeat_tests::lab::{Lab, interrupt, wait};
use heartbeat_tests::suite::{Test, in_running_lab};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::pty::{Winsize, openpty};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::ground::{A, B, Beside, LIMIT, PRIVATE, heartbeat, plan, run, text};

pub const TESTS: &[Test] = &[
    ("one line says how many paths are up and who is lost", brief),
    (
        "a watch prints a view a second, goes on while the agent is away, and ends well on Ctrl-C",
        watch,
    ),
    (
        "on a terminal each view takes the place of the last",
        watch_on_a_terminal,
    ),
];

fn brief() -> Result<()> {
    in_running_lab(plan().network("public", "Public Network"), |lab| {
        let well = run(lab, &["status", "--brief"])?;
        ensure!(
            text(&well.stdout) == "node-a: all 4 paths up\n",
            "{}",
            text(&well.stdout)
        );
        ensure!(well.status.code() == Some(0), "{:?}", well.status);
        let mut feed = Feed::from_now(lab)?;
        let _fault = lab.drop_between(B, A, PRIVATE)?;
        feed.wait_for(&Expected::lost([lab.plan().path(A, B, PRIVATE)]), LIMIT)?;
        let lost = run(lab, &["status", "--brief"])?;
        // What the nodes make of it together may follow by then.
        let head = "node-a: 3 of 4 paths up, node-b LOST on Private Network";
        ensure!(
            text(&lost.stdout).starts_with(head) && text(&lost.stdout).lines().count() == 1,
            "{}",
            text(&lost.stdout)
        );
        ensure!(lost.status.code() == Some(1), "{:?}", lost.status);
        Ok(())
    })
}

fn watch() -> Result<()> {
    in_running_lab(plan(), |lab| {
        let begin = Instant::now();
        let mut watch = Beside::start(lab, "watch", &["status", "--watch"])?;
        wait_for_views(&watch, 3)?;
        let (count, seconds) = (views(&watch)?, begin.elapsed().as_secs());
        ensure!(count as u64 <= seconds + 1, "{count} views in {seconds} s");
        lab.stop_agent(A)?;
        wait::until("the watch to say that the agent is away", LIMIT, || {
            Ok(watch.output()?.contains("no agent answers").then_some(()))
        })?;
        lab.start_agent(A)?;
        let seen = views(&watch)?;
        wait_for_views(&watch, seen + 2)?;
        ensure!(!watch.output()?.contains('\x1b'), "escape codes in a file");
        watch.signal(Signal::SIGINT)?;
        let status = watch.wait_for_end()?;
        ensure!(status.code() == Some(0), "Ctrl-C ended it with {status:?}");
        Ok(())
    })
}

fn wait_for_views(watch: &Beside, count: usize) -> Result<()> {
    wait::until(&format!("{count} views"), LIMIT, || {
        Ok((count <= views(watch)?).then_some(()))
    })
}

fn views(watch: &Beside) -> Result<usize> {
    Ok(watch.output()?.matches("seen by node-a").count())
}

fn watch_on_a_terminal() -> Result<()> {
    in_running_lab(plan(), |lab| {
        let shown = on_a_terminal(lab, 24)?;
        let views: Vec<&str> = shown.split("\x1b[H").collect();
        ensure!(3 <= views.len(), "{} views: {shown:?}", views.len());
        ensure!(
            views[0] == "\x1b[2J",
            "it does not begin with a clear screen: {shown:?}"
        );
        let view = views[1];
        ensure!(
            view.contains("NODE") && view.contains("node-c") && view.ends_with("\x1b[J"),
            "{view:?}"
        );
        let small = on_a_terminal(lab, 3)?;
        let view = small.split("\x1b[H").nth(1).context("a view")?;
        ensure!(
            view.matches('\n').count() == 1 && view.contains("more lines"),
            "{view:?}"
        );
        Ok(())
    })
}

/// What a watch of two seconds and a half shows on a terminal of so many rows.
fn on_a_terminal(lab: &Lab, rows: u16) -> Result<String> {
    let size = Winsize {
        ws_row: rows,
        ws_col: 80,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    let terminal = openpty(Some(&size), None).context("open a terminal")?;
    let mut child = heartbeat(lab, &["status", "--watch"])?
        .stdin(Stdio::null())
        .stdout(terminal.slave)
        .spawn()?;
    let end = Instant::now() + Duration::from_millis(2500);
    let mut master = File::from(terminal.master);
    let mut shown = Vec::new();
    while Instant::now() < end {
        interrupt::check()?;
        let mut ready = [PollFd::new(master.as_fd(), PollFlags::POLLIN)];
        if 0 < poll(&mut ready, PollTimeout::from(50_u8))? {
            let mut chunk = [0; 4096];
            let length = master.read(&mut chunk)?;
            shown.extend_from_slice(&chunk[..length]);
        }
    }
    kill(Pid::from_raw(i32::try_from(child.id())?), Signal::SIGINT)?;
    let status = child.wait()?;
    ensure!(status.code() == Some(0), "Ctrl-C ended it with {status:?}");
    Ok(text(&shown).replace("\r\n", "\n"))
}
