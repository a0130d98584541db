//! Events as an agent's operator reads them: from `events.jsonl`.
//!
//! The agent may be writing while we read, so a last line without its newline is not there yet. Tests ask
//! for what came after a mark, a sequence number, so that one lab can tell several stories in a row.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::Value;

use super::wait;

/// Number of [`Event::id`] for a path that is up (again).
pub const PATH_RESTORED: u32 = 1122;
/// Number of [`Event::id`] for a path that is lost.
pub const PATH_LOST: u32 = 1123;
/// Number of [`Event::id`] for a node that said it leaves.
pub const NODE_LEFT: u32 = 334_303;
/// Number of [`Event::id`] for an agent that said it restarts.
pub const AGENT_RESTARTING: u32 = 334_304;
/// Number of [`Event::id`] for a peer that runs another configuration.
pub const CONFIG_DIFFERS: u32 = 334_305;
/// Number of [`Event::id`] for a network whose group does not get through where unicast does.
pub const MULTICAST_FAILED: u32 = 334_306;
/// Number of [`Event::id`] for an incarnation that went back.
pub const INCARNATION_REFUSED: u32 = 334_307;
/// Number of [`Event::id`] for a path that is lost again and again.
pub const PATH_FLAPPING: u32 = 334_308;
/// Number of [`Event::id`] for a node that was itself too late to judge.
pub const SELF_STARVED: u32 = 334_309;
/// Number of [`Event::id`] for something an operator asked for.
pub const OPERATOR: u32 = 334_312;

/// One line of `events.jsonl`. Fields that later releases add are ignored.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct Event {
    /// Grows by one per event of a node.
    pub seq: u64,
    /// Wall time, RFC 3339.
    pub time: String,
    /// The event's number, such as 1123.
    pub id: u32,
    /// The event's name, such as `PathLost`.
    pub name: String,
    /// `info`, `warning`, `error` or `critical`.
    pub severity: String,
    /// The node that says it.
    pub observer: String,
    /// The node it is about.
    pub peer: Option<String>,
    /// Label of the network it is about.
    pub network: Option<String>,
    /// The text for people.
    pub message: String,
    /// Whether it fell into announced maintenance.
    #[serde(default)]
    pub maintenance: bool,
    /// What the event rests on.
    #[serde(default)]
    pub evidence: Value,
}

impl Event {
    /// A number of the evidence, such as `deadline_ns`.
    pub fn evidence(&self, field: &str) -> Result<u64> {
        self.evidence
            .get(field)
            .and_then(Value::as_u64)
            .with_context(|| {
                format!(
                    "event {self} has no number {field} in its evidence: {}",
                    self.evidence
                )
            })
    }

    /// Whether it is this event about this peer on the network of this label.
    pub fn is(&self, id: u32, peer: &str, network: &str) -> bool {
        self.id == id
            && self.peer.as_deref() == Some(peer)
            && self.network.as_deref() == Some(network)
    }
}

impl std::fmt::Display for Event {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Event {
            seq, id, observer, ..
        } = self;
        write!(f, "{observer}#{seq} {id}")?;
        if let Some(peer) = &self.peer {
            write!(f, " about {peer}")?;
        }
        if let Some(network) = &self.network {
            write!(f, " on {network}")?;
        }
        Ok(())
    }
}

/// The events file of one node.
#[derive(Clone, Debug)]
pub struct EventLog {
    path: PathBuf,
}

impl EventLog {
    /// The log at this path; it need not exist yet.
    pub fn at(path: PathBuf) -> Self {
        EventLog { path }
    }

    /// All complete events, oldest first.
    pub fn all(&self) -> Result<Vec<Event>> {
        let text = match fs::read_to_string(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            read => read.with_context(|| format!("read {}", self.path.display()))?,
        };
        complete_lines(&text)
            .map(|line| {
                serde_json::from_str(line).with_context(|| {
                    format!("understand a line of {}: {line}", self.path.display())
                })
            })
            .collect()
    }

    /// Sequence number of the newest event, 0 if there is none.
    pub fn mark(&self) -> Result<u64> {
        Ok(self.all()?.last().map_or(0, |event| event.seq))
    }

    /// Events after the mark, oldest first.
    pub fn since(&self, mark: u64) -> Result<Vec<Event>> {
        Ok(self
            .all()?
            .into_iter()
            .filter(|event| mark < event.seq)
            .collect())
    }

    /// The first event after the mark that `wanted` accepts, waiting at most `limit` for it.
    pub fn wait(
        &self,
        what: &str,
        mark: u64,
        limit: Duration,
        wanted: impl Fn(&Event) -> bool,
    ) -> Result<Event> {
        wait::until(what, limit, || {
            Ok(self.since(mark)?.into_iter().find(&wanted))
        })
    }
}

fn complete_lines(text: &str) -> impl Iterator<Item = &str> {
    let complete = text.rfind('\n').map_or("", |end| &text[..end]);
    complete.lines()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_still_being_written_is_not_there_yet() {
        assert_eq!(
            complete_lines("one\ntwo\nthr").collect::<Vec<_>>(),
            ["one", "two"]
        );
        assert_eq!(complete_lines("on").count(), 0);
    }

    #[test]
    fn an_event_is_read_as_the_documents_print_it() {
        let line = r#"{"seq":17,"time":"2026-11-22T13:00:05.123456Z","id":1123,"name":"PathLost",
            "severity":"warning","observer":"node-a","peer":"node-b","network":"Private Network",
            "message":"...","maintenance":false,"evidence":{"missed":2,"deadline_ns":7}}"#;
        let event: Event = serde_json::from_str(line).unwrap();
        assert!(event.is(PATH_LOST, "node-b", "Private Network"));
        assert_eq!(event.evidence("deadline_ns").unwrap(), 7);
        assert!(event.evidence("outage_ns").is_err());
        assert_eq!(
            event.to_string(),
            "node-a#17 1123 about node-b on Private Network"
        );
    }
}
