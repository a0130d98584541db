//! This program again, with a part to play.
//!
//! It is started by the link of its own process, because a user that owns nothing may not be able to walk to
//! its file.

use std::env;
use std::process::{Child, Command, ExitCode, Output, Stdio};

use anyhow::{Context, Result, bail};

use crate::{hogs, memory};

const VARIABLE: &str = "HEARTBEAT_TEST_PART";

/// The part this process was given.
pub fn part() -> Option<String> {
    env::var(VARIABLE).ok()
}

/// Plays it; what it returns is printed for the parent.
pub fn play(part: &str) -> ExitCode {
    let mut words = part.split(' ');
    let played = match words.next() {
        Some("memory") => memory::play(words.next().unwrap_or_default()),
        Some("hog") => hogs::play(words),
        _ => Err(anyhow::anyhow!("no part is called {part}")),
    };
    match played {
        Ok(said) => {
            println!("{said}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Starts a child in this part.
pub fn start(part: &str) -> Result<Child> {
    Command::new("/proc/self/exe")
        .env(VARIABLE, part)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("start a child to play {part}"))
}

/// What a child said in this part, and how it ended.
pub fn output(part: &str) -> Result<Output> {
    start(part)?
        .wait_with_output()
        .with_context(|| format!("wait for the child that plays {part}"))
}

/// What a child said that must end well.
pub fn said(part: &str) -> Result<String> {
    let output = output(part)?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        bail!("the child that plays {part}: {}; {stderr}", output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
