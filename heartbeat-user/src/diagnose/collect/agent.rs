//! Asking the agent: its view, and what has happened lately.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::time::UNIX_EPOCH;

use serde::Deserialize;

use crate::commands;
use crate::diagnose::facts::{AgentFacts, Happening};
use crate::diagnose::reading::{Counters, Reading};
use crate::snapshot::Snapshot;

/// Events that are kept, the newest.
const EVENTS_MAX: usize = 2000;
/// Verdicts on frames that a mistake in somebody's configuration or key causes.
const REFUSALS: [&str; 8] = [
    "tag",
    "key",
    "authentication",
    "cluster",
    "receiver",
    "version",
    "length",
    "interval",
];

/// Whether the events are asked for as well.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Events {
    /// The view alone.
    None,
    /// All that are kept.
    All,
}

/// An event's line, as far as it matters.
#[derive(Deserialize)]
struct Line {
    seq: u64,
    time: String,
    id: u32,
    peer: Option<String>,
    network: Option<String>,
    maintenance: Option<bool>,
    #[serde(default)]
    evidence: Evidence,
}

#[derive(Default, Deserialize)]
struct Evidence {
    class: Option<String>,
    outage_ns: Option<u64>,
}

/// One look.
pub fn look(socket: &Path, events: Events) -> Reading<AgentFacts> {
    let view = match commands::status::ask(socket) {
        Ok((_, snapshot)) => view(&snapshot),
        Err(error) => return Reading::Unreadable(format!("{error:#}")),
    };
    match events {
        Events::None => Reading::Known(view),
        Events::All => match happened(socket) {
            Ok(events) => Reading::Known(AgentFacts { events, ..view }),
            Err(error) => Reading::Unreadable(format!("the agent's events: {error:#}")),
        },
    }
}

fn happened(socket: &Path) -> anyhow::Result<Vec<Happening>> {
    let mut newest = VecDeque::new();
    commands::events::each(socket, |line| {
        newest.extend(happening(line));
        if EVENTS_MAX < newest.len() {
            newest.pop_front();
        }
    })?;
    Ok(newest.into())
}

/// `None` for a line that a later release may write otherwise.
fn happening(line: &str) -> Option<Happening> {
    let line: Line = serde_json::from_str(line).ok()?;
    let at = humantime::parse_rfc3339(&line.time).ok()?;
    Some(Happening {
        seq: line.seq,
        at_unix_seconds: at.duration_since(UNIX_EPOCH).ok()?.as_secs_f64(),
        id: line.id,
        peer: line.peer,
        network: line.network,
        maintenance: line.maintenance.unwrap_or(false),
        class: line.evidence.class,
        outage_seconds: line.evidence.outage_ns.map(|ns| ns as f64 / 1e9),
    })
}

fn view(snapshot: &Snapshot) -> AgentFacts {
    let mut paths = BTreeMap::new();
    for path in &snapshot.paths {
        *paths.entry(path.peer.clone()).or_default() += 1;
    }
    let lost = snapshot.paths.iter().filter(|path| path.degraded());
    let problems = snapshot.networks.iter();
    let differing = snapshot
        .config_differs
        .iter()
        .filter(|(_, differs)| **differs);
    let by_group = snapshot
        .networks
        .iter()
        .filter(|network| network.sending == "multicast");
    AgentFacts {
        version: snapshot.version.clone(),
        scheduling: [
            snapshot.scheduling.clone(),
            snapshot.loop_scheduling.clone(),
        ],
        lateness_seconds: snapshot.lateness_max_1m_seconds,
        reload_successful: snapshot.reload_successful,
        config_differs: differing.map(|(peer, _)| peer.clone()).collect(),
        problems: problems
            .filter_map(|network| Some((network.network.clone(), network.problem.clone()?)))
            .collect(),
        multicast: by_group.map(|network| network.network.clone()).collect(),
        refused: refused(snapshot),
        lost: lost
            .map(|path| (path.peer.clone(), path.network.clone(), path.state.clone()))
            .collect(),
        paths,
        events: Vec::new(),
    }
}

fn refused(snapshot: &Snapshot) -> Counters {
    let frames = snapshot.networks.iter().flat_map(|network| {
        let wanted = network
            .frames
            .iter()
            .filter(|(verdict, _)| REFUSALS.contains(&verdict.as_str()));
        wanted.map(|(verdict, count)| (format!("{}.{verdict}", network.network), *count))
    });
    let sending = snapshot.paths.iter().map(|path| {
        let name = format!("{}.{}.send_errors", path.peer, path.network);
        (name, path.send_errors)
    });
    Counters::of(frames.chain(sending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_read_as_it_is_kept() {
        let line = r#"{"seq":17,"time":"1970-01-01T00:00:05.500000Z","id":1122,"name":"PathRestored","severity":"info","observer":"node-a","peer":"node-b","network":"Private Network","message":"...","maintenance":false,"evidence":{"outage_ns":30000000000,"class":"lost","judged_ns":1}}"#;
        let event = happening(line).expect("an event");
        assert_eq!((event.seq, event.id), (17, 1122));
        assert_eq!(event.outage_seconds, Some(30.0));
        assert!((event.at_unix_seconds - 5.5).abs() < 1e-9);
        assert_eq!(happening("{}"), None);
    }
}
