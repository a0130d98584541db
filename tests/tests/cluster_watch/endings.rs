//! However a watch ends, its terminal is as it was.

use std::process::Stdio;

use anyhow::{Result, ensure};
use heartbeat_tests::lab::cast::A;
use heartbeat_tests::suite::{Test, in_running_lab};
use nix::sys::signal::Signal;

use super::plan;
use super::terminal::{CTRL_C, Terminal};

pub const TESTS: &[Test] = &[
    (
        "q, Ctrl-C, SIGINT, SIGTERM and SIGHUP give the terminal back as it was",
        given_back,
    ),
    (
        "without a terminal a watch says what programs use instead",
        no_terminal,
    ),
];

fn given_back() -> Result<()> {
    in_running_lab(plan(), |lab| {
        for keys in ["q", CTRL_C] {
            let mut terminal = watching(lab)?;
            terminal.press(keys)?;
            terminal.check_given_back()?;
        }
        for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
            let terminal = &mut watching(lab)?;
            terminal.signal(signal)?;
            terminal.check_given_back()?;
        }
        // A watch that begins while no agent answers does not take the terminal at all.
        lab.stop_agent(A)?;
        let mut terminal = Terminal::watch(lab, 24, 80)?;
        let status = terminal.end()?;
        let raw = terminal.raw()?;
        ensure!(status.code() == Some(3), "{status:?}: {raw}");
        ensure!(
            raw.contains("no agent answers") && !raw.contains('\x1b'),
            "{raw:?}"
        );
        Ok(())
    })
}

/// A watch whose terminal is taken.
fn watching(lab: &heartbeat_tests::lab::Lab) -> Result<Terminal> {
    let mut terminal = Terminal::watch(lab, 24, 80)?;
    terminal.wait_for("q quit")?;
    ensure!(terminal.is_taken()?, "nothing is to be given back");
    ensure!(
        terminal.raw()?.contains("\x1b[?1049h"),
        "it draws over what was there"
    );
    Ok(terminal)
}

fn no_terminal() -> Result<()> {
    in_running_lab(plan(), |lab| {
        let output = lab
            .heartbeat(A)?
            .args(["status", "--watch", "--socket"])
            .arg(lab.files().socket(A))
            .stdin(Stdio::null())
            .output()?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(
            output.status.code() == Some(2),
            "{:?}: {said}",
            output.status
        );
        ensure!(output.stdout.is_empty(), "{:?}", output.stdout);
        for part in ["heartbeat status --json", "heartbeat events --follow"] {
            ensure!(said.contains(part), "{part} is not in {said}");
        }
        Ok(())
    })
}
