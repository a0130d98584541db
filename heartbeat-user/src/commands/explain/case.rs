//! One event with those that belong to it.

use std::time::{Duration, SystemTime};

use serde::Deserialize;

use crate::commands::events::Since;
use crate::record::findings::Findings;

/// One event as it is kept; what is not explained is not read.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Line {
    pub seq: u64,
    pub time: String,
    pub id: u32,
    pub name: String,
    pub observer: String,
    pub peer: Option<String>,
    pub network: Option<String>,
    pub message: String,
    pub cause: Option<String>,
    pub maintenance: bool,
    pub evidence: Evidence,
}

/// What proves it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Evidence {
    pub missed: Option<u64>,
    pub last_arrival_ns: Option<u64>,
    pub deadline_ns: Option<u64>,
    pub arrival_ns: Option<u64>,
    pub outage_ns: Option<u64>,
    pub blip: Option<bool>,
    pub class: Option<String>,
    pub certainty: Option<String>,
    pub place: Option<String>,
    pub scope: Option<String>,
    pub findings: Option<Findings>,
    pub trail: Vec<(u64, u64, u64, u16)>,
    pub judged_ns: u64,
    pub emitted_ns: Option<u64>,
}

impl Line {
    /// From its JSON, or `None` for something else.
    pub fn parse(line: &str) -> Option<Line> {
        serde_json::from_str(line).ok()
    }

    /// When it was judged, in wall time.
    pub fn moment(&self) -> Option<SystemTime> {
        humantime::parse_rfc3339(&self.time).ok()
    }

    /// Whether it is of this moment or earlier.
    pub fn is_until(&self, at: Since) -> bool {
        self.moment().is_none_or(|moment| at.is_not_before(moment))
    }

    /// A moment of the observer's monotonic clock in wall time.
    pub fn wall(&self, ns: u64) -> Option<SystemTime> {
        let judged = self.moment()?;
        let back = self.evidence.judged_ns.checked_sub(ns);
        match back {
            Some(back) => judged.checked_sub(Duration::from_nanos(back)),
            None => judged.checked_add(Duration::from_nanos(ns - self.evidence.judged_ns)),
        }
    }

    fn is_same_path(&self, other: &Line) -> bool {
        self.peer == other.peer && self.network == other.network
    }
}

/// What came of a path that was lost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sequel {
    /// Nothing yet: it goes on.
    GoesOn,
    /// It was heard again.
    Over,
}

/// An event, and what else was told of the same.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// The event that is explained.
    pub event: &'a Line,
    /// The loss, if the event is its end or itself.
    pub loss: Option<&'a Line>,
    /// The end of that loss, if it was told.
    pub end: Option<&'a Line>,
    /// A failed or unreachable interface, or a removed member, told of the peer between the two or soon after.
    pub verdict: Option<&'a Line>,
    /// Losses of the same path among all events that are kept.
    pub losses: usize,
    /// When it is explained.
    pub now: SystemTime,
}

const RESTORED: u32 = 1122;
const LOST: u32 = 1123;
/// What the cluster concludes of a peer: an interface unreachable or failed, a member removed.
const VERDICTS: [u32; 3] = [1126, 1127, 1135];

impl<'a> Case<'a> {
    /// Of the event at this place.
    pub fn of(lines: &'a [Line], place: usize, now: SystemTime) -> Self {
        let event = &lines[place];
        let same = |line: &&Line, id: u32| line.id == id && line.is_same_path(event);
        let loss = match event.id {
            LOST => Some(event),
            RESTORED => lines[..place].iter().rev().find(|line| same(line, LOST)),
            _ => None,
        };
        let end = match event.id {
            RESTORED => Some(event),
            LOST => {
                let next = lines[place + 1..]
                    .iter()
                    .find(|line| same(line, LOST) || same(line, RESTORED));
                next.filter(|line| line.id == RESTORED)
            }
            _ => None,
        };
        let until = end.map_or(u64::MAX, |end| end.seq);
        let verdict = loss.and_then(|loss| {
            lines.iter().rev().find(|line| {
                let meant = line.peer == loss.peer
                    && (line.network.is_none() || line.network == loss.network);
                VERDICTS.contains(&line.id)
                    && meant
                    && loss.seq < line.seq
                    && line.seq < until.saturating_add(SOON)
            })
        });
        Case {
            event,
            loss,
            end,
            verdict,
            losses: lines.iter().filter(|line| same(line, LOST)).count(),
            now,
        }
    }

    /// Whether the path was heard again.
    pub fn sequel(&self) -> Sequel {
        match (self.loss, self.end) {
            (Some(_), None) => Sequel::GoesOn,
            (Some(_), Some(_)) | (None, _) => Sequel::Over,
        }
    }

    /// How long a loss has lasted that goes on.
    pub fn lasts(&self) -> Option<Duration> {
        let loss = self.loss?;
        let since = loss.wall(loss.evidence.last_arrival_ns?)?;
        self.now.duration_since(since).ok()
    }

    /// The event that knows the cause best: the end of a loss, else the event itself.
    pub fn best(&self) -> &'a Line {
        self.end
            .filter(|end| end.evidence.class.is_some())
            .unwrap_or(self.event)
    }
}

/// Events after the end of a loss that may still belong to it.
const SOON: u64 = 3;
