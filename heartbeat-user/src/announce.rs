//! The log's side of an event: which lines an operator reads.
//!
//! Every event has its record on the disk; the log is for eyes. Fifty lines that say the same hide the one that
//! does not, so two things are said in one line: a network that is lost as a whole, and a path that is lost
//! again and again. The awkward case is that the paths of one network are not lost at one moment: their last
//! heartbeats are up to an interval apart. So the line about a loss waits that long for company.

use std::collections::BTreeMap;
use std::time::Duration;

use heartbeat_core::event::EventKind;
use heartbeat_core::flapping::Voice;
use heartbeat_ebpf::time::Timestamp;
use log::Level;

use crate::record::Record;

/// One line a flapping path at most in this time.
const SUMMARY: Duration = Duration::from_secs(60);
/// Added to an interval: a turn of the loop may be late.
const SLACK: Duration = Duration::from_millis(100);

/// A record and how it is to be told.
#[derive(Clone, Debug)]
pub struct Telling {
    /// What is kept.
    pub record: Record,
    /// How loudly.
    pub voice: Voice,
    /// Paths on its network, its own included; 0 for an event of no path.
    pub company: usize,
    /// How far apart the losses of one network may be.
    pub patience: Duration,
}

impl Telling {
    /// Something to be told at once.
    pub fn new(record: Record, voice: Voice) -> Self {
        Telling {
            record,
            voice,
            company: 0,
            patience: Duration::ZERO,
        }
    }
}

/// A line and its severity.
pub type Line = (Level, String);

/// Lines that wait.
#[derive(Default)]
pub struct Announcer {
    losses: BTreeMap<String, Losses>,
    flapping: BTreeMap<(String, String), Flaps>,
}

/// Losses on one network that may be all of them.
struct Losses {
    records: Vec<Record>,
    due: Timestamp,
}

/// What was told of a flapping path in a low voice.
struct Flaps {
    count: usize,
    last: u64,
    due: Timestamp,
}

impl Announcer {
    /// Takes an event that is on the disk, and returns what to log now.
    pub fn take(&mut self, now: Timestamp, telling: Telling) -> Vec<Line> {
        let lost = telling.record.id == EventKind::PathLost.id();
        match telling.voice {
            Voice::Low => {
                self.flap(now, &telling.record);
                Vec::new()
            }
            Voice::Loud if lost && 1 < telling.company => self.lose(now, telling),
            Voice::Loud => {
                // What happened before is said before.
                let network = telling.record.network.clone().unwrap_or_default();
                let mut lines = self.end(&network);
                lines.push(line(&telling.record));
                lines
            }
        }
    }

    /// When something that waits is due.
    pub fn deadline(&self) -> Option<Timestamp> {
        let losses = self.losses.values().map(|losses| losses.due);
        let flaps = self.flapping.values().map(|flaps| flaps.due);
        losses.chain(flaps).min()
    }

    /// What is due.
    pub fn due(&mut self, now: Timestamp) -> Vec<Line> {
        let ripe =
            |(network, losses): (&String, &Losses)| (losses.due <= now).then(|| network.clone());
        let ripe: Vec<String> = self.losses.iter().filter_map(ripe).collect();
        let mut lines: Vec<Line> = ripe.iter().flat_map(|network| self.end(network)).collect();
        self.flapping.retain(|(peer, network), flaps| {
            if now < flaps.due {
                return true;
            }
            lines.push((
                Level::Warn,
                format!(
                    "the path to '{peer}' on '{network}' goes on flapping: {} more events, the last is seq {}",
                    flaps.count, flaps.last
                ),
            ));
            false
        });
        lines
    }

    /// All that waits, because nothing comes after.
    pub fn finish(&mut self) -> Vec<Line> {
        self.deadline()
            .map_or_else(Vec::new, |first| self.due(first.after(Duration::MAX)))
    }

    fn flap(&mut self, now: Timestamp, record: &Record) {
        let key = (
            record.peer.clone().unwrap_or_default(),
            record.network.clone().unwrap_or_default(),
        );
        let flaps = self.flapping.entry(key).or_insert(Flaps {
            count: 0,
            last: 0,
            due: now.after(SUMMARY),
        });
        flaps.count += 1;
        flaps.last = record.seq;
    }

    fn lose(&mut self, now: Timestamp, telling: Telling) -> Vec<Line> {
        let network = telling.record.network.clone().unwrap_or_default();
        let losses = self.losses.entry(network.clone()).or_insert(Losses {
            records: Vec::new(),
            due: now.after(telling.patience + SLACK),
        });
        losses.records.push(telling.record);
        if losses.records.len() < telling.company {
            return Vec::new();
        }
        let losses = self.losses.remove(&network);
        losses
            .map(|losses| whole(&network, &losses.records))
            .into_iter()
            .collect()
    }

    /// The losses of a network that were not all.
    fn end(&mut self, network: &str) -> Vec<Line> {
        let losses = self.losses.remove(network);
        let records = losses.map_or_else(Vec::new, |losses| losses.records);
        records.iter().map(line).collect()
    }
}

fn line(record: &Record) -> Line {
    let level = if record.severity == "info" {
        Level::Info
    } else {
        Level::Warn
    };
    (level, record.line())
}

fn whole(network: &str, records: &[Record]) -> Line {
    let seq = |record: Option<&Record>| record.map_or(0, |record| record.seq);
    let text = format!(
        "1123 PathLost seq {} to {}: network '{network}' is lost as a whole, communication with all {} peers on it",
        seq(records.first()),
        seq(records.last()),
        records.len()
    );
    (Level::Warn, text)
}

#[cfg(test)]
mod tests;
