//! The table: peers by networks, then what is wrong.
//!
//! It has to fit a terminal of 80 columns with two networks, and be read at night: a state is a word, and
//! colour only repeats it.

use std::collections::BTreeSet;
use std::io::{self, IsTerminal as _};

use crate::commands::orders;
use crate::snapshot::problems::problems;
use crate::snapshot::words::{ago, loss, timing};
use crate::snapshot::{InterfaceView, NetworkView, PathView, Snapshot, standing};

/// Whether words are coloured.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// For files and pipes.
    Plain,
    /// For terminals.
    Colour,
}

impl Style {
    /// What standard output bears.
    pub fn of_terminal() -> Self {
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

/// The whole view.
pub fn table(snapshot: &Snapshot, style: Style) -> String {
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
    let width = width.max(snapshot.node.chars().count());
    let mut header = format!("{:<width$}", "NODE");
    for network in &snapshot.networks {
        header += &format!("  {:<STATE_WIDTH$}", short(&network.network));
    }
    text += &style.paint(&format!("{header}  {:>7}  {:>7}", "LOSS", "GAP MAX"), BOLD);
    text.push('\n');
    text += &own(snapshot, width, style);
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
        text += &verdicts(snapshot, peer, width, style);
    }
    for problem in problems(snapshot) {
        text += &format!("{} {problem}\n", style.paint("!", YELLOW));
    }
    for maintenance in &snapshot.maintenance {
        text += &format!(
            "{} {}\n",
            style.paint("M", YELLOW),
            orders::line(maintenance)
        );
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
    let membership = standing::line(&snapshot.membership);
    let paint = |line: &str| match snapshot.membership.lacks_quorum() {
        true => style.paint(line, RED),
        false => line.to_owned(),
    };
    let carries = snapshot.paths.iter().any(|path| path.carries_messages);
    let legend = if carries { "   > carries messages" } else { "" };
    format!(
        "{first}\n{}   XDP {}   authentication {authentication}{}\n{}",
        timings.join(" and "),
        modes.join(", "),
        multicast(&snapshot.networks),
        membership.map_or_else(String::new, |line| format!("{}{legend}\n", paint(&line)))
    )
}

/// This node's own row: what its interfaces are held to be.
fn own(snapshot: &Snapshot, width: usize, style: Style) -> String {
    if !snapshot.membership.takes_part {
        return String::new();
    }
    let node = &snapshot.node;
    let states = states(snapshot, node);
    row(&format!("{node:<width$}"), states, style)
}

/// A second row for a peer whose interface is wrong in the eyes of the cluster.
fn verdicts(snapshot: &Snapshot, node: &str, width: usize, style: Style) -> String {
    let wrong = |interface: &InterfaceView| interface.node == node && interface.is_wrong();
    let mut interfaces = snapshot
        .networks
        .iter()
        .flat_map(|network| &network.interfaces);
    match interfaces.any(wrong) {
        true => row(&format!("{:width$}", ""), states(snapshot, node), style),
        false => String::new(),
    }
}

/// What a node's interfaces are held to be, by network.
fn states<'a>(snapshot: &'a Snapshot, node: &'a str) -> impl Iterator<Item = &'a str> {
    snapshot.networks.iter().map(move |network| {
        let mut interfaces = network.interfaces.iter();
        let own = interfaces.find(|interface| interface.node == node);
        own.map_or("-", |interface| interface.state.as_str())
    })
}

fn row<'a>(head: &str, states: impl Iterator<Item = &'a str>, style: Style) -> String {
    let cell = |state: &str| {
        let colour = match state {
            "up" => GREEN,
            "failed" | "unreachable" => RED,
            _ => YELLOW,
        };
        let word = format!("({state})");
        format!(
            "  {}",
            style.paint(&format!("{word:<STATE_WIDTH$}"), colour)
        )
    };
    let cells: String = states.map(cell).collect();
    format!("{}\n", format!("{head}{cells}").trim_end())
}

/// Which networks use multicast, if any does.
fn multicast(networks: &[NetworkView]) -> String {
    let used: Vec<&str> = networks
        .iter()
        .filter(|network| network.sending == "multicast")
        .map(|network| network.network.as_str())
        .collect();
    match used.len() {
        0 => String::new(),
        all if all == networks.len() => "   multicast".to_owned(),
        _ => format!("\nmulticast on {}", used.join(", ")),
    }
}

fn cell(path: Option<&PathView>, style: Style) -> String {
    let Some(path) = path else {
        return format!("{:<STATE_WIDTH$}", "-");
    };
    let ago = path
        .silent_seconds
        .map_or_else(|| "never heard".to_owned(), ago);
    let (word, colour) = match path.state.as_str() {
        "up" if path.strains.is_empty() => ("up", GREEN),
        "lost" if path.maintenance => ("LOST", YELLOW),
        "lost" => ("LOST", RED),
        other => (other, YELLOW),
    };
    let plain = match word {
        "unknown" => ago,
        // As long as the column, nearly.
        "restarting" => word.to_owned(),
        short => format!("{short:<5}{ago:>9}"),
    };
    let carries = if path.carries_messages { ">" } else { " " };
    let mark = if path.maintenance { "M" } else { " " };
    style.paint(&format!("{plain:<14}{carries}{mark}"), colour)
}

fn figures(paths: &[&PathView]) -> String {
    let loss = loss(paths.iter().copied()).unwrap_or_else(|| "-".to_owned());
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
