//! Events as an agent's operator reads them: from `events.jsonl`.
//!
//! The agent may be writing while we read, so a last line without its newline is not there yet. Tests ask
//! for what came after a mark, a sequence number, so that one lab can tell several stories in a row.
//!
//! One fault is told twice: path by path as heartbeats are missed, and a little later as the nodes understand it
//! together. Most stories are about the first alone, and say exactly what has to come; so they are shown that
//! alone, and who wants all of it asks for it. Early warnings are shown to nobody else.

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
/// Number of [`Event::id`] for the observer's own interface that does not work.
pub const LOCAL_INTERFACE_FAILED: u32 = 1124;
/// Number of [`Event::id`] for an interface that reaches all others.
pub const INTERFACE_UP: u32 = 1125;
/// Number of [`Event::id`] for an interface that does not reach all, and nobody knows why.
pub const INTERFACE_UNREACHABLE: u32 = 1126;
/// Number of [`Event::id`] for an interface that is at fault.
pub const INTERFACE_FAILED: u32 = 1127;
/// Number of [`Event::id`] for a network on which all reach each other.
pub const NETWORK_UP: u32 = 1128;
/// Number of [`Event::id`] for a network on which some pair does not.
pub const NETWORK_PARTITIONED: u32 = 1129;
/// Number of [`Event::id`] for a network on which nobody does.
pub const NETWORK_DOWN: u32 = 1130;
/// Number of [`Event::id`] for a node that is no member any more.
pub const MEMBER_REMOVED: u32 = 1135;
/// Number of [`Event::id`] for an observer whose side lost the quorum it had.
pub const QUORUM_LOST: u32 = 1177;
/// Number of [`Event::id`] for an agent that does nothing on a host that answers.
pub const AGENT_STALLED: u32 = 334_301;
/// Number of [`Event::id`] for such an agent that works again.
pub const AGENT_RESUMED: u32 = 334_302;
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
/// Number of [`Event::id`] for a node that became a member.
pub const MEMBER_JOINED: u32 = 334_310;
/// Number of [`Event::id`] for a node that is kept out.
pub const QUARANTINED: u32 = 334_311;
/// Number of [`Event::id`] for something an operator asked for.
pub const OPERATOR: u32 = 334_312;

/// Number of [`Event::id`] for a path that is late or loses, and is not lost.
pub const PATH_LATE: u32 = 334_313;

/// Which events a story is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scope {
    /// What a node says by itself: paths, agents, operators.
    Own,
    /// Also what the cluster's view tells: interfaces, networks, members.
    Whole,
    /// Also early warnings: whether a fault brings one about depends on how long it lasts.
    All,
}

impl Scope {
    /// Whether the event belongs to it.
    pub fn has(self, event: &Event) -> bool {
        match self {
            Scope::Own => !event.is_of_view() && event.id != PATH_LATE,
            Scope::Whole => event.id != PATH_LATE,
            Scope::All => true,
        }
    }
}

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
    /// Why, in words.
    pub cause: Option<String>,
    /// What the event rests on.
    #[serde(default)]
    pub evidence: Value,
}

impl Event {
    /// A word of the evidence, such as `class`; empty where it is absent.
    pub fn word(&self, field: &str) -> &str {
        self.evidence[field].as_str().unwrap_or_default()
    }

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

    /// Whether it tells of what the nodes found out together: 1124 to 1130, and who is a member.
    pub fn is_of_view(&self) -> bool {
        matches!(
            self.id,
            LOCAL_INTERFACE_FAILED
                ..=NETWORK_DOWN | MEMBER_REMOVED | QUORUM_LOST | MEMBER_JOINED | QUARANTINED
        )
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
    scope: Scope,
}

impl EventLog {
    /// The log at this path; it need not exist yet. It shows what is in [`Scope::Own`].
    pub fn at(path: PathBuf) -> Self {
        EventLog {
            path,
            scope: Scope::Own,
        }
    }

    /// The same log, showing what is in this scope.
    pub fn showing(self, scope: Scope) -> Self {
        EventLog { scope, ..self }
    }

    /// All complete events of its scope, oldest first.
    pub fn all(&self) -> Result<Vec<Event>> {
        let mut events = self.read()?;
        events.retain(|event| self.scope.has(event));
        Ok(events)
    }

    fn read(&self) -> Result<Vec<Event>> {
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

    /// Sequence number of the newest event of any scope, 0 if there is none.
    pub fn mark(&self) -> Result<u64> {
        Ok(self.read()?.last().map_or(0, |event| event.seq))
    }

    /// Events of its scope after the mark, oldest first.
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
    fn what_a_node_says_by_itself_is_in_both_scopes() {
        let event = |id: u32| -> Event {
            let line = format!(
                r#"{{"seq":1,"time":"","id":{id},"name":"","severity":"","observer":"a","message":""}}"#
            );
            serde_json::from_str(&line).unwrap()
        };
        for own in [
            PATH_RESTORED,
            PATH_LOST,
            1131,
            1134,
            NODE_LEFT,
            SELF_STARVED,
        ] {
            assert!(Scope::Own.has(&event(own)), "{own}");
            assert!(Scope::Whole.has(&event(own)), "{own}");
        }
        for view in [LOCAL_INTERFACE_FAILED, NETWORK_DOWN, MEMBER_REMOVED] {
            assert!(!Scope::Own.has(&event(view)), "{view}");
            assert!(Scope::Whole.has(&event(view)), "{view}");
        }
        let late = event(PATH_LATE);
        let shown = [Scope::Own, Scope::Whole, Scope::All].map(|scope| scope.has(&late));
        assert_eq!(shown, [false, false, true]);
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
