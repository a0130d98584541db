//! `heartbeat events`: the events, oldest first.

use std::io::{self, ErrorKind, Write as _};
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

use super::{Exit, client};
use crate::control::Command;

/// Prints all events: as they are kept, or one short line each.
pub fn run(socket: &Path, json: bool) -> Result<Exit> {
    let mut out = io::stdout().lock();
    let mut count = 0;
    let printed = client::ask(socket, Command::Events, |line| {
        count += 1;
        let shown = if json {
            line.to_owned()
        } else {
            short(line).unwrap_or_else(|| line.to_owned())
        };
        writeln!(out, "{shown}").context("print")
    });
    match printed {
        Err(error) if is_closed_pipe(&error) => return Ok(Exit::Well),
        other => other?,
    }
    if count == 0 && !json {
        eprintln!("no events yet");
    }
    Ok(Exit::Well)
}

/// `head` has seen enough.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

/// Time, number, name, about whom, and how long.
fn short(line: &str) -> Option<String> {
    let event: Value = serde_json::from_str(line).ok()?;
    let text = |key: &str| event.get(key)?.as_str().map(str::to_owned);
    let evidence = |key: &str| event.get("evidence")?.get(key)?.as_u64();
    let detail = match (evidence("missed"), evidence("outage_ns")) {
        (Some(missed), _) => format!("missed {missed}"),
        (None, Some(outage)) => format!("after {:.3} s", outage as f64 / 1e9),
        (None, None) => "heard for the first time".to_owned(),
    };
    Some(format!(
        "{:>6}  {}  {} {:<13} {} on {}: {detail}",
        event.get("seq")?.as_u64()?,
        text("time")?,
        event.get("id")?.as_u64()?,
        text("name")?,
        text("peer")?,
        text("network")?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_line_says_who_what_and_how_long() {
        let line = r#"{"seq":17,"time":"2026-11-22T13:00:05.123456Z","id":1122,"name":"PathRestored","peer":"node-b","network":"Private Network","evidence":{"outage_ns":2600000000}}"#;
        assert_eq!(
            short(line).as_deref(),
            Some(
                "    17  2026-11-22T13:00:05.123456Z  1122 PathRestored  node-b on Private Network: after 2.600 s"
            )
        );
    }
}
