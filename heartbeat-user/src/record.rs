//! An event as users hold it: one JSON object on one line.

use std::time::Duration;

use heartbeat_core::config::Config;
use heartbeat_core::event::Event;
use serde::Serialize;

use crate::clock;

/// One line of the events file; the fields are those of the product's documents, in their order.
#[derive(Clone, Debug, Serialize)]
pub struct Record {
    /// Grows by one per event of a node, across restarts, without holes.
    pub seq: u64,
    /// Wall time, RFC 3339.
    pub time: String,
    /// Number of the event.
    pub id: u32,
    /// Its name.
    pub name: &'static str,
    /// How much it matters.
    pub severity: &'static str,
    /// The node that says it.
    pub observer: String,
    /// Whom it is about.
    pub peer: String,
    /// On which network, by its label.
    pub network: String,
    /// The text.
    pub message: String,
    /// Whether the path is under maintenance.
    pub maintenance: bool,
    /// What proves it.
    pub evidence: Evidence,
}

/// What proves an event. `*_ns` without "outage" are of the observer's CLOCK_MONOTONIC.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Evidence {
    /// Whole intervals without a heartbeat.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missed: Option<u64>,
    /// The last heartbeat before the silence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_arrival_ns: Option<u64>,
    /// When the silence became too long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline_ns: Option<u64>,
    /// The heartbeat that ended it, or the first ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arrival_ns: Option<u64>,
    /// Length of the outage, from heartbeat to heartbeat.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outage_ns: Option<u64>,
    /// Whether it was no longer than twice the detection time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blip: Option<bool>,
    /// When it was judged.
    pub judged_ns: u64,
    /// When it was handed to the disk.
    pub emitted_ns: u64,
}

impl Record {
    /// The record of an event, or `None` where `config` does not have its path. Number and moment of
    /// emission come later, from the journal.
    pub fn new(event: &Event, config: &Config, wall: Duration) -> Option<Self> {
        let path = config.paths.get(event.path().position())?;
        Some(Record {
            seq: 0,
            time: clock::rfc3339(wall),
            id: event.kind().id(),
            name: event.kind().name(),
            severity: event.kind().severity().label(),
            observer: config.name.clone(),
            peer: path.peer_name.clone(),
            network: path.network_label.clone(),
            message: event.message(config)?,
            maintenance: false,
            evidence: Evidence::new(event),
        })
    }

    /// For the log: what the file says, shorter.
    pub fn line(&self) -> String {
        let evidence = &self.evidence;
        let detail = match (evidence.missed, evidence.outage_ns) {
            (Some(missed), _) => {
                let silent = evidence
                    .judged_ns
                    .saturating_sub(evidence.last_arrival_ns.unwrap_or(0));
                format!("missed {missed}, last heard {} before", seconds(silent))
            }
            (None, Some(outage)) => format!("after {}", seconds(outage)),
            (None, None) => "heard for the first time".to_owned(),
        };
        format!(
            "{} {} seq {}: {} ({detail})",
            self.id, self.name, self.seq, self.message
        )
    }
}

impl Evidence {
    fn new(event: &Event) -> Self {
        match event {
            Event::PathLost {
                judged,
                last_arrival,
                deadline,
                missed,
                ..
            } => Evidence {
                missed: Some(*missed),
                last_arrival_ns: Some(last_arrival.ns()),
                deadline_ns: Some(deadline.ns()),
                judged_ns: judged.ns(),
                ..Evidence::default()
            },
            Event::PathRestored {
                judged,
                arrival,
                outage,
                ..
            } => Evidence {
                last_arrival_ns: outage.map(|outage| outage.last_arrival.ns()),
                arrival_ns: Some(arrival.ns()),
                outage_ns: outage.map(|outage| outage.length.as_nanos() as u64),
                blip: outage.map(|outage| outage.blip),
                judged_ns: judged.ns(),
                ..Evidence::default()
            },
        }
    }
}

fn seconds(ns: u64) -> String {
    format!("{:.3} s", Duration::from_nanos(ns).as_secs_f64())
}
