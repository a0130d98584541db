//! One path, looked into: all that is known of it, what happened to it, and what to type.

use std::time::{Duration, UNIX_EPOCH};

use super::state::{Arrival, State};
use crate::commands::explain::Line as Told;
use crate::commands::status::cell::{self, Cell};
use crate::commands::status::text::{Line, Tone};
use crate::local_time::{TimeOfDay, Zone};
use crate::snapshot::words::quoted;
use crate::snapshot::{MinuteView, PathView, Snapshot, problems};

/// Events that are shown.
const EVENTS_MAX: usize = 8;

/// All lines.
pub fn lines(state: &State, zone: Zone) -> Vec<Line> {
    let (peer, network) = state.chosen();
    let mut lines = vec![
        Line::of(format!("{peer} on {network}"), Tone::Strong)
            .and(format!("  seen by {}", state.snapshot.node), Tone::Plain),
    ];
    let Some(path) = state.path() else {
        let gone = "This path is not in the configuration any more. Esc goes back.";
        lines.push(Line::of(gone, Tone::Warn));
        return lines;
    };
    lines.extend(facts(&state.snapshot, path, zone));
    lines.extend(wrong(&state.snapshot, path));
    lines.push(title("Last arrivals, one a look"));
    lines.extend(arrivals(state, zone));
    lines.push(title("Last events"));
    lines.extend(events(state, path, zone));
    lines.push(title("To type"));
    lines.extend(commands(path));
    lines
}

fn title(text: &str) -> Line {
    Line::of(text, Tone::Strong)
}

fn fact(name: &str, text: impl Into<String>) -> Line {
    Line::of(format!("  {name:<12}"), Tone::Quiet).and(text, Tone::Plain)
}

fn facts(snapshot: &Snapshot, path: &PathView, zone: Zone) -> Vec<Line> {
    let agent = snapshot.agent(&path.peer);
    let Cell { text, tone } = cell::path(Some(path), agent);
    let heard = match path.last_arrival_unix_seconds {
        Some(wall) => format!("last heard at {}", time(wall, zone)),
        None => "never heard".to_owned(),
    };
    let detection = format!(", lost after {} s", path.detection_seconds);
    let state = Line::of(format!("  {:<12}", "state"), Tone::Quiet)
        .and(text, tone)
        .and(format!("  {heard}{detection}"), Tone::Plain);
    let works = cell::agent(snapshot, agent, &path.peer, zone);
    let member = cell::member(snapshot, &path.peer);
    let hour = path.last_hour;
    let loss = hour.loss().unwrap_or_else(|| "-".to_owned());
    let strains = match path.strains.is_empty() {
        true => "no strain".to_owned(),
        false => path.strains.join(", "),
    };
    let minute = minute(&path.last_minute);
    let sent = match &path.send_error {
        Some(error) => format!(", {} refused, last: {error}", path.send_errors),
        None => ", none refused".to_owned(),
    };
    let messages = match path.carries_messages {
        true => "go this way",
        false => "go another way, or none",
    };
    vec![
        state,
        fact("agent", format!("{}  member {}", works.text, member.text)),
        fact(
            "last hour",
            format!(
                "{} of {} lost ({loss}), longest gap {}",
                hour.lost,
                hour.expected,
                cell::gap(hour.largest_gap_seconds)
            ),
        ),
        fact("last minute", format!("{strains}; {minute}")),
        fact(
            "counted",
            format!(
                "{} arrived, {} lost, {} reordered, {} twice",
                path.arrivals, path.lost, path.reordered, path.duplicates
            ),
        ),
        fact("sent", format!("{}{sent}", path.sent)),
        fact(
            "told",
            format!(
                "{} times lost, {} times up",
                path.lost_total, path.restored_total
            ),
        ),
        fact("messages", messages),
    ]
}

fn minute(minute: &MinuteView) -> String {
    format!(
        "{} due, {} lost, {} late, {} complaints, longest gap {}",
        minute.expected,
        minute.lost,
        minute.late,
        minute.complaints,
        cell::gap(minute.largest_gap_seconds)
    )
}

/// The problems that are of this path or its peer.
fn wrong(snapshot: &Snapshot, path: &PathView) -> Vec<Line> {
    let own = format!("{} ", path.peer);
    let problems = problems::told(snapshot).into_iter();
    let own = problems.filter(|problem| problem.sentence.starts_with(&own));
    own.map(|problem| Line::of("! ", Tone::Bad).and(problem.sentence, Tone::Plain))
        .collect()
}

/// The newest first, each with what came since the one before.
fn arrivals(state: &State, zone: Zone) -> Vec<Line> {
    let arrivals: Vec<Arrival> = state.arrivals.iter().copied().collect();
    if arrivals.is_empty() {
        return vec![Line::of("  none yet", Tone::Quiet)];
    }
    let line = |at: usize| {
        let arrival = arrivals[at];
        let before = at.checked_sub(1).map(|before| arrivals[before]);
        let millis = (arrival.wall.fract() * 1e3) as u32;
        let moment = format!("  {}.{millis:03}", time(arrival.wall, zone));
        let since = before.map_or_else(String::new, |before| {
            let gap = arrival.ns.saturating_sub(before.ns) as f64 / 1e9;
            match arrival.count.saturating_sub(before.count) {
                1 => format!("  {gap:.3} s after the one before"),
                count => format!("  {count} in {gap:.3} s"),
            }
        });
        Line::of(moment + &since, Tone::Plain)
    };
    (0..arrivals.len()).rev().map(line).collect()
}

/// The newest first: those about the path, and those about its peer as a whole.
fn events(state: &State, path: &PathView, zone: Zone) -> Vec<Line> {
    let about = |told: &&Told| {
        let peer = told.peer.as_deref() == Some(&path.peer);
        let network = told.network.as_deref();
        match network {
            Some(network) => network == path.network && (peer || told.peer.is_none()),
            None => peer,
        }
    };
    let newest = state.events.iter().rev().filter(about);
    let lines: Vec<Line> = newest
        .take(EVENTS_MAX)
        .map(|told| event(told, zone))
        .collect();
    match lines.is_empty() {
        true => vec![Line::of("  none that are kept", Tone::Quiet)],
        false => lines,
    }
}

fn event(told: &Told, zone: Zone) -> Line {
    let at = TimeOfDay::of(&told.time, zone);
    let at = at.map_or_else(|| told.time.clone(), |at| at.to_string());
    let day = told.time.get(5..10).unwrap_or_default();
    let cause = told.cause.as_deref();
    let why = cause.map_or_else(String::new, |cause| format!(": {cause}"));
    Line::of(
        format!("  {:>6}  {day} {at}  {} {}", told.seq, told.id, told.name),
        Tone::Plain,
    )
    .and(why, Tone::Plain)
}

fn commands(path: &PathView) -> Vec<Line> {
    let (peer, network) = (quoted(&path.peer), quoted(&path.network));
    let explain = match &path.told {
        Some(told) => format!("  heartbeat explain {}", told.seq),
        None => format!("  heartbeat explain --peer={peer} --network={network}"),
    };
    let diagnose = format!("  heartbeat diagnose --peer={peer}");
    [explain, diagnose]
        .map(|command| Line::of(command, Tone::Plain))
        .into()
}

fn time(wall: f64, zone: Zone) -> TimeOfDay {
    let wall = Duration::try_from_secs_f64(wall).unwrap_or_default();
    TimeOfDay::at(UNIX_EPOCH + wall, zone)
}
