//! `heartbeat status`: nodes by networks, and what is wrong.

use std::collections::BTreeSet;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;

use anyhow::{Context, Result, anyhow};

use super::{Exit, client};
use crate::control::Command;
use crate::snapshot::{NetworkView, PathView, Snapshot};

/// Prints the agent's view, as JSON or as a table.
pub fn run(socket: &Path, json: bool) -> Result<Exit> {
    let mut answer = None;
    client::ask(socket, Command::Status, |line| {
        answer = Some(line.to_owned());
        Ok(())
    })?;
    let line =
        answer.ok_or_else(|| anyhow!("the agent closed the connection without an answer"))?;
    let snapshot: Snapshot = serde_json::from_str(&line)
        .context("read the agent's answer: is it of another release than this command?")?;
    let text = if json {
        line + "\n"
    } else {
        table(&snapshot, Style::of_terminal())
    };
    // Whoever closed the pipe has seen enough.
    let _ = io::stdout().lock().write_all(text.as_bytes());
    Ok(if snapshot.degraded() {
        Exit::Degraded
    } else {
        Exit::Well
    })
}

/// Whether words are coloured.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Plain,
    Colour,
}

impl Style {
    fn of_terminal() -> Self {
        let colour = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        if colour { Style::Colour } else { Style::Plain }
    }

    fn paint(self, text: &str, code: u8) -> String {
        match self {
            Style::Plain => text.to_owned(),
            Style::Colour => format!("\x1b[{code}m{text}\x1b[0m"),
        }
    }
}

const RED: u8 = 31;
const GREEN: u8 = 32;
const YELLOW: u8 = 33;
const BOLD: u8 = 1;
const STATE_WIDTH: usize = 16;

fn table(snapshot: &Snapshot, style: Style) -> String {
    let mut text = head(snapshot, style);
    let peers: BTreeSet<&str> = snapshot
        .paths
        .iter()
        .map(|path| path.peer.as_str())
        .collect();
    let width = peers
        .iter()
        .map(|peer| peer.chars().count())
        .chain([4])
        .max()
        .unwrap_or(4);
    let mut header = format!("{:<width$}", "PEER");
    for network in &snapshot.networks {
        header += &format!("  {:<STATE_WIDTH$}", short(&network.network));
    }
    text += &style.paint(&format!("{header}  {:>7}  {:>7}", "LOSS", "GAP MAX"), BOLD);
    text.push('\n');
    for peer in peers {
        let paths: Vec<&PathView> = snapshot
            .paths
            .iter()
            .filter(|path| path.peer == peer)
            .collect();
        text += &format!("{peer:<width$}");
        for network in &snapshot.networks {
            let path = paths.iter().find(|path| path.network == network.network);
            text += "  ";
            text += &cell(path.copied(), style);
        }
        text += &figures(&paths);
        text.push('\n');
    }
    for problem in problems(snapshot) {
        text += &format!("{} {problem}\n", style.paint("!", YELLOW));
    }
    text
}

fn head(snapshot: &Snapshot, style: Style) -> String {
    let time = snapshot.time.get(11..19).unwrap_or(&snapshot.time);
    let (word, colour) = if snapshot.degraded() {
        ("DEGRADED", RED)
    } else {
        ("OK", GREEN)
    };
    let first = format!(
        "{}  seen by {}  {time} UTC  {}",
        style.paint(&snapshot.cluster, BOLD),
        style.paint(&snapshot.node, BOLD),
        style.paint(word, colour)
    );
    let mut timings: Vec<String> = snapshot.networks.iter().map(timing).collect();
    timings.dedup();
    let authentication = if snapshot.authenticated { "on" } else { "OFF" };
    let modes: BTreeSet<&str> = snapshot
        .networks
        .iter()
        .map(|network| network.xdp.as_deref().unwrap_or("off"))
        .collect();
    let modes: Vec<&str> = modes.into_iter().collect();
    format!(
        "{first}\n{}   XDP {}   authentication {authentication}\n",
        timings.join(" and "),
        modes.join(", ")
    )
}

fn timing(network: &NetworkView) -> String {
    format!(
        "{} s, lost after {} = {} s",
        trimmed(network.interval_seconds),
        network.lost_after,
        trimmed(network.detection_seconds)
    )
}

/// Up to four decimals, without the zeros that say nothing.
fn trimmed(seconds: f64) -> String {
    let text = format!("{seconds:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn cell(path: Option<&PathView>, style: Style) -> String {
    let Some(path) = path else {
        return format!("{:<STATE_WIDTH$}", "-");
    };
    let ago = path
        .silent_seconds
        .map_or_else(|| "never heard".to_owned(), ago);
    let (word, colour) = match path.state.as_str() {
        "up" => ("up", GREEN),
        "lost" => ("LOST", RED),
        other => (other, YELLOW),
    };
    let plain = if path.state == "unknown" {
        ago
    } else {
        format!("{word:<5}{ago:>9}")
    };
    style.paint(&format!("{plain:<STATE_WIDTH$}"), colour)
}

fn ago(seconds: f64) -> String {
    match seconds {
        s if s < 100.0 => format!("{s:.1} s"),
        s if s < 6_000.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.0} h", s / 3_600.0),
    }
}

fn figures(paths: &[&PathView]) -> String {
    let sum =
        |figure: fn(&PathView) -> u64| paths.iter().map(|path| figure(path)).sum::<u64>() as f64;
    let (lost, arrived) = (sum(|path| path.lost), sum(|path| path.arrivals));
    let loss = if 0.0 < lost + arrived {
        format!("{:.2}%", 100.0 * lost / (lost + arrived))
    } else {
        "-".to_owned()
    };
    let gap = paths
        .iter()
        .map(|path| path.largest_gap_seconds)
        .fold(0.0, f64::max);
    let gap = if 0.0 < gap {
        format!("{gap:.3}s")
    } else {
        "-".to_owned()
    };
    format!("  {loss:>7}  {gap:>7}")
}

/// A network's label, cut to its column.
fn short(label: &str) -> String {
    label.to_uppercase().chars().take(STATE_WIDTH).collect()
}

fn problems(snapshot: &Snapshot) -> Vec<String> {
    let network = |network: &NetworkView| {
        network
            .problem
            .as_ref()
            .map(|problem| format!("{}: {problem}", network.network))
    };
    let mut problems: Vec<String> = snapshot.networks.iter().filter_map(network).collect();
    for path in &snapshot.paths {
        if path.state == "lost" {
            let silent = path
                .silent_seconds
                .map_or_else(String::new, |seconds| format!(" for {}", ago(seconds)));
            problems.push(format!(
                "{} on {}: no heartbeat{silent}",
                path.peer, path.network
            ));
        }
        if path.candidate && path.state != "up" {
            problems.push(format!(
                "{} on {}: it is heard, but no echo has confirmed this run of its agent",
                path.peer, path.network
            ));
        }
        if let Some(error) = path.send_error.as_ref().filter(|_| path.state != "up") {
            problems.push(format!(
                "{} on {}: sending failed, last with: {error}",
                path.peer, path.network
            ));
        }
    }
    problems.extend(
        snapshot
            .networks
            .iter()
            .filter_map(|network| refusals(snapshot, network)),
    );
    if snapshot.scheduling == "normal" {
        problems.push(
            "the sender runs at normal priority: under load peers may miss our heartbeats"
                .to_owned(),
        );
    }
    problems
}

/// What XDP refused on a network where somebody is not heard: a wrong key looks like silence otherwise.
fn refusals(snapshot: &Snapshot, network: &NetworkView) -> Option<String> {
    let silent = |path: &PathView| path.network == network.network && path.state != "up";
    if !snapshot.paths.iter().any(silent) {
        return None;
    }
    let refused: Vec<String> = SUSPICIOUS
        .iter()
        .filter_map(|verdict| network.frames.get_key_value(*verdict))
        .filter(|(_, count)| 0 < **count)
        .map(|(verdict, count)| format!("{count} {verdict}"))
        .collect();
    let told = || {
        format!(
            "{}: frames refused since the program was attached: {}",
            network.network,
            refused.join(", ")
        )
    };
    (!refused.is_empty()).then(told)
}

/// Verdicts that a mistake in somebody's configuration or key causes.
const SUSPICIOUS: [&str; 10] = [
    "tag",
    "key",
    "authentication",
    "cluster",
    "receiver",
    "path",
    "source",
    "version",
    "length",
    "interval",
];

#[cfg(test)]
mod tests;
