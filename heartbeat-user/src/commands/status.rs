//! `heartbeat status`: nodes by networks, and what is wrong.

use std::fmt;
use std::io::{self, Write as _};
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::Exit;
use super::client::{self, Part};
use crate::control::Command;
use crate::snapshot::Snapshot;
use table::Style;

mod brief;
mod table;
mod watch;

/// In which form the agent's view is printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// Peers by networks.
    Table,
    /// One line.
    Brief,
    /// All figures, as the agent sent them.
    Json,
}

/// How often it is printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Times {
    /// Now.
    Once,
    /// Once a second, until Ctrl-C.
    EverySecond,
}

/// Prints the agent's view.
pub fn run(socket: &Path, form: Form, times: Times) -> Result<Exit> {
    match times {
        Times::Once => once(socket, form),
        Times::EverySecond => watch::run(socket, form),
    }
}

fn once(socket: &Path, form: Form) -> Result<Exit> {
    let (line, snapshot) = ask(socket)?;
    let text = render(form, &line, &snapshot, Style::of_terminal());
    // Whoever closed the pipe has seen enough.
    let _ = io::stdout().lock().write_all(text.as_bytes());
    Ok(if snapshot.degraded() {
        Exit::Degraded
    } else {
        Exit::Well
    })
}

/// The agent's view, as it sent it and as it is understood.
pub fn ask(socket: &Path) -> Result<(String, Snapshot)> {
    let (part, _) = client::ask(socket, &Command::Status, client::PATIENCE)?;
    let line = match part {
        Part::Data(line) => line,
        Part::Line(_) | Part::Following | Part::Done => bail!("{NotUnderstood}"),
    };
    let snapshot = serde_json::from_str(&line).context(NotUnderstood)?;
    Ok((line, snapshot))
}

fn render(form: Form, line: &str, snapshot: &Snapshot, style: Style) -> String {
    match form {
        Form::Table => table::table(snapshot, style),
        Form::Brief => brief::brief(snapshot) + "\n",
        Form::Json => format!("{line}\n"),
    }
}

/// The answer is no snapshot.
#[derive(Debug)]
struct NotUnderstood;

impl fmt::Display for NotUnderstood {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the agent's answer is not understood: is it of another release than this command? Restart it, or run the command of its release")
    }
}

#[cfg(test)]
mod tests;
