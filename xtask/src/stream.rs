//! A command whose output is shown as it comes and read by us too.
//!
//! Cargo says on standard error which test binary runs and the binary says on standard output how
//! it went; only through one pipe do both arrive in order. The awkward case is a process that a
//! test left behind: it holds the pipe open for ever, so the end of the output is not awaited once
//! the command itself has ended and been quiet for a second.

use std::io::{self, IsTerminal, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::command::shown;

/// How long after its end a command's output may still arrive.
const LINGER: Duration = Duration::from_secs(1);

/// Runs a command to its end, shows what it prints and hands it to `hear` as well.
pub fn run(mut command: Command, mut hear: impl FnMut(&[u8])) -> Result<ExitStatus> {
    let colour = if io::stdout().is_terminal() {
        "always"
    } else {
        "never"
    };
    command.env("CARGO_TERM_COLOR", colour);
    run_quietly(command, |chunk| {
        let mut terminal = io::stdout().lock();
        terminal
            .write_all(chunk)
            .and_then(|()| terminal.flush())
            .context("print")?;
        hear(chunk);
        Ok(())
    })
}

/// Runs a command to its end and hands on what it prints.
fn run_quietly(
    mut command: Command,
    hand_on: impl FnMut(&[u8]) -> Result<()>,
) -> Result<ExitStatus> {
    let (reader, writer) = io::pipe().context("make a pipe")?;
    command.stderr(writer.try_clone().context("share the pipe")?);
    command.stdout(writer).stdin(Stdio::null());
    let child = command
        .spawn()
        .with_context(|| format!("start `{}`", shown(&command)))?;
    // It holds our ends for writing, and with them open the output would have no end.
    drop(command);
    relay(child, &chunks(reader), hand_on)
}

/// What arrives on the pipe, in the order of its arrival.
fn chunks(mut reader: impl Read + Send + 'static) -> Receiver<Vec<u8>> {
    let (sender, chunks) = mpsc::sync_channel(64);
    thread::spawn(move || {
        let mut buffer = [0; 8192];
        while let Ok(length @ 1..) = reader.read(&mut buffer) {
            if sender.send(buffer[..length].to_vec()).is_err() {
                break;
            }
        }
    });
    chunks
}

/// Hands on chunks until they end, or until the child has ended and nothing came for a while.
fn relay(
    mut child: Child,
    chunks: &Receiver<Vec<u8>>,
    mut hand_on: impl FnMut(&[u8]) -> Result<()>,
) -> Result<ExitStatus> {
    loop {
        match chunks.recv_timeout(LINGER) {
            Ok(chunk) => hand_on(&chunk)?,
            Err(RecvTimeoutError::Disconnected) => return child.wait().context("await the end"),
            Err(RecvTimeoutError::Timeout) => {
                if let Some(status) = child.try_wait().context("await the end")? {
                    return Ok(status);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    fn sh(script: &str) -> (ExitStatus, String) {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        let mut heard = Vec::new();
        let status = run_quietly(command, |chunk| {
            heard.extend_from_slice(chunk);
            Ok(())
        });
        (status.unwrap(), String::from_utf8(heard).unwrap())
    }

    #[test]
    fn both_outputs_arrive_in_order() {
        let (status, heard) = sh("echo one; echo two >&2; echo three; exit 3");
        assert_eq!(status.code(), Some(3));
        assert_eq!(heard, "one\ntwo\nthree\n");
    }

    #[test]
    fn a_process_left_behind_does_not_keep_us() {
        let started = Instant::now();
        let (status, heard) = sh("echo ended; sleep 20 & exit 0");
        assert!(status.success());
        assert_eq!(heard, "ended\n");
        assert!(started.elapsed() < Duration::from_secs(15));
    }
}
