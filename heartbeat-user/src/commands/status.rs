//! `heartbeat status`: nodes by networks, and what is wrong.

use std::fmt;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::Exit;
use super::client::{self, Part};
use crate::control::Command;
use crate::local_time::Zone;
use crate::snapshot::Snapshot;
use table::Room;
use text::Style;

mod brief;
mod cell;
mod head;
mod table;
mod text;
mod view;
pub mod watch;

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

/// Prints the agent's view.
pub fn run(socket: &Path, form: Form) -> Result<Exit> {
    let (line, snapshot) = ask(socket)?;
    let text = render(form, &line, &snapshot);
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

fn render(form: Form, line: &str, snapshot: &Snapshot) -> String {
    match form {
        Form::Table => {
            let (style, room) = standard_output();
            let lines = view::lines(snapshot, Zone::Local, room);
            lines.iter().map(|line| line.printed(style)).collect()
        }
        Form::Brief => brief::brief(snapshot) + "\n",
        Form::Json => format!("{line}\n"),
    }
}

/// What standard output bears.
fn standard_output() -> (Style, Room) {
    if !io::stdout().is_terminal() {
        return (Style::Plain, Room::Endless);
    }
    let style = match colours() {
        Colours::Wanted => Style::Colour,
        Colours::Unwanted => Style::Plain,
    };
    let columns = ratatui::crossterm::terminal::size().map_or(80, |(columns, _)| columns);
    (style, Room::Columns(columns.into()))
}

/// Whether whoever reads wants colours.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Colours {
    Wanted,
    Unwanted,
}

/// As <https://no-color.org> has it.
fn colours() -> Colours {
    match std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) {
        true => Colours::Unwanted,
        false => Colours::Wanted,
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
