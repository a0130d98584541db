//! The whole view, line by line: the head, the table, what is wrong with the command that explains it, and what else
//! a reader must know to read it right.

use super::head::head;
use super::table::{self, Room};
use super::text::{Line, Tone};
use crate::commands::orders;
use crate::local_time::{TimeOfDay, Zone};
use crate::snapshot::problems;
use crate::snapshot::{NetworkView, Snapshot};

/// A loss that is counted for less than this is said to be.
const NEARLY_AN_HOUR: f64 = 3_500.0;
/// Between a sentence and its command.
const GAP: &str = "  ";

/// All lines.
pub fn lines(snapshot: &Snapshot, zone: Zone, room: Room) -> Vec<Line> {
    let mut lines = head(snapshot, zone);
    for part in table::parts(snapshot, zone, room) {
        lines.push(part.header);
        lines.extend(part.rows);
    }
    lines.extend(wrong(snapshot));
    lines.extend(notes(snapshot, zone));
    lines
}

/// What is wrong, and what is under maintenance.
pub fn wrong(snapshot: &Snapshot) -> Vec<Line> {
    let problem = |problem: problems::Problem| {
        let line = Line::of("! ", Tone::Bad).and(problem.sentence, Tone::Plain);
        match problem.explain {
            Some(command) => {
                // Who reads this knows which program it is of.
                let short = command.trim_start_matches("heartbeat ").to_owned();
                line.and(format!("{GAP}{short}"), Tone::Strong)
            }
            None => line,
        }
    };
    let maintenance = snapshot
        .maintenance
        .iter()
        .map(|maintenance| Line::of("M ", Tone::Warn).and(orders::line(maintenance), Tone::Plain));
    let problems = problems::told(snapshot).into_iter().map(problem);
    problems.chain(maintenance).collect()
}

/// What the figures leave out, and what is not as it mostly is.
pub fn notes(snapshot: &Snapshot, zone: Zone) -> Vec<Line> {
    let mut notes = Vec::new();
    let counted = snapshot.paths.iter().map(|path| path.last_hour.seconds);
    let counted = counted.fold(0.0, f64::max);
    if !snapshot.paths.is_empty() && counted < NEARLY_AN_HOUR {
        let started = TimeOfDay::of(&snapshot.started, zone);
        let started = started.map_or_else(|| snapshot.started.clone(), |at| at.to_string());
        notes.push(format!(
            "loss and gaps are those since {started}, when this node's agent was started"
        ));
    }
    if !snapshot.authenticated {
        notes.push("authentication is OFF".to_owned());
    }
    let generic = |network: &&NetworkView| network.xdp.as_deref() == Some("generic");
    let generic = snapshot.networks.iter().filter(generic);
    let generic: Vec<&str> = generic.map(|network| network.network.as_str()).collect();
    if !generic.is_empty() {
        notes.push(format!("XDP in generic mode on {}", generic.join(", ")));
    }
    notes
        .into_iter()
        .map(|note| Line::of(note, Tone::Quiet))
        .collect()
}
