//! `heartbeat replay`: judges a recording again and prints the events.
//!
//! The core is the same, so the events are those that the recorded agent told, but for what its core did not
//! judge: orders, changes by configuration, maintenance, and the moment at which an event reached the disk.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use anyhow::{Context, Result};

use super::events::short;
use super::{Exit, client};
use crate::record::Record;
use crate::recording::line::End;
use crate::recording::lines::Ending;
use crate::recording::replay::{Replay, Step};

/// How events are printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// A short line each.
    Short,
    /// As they are kept: a JSON object each.
    Json,
}

/// Replays the recording in `file`. Degraded: it does not go as far as the agent did.
pub fn run(file: &Path, form: Form) -> Result<Exit> {
    let context = || format!("replay {}", file.display());
    let source = File::open(file).with_context(context)?;
    let mut replay = Replay::open(BufReader::new(source)).with_context(context)?;
    let version = &replay.begin().version;
    if version != env!("CARGO_PKG_VERSION") {
        eprintln!(
            "recorded by heartbeat {version}, replayed by {}: events may differ",
            env!("CARGO_PKG_VERSION")
        );
    }
    loop {
        match replay.step().with_context(context)? {
            Step::Events(events) => events.iter().try_for_each(|event| print(event, form))?,
            Step::Ended(ending) => {
                eprintln!("{}", summary(&replay, ending));
                return Ok(match ending {
                    Ending::Said(End::Stopped) => Exit::Well,
                    Ending::Said(End::Overflow | End::Limit) | Ending::Cut => Exit::Degraded,
                });
            }
        }
    }
}

fn print(event: &Record, form: Form) -> Result<()> {
    let line = serde_json::to_string(event).context("write an event as JSON")?;
    client::print(&match form {
        Form::Short => short(&line),
        Form::Json => line,
    })
}

/// What was replayed, and how it ended.
fn summary<R: std::io::BufRead>(replay: &Replay<R>, ending: Ending) -> String {
    let begin = replay.begin();
    let end = match ending {
        Ending::Said(End::Stopped) => "until its agent ended",
        Ending::Said(End::Overflow) => "until the disk did not keep up: the agent ran on",
        Ending::Said(End::Limit) => "until the file was as long as it may be: the agent ran on",
        Ending::Cut => {
            "without an end: the agent runs on, was killed, or its disk was full (its log says so)"
        }
    };
    format!(
        "{} of {}: {} inputs in {:.3} s, {} events, {end}",
        begin.node,
        crate::clock::rfc3339(std::time::Duration::from_nanos(begin.wall)),
        replay.inputs(),
        replay.length().as_secs_f64(),
        replay.events(),
    )
}
