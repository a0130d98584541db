//! The matrix: nodes by networks.
//!
//! A cell answers in the order of the questions: does it work, since when not, how well did it. This node has
//! a row too, of what its own interfaces are held to be, because a fault here looks like one of everybody else.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::super::html::Text;
use crate::snapshot::words::ago;
use crate::snapshot::{AgentState, InterfaceView, NetworkView, PathView, Snapshot};

type Row<'a> = BTreeMap<&'a str, &'a PathView>;

/// The section with the table.
pub fn render(snapshot: &Snapshot) -> String {
    let mut rows: BTreeMap<&str, Row<'_>> = BTreeMap::new();
    for path in &snapshot.paths {
        let row = rows.entry(&path.peer).or_default();
        row.insert(&path.network, path);
    }
    let mut section = "<section>\n<h2>Paths</h2>\n<div class=\"wide\"><table>\n<thead><tr><th scope=\"col\">Node</th>".to_owned();
    for network in &snapshot.networks {
        let _ = write!(
            section,
            "<th scope=\"col\">{}{}</th>",
            Text(&network.network),
            condition(network)
        );
    }
    section += "</tr></thead>\n<tbody>\n";
    let _ = write!(
        section,
        "<tr><th scope=\"row\">{}<small>this node</small></th>",
        Text(&snapshot.node)
    );
    for network in &snapshot.networks {
        section += &own(network, &snapshot.node);
    }
    section += "</tr>\n";
    for (peer, row) in rows {
        let _ = write!(
            section,
            "<tr><th scope=\"row\">{}{}</th>",
            Text(peer),
            agent(snapshot, peer)
        );
        for network in &snapshot.networks {
            let path = row.get(network.network.as_str()).copied();
            section += &cell(path, interface(network, peer));
        }
        section += "</tr>\n";
    }
    section + "</tbody>\n</table></div>\n</section>\n"
}

/// What a peer's agent does, where that is something to know.
fn agent(snapshot: &Snapshot, peer: &str) -> &'static str {
    let state = snapshot.agent(peer).map(|agent| agent.state);
    match state {
        Some(AgentState::Stalled) => "<small class=\"bad\">\u{2717} agent STALLED</small>",
        Some(AgentState::Restarting) => "<small class=\"warn\">\u{21bb} agent restarting</small>",
        Some(AgentState::Left) => "<small>left</small>",
        Some(AgentState::Late) => "<small class=\"warn\">~ agent late</small>",
        Some(AgentState::Ok | AgentState::Silent | AgentState::Unknown) | None => "",
    }
}

/// What a network is held to be, where that is something to know.
fn condition(network: &NetworkView) -> String {
    match network.state.as_str() {
        "partitioned" | "down" => {
            format!(
                "<small class=\"bad\">\u{2717} {}</small>",
                network.state.to_uppercase()
            )
        }
        _ => format!("<small>{}</small>", Text(&network.role)),
    }
}

fn interface<'a>(network: &'a NetworkView, node: &str) -> Option<&'a InterfaceView> {
    let mut interfaces = network.interfaces.iter();
    interfaces.find(|interface| interface.node == node)
}

/// This node on a network.
fn own(network: &NetworkView, node: &str) -> String {
    let device = network.interface.as_deref().unwrap_or("no device");
    let state = interface(network, node).map_or("unknown", |own| own.state.as_str());
    let (class, words) = match state {
        "up" => ("good", "\u{2713} interface up".to_owned()),
        "failed" | "unreachable" => (
            "bad",
            format!("\u{2717} INTERFACE {}", state.to_uppercase()),
        ),
        "unknown" => ("plain", String::new()),
        other => ("warn", format!("? interface {}", Text(other))),
    };
    format!(
        "<td class=\"{class}\"><b>{words}</b><small>{}, {}</small></td>",
        Text(&network.address),
        Text(device)
    )
}

fn cell(path: Option<&PathView>, interface: Option<&InterfaceView>) -> String {
    let Some(path) = path else {
        return "<td class=\"quiet\">\u{2013}</td>".to_owned();
    };
    let (class, sign, word) = look(path);
    let silent = path
        .silent_seconds
        .map_or_else(|| "never heard".to_owned(), ago);
    let loss = path.last_hour.loss().unwrap_or_else(|| "-".to_owned());
    let gap = match path.last_hour.largest_gap_seconds {
        0.0 => "-".to_owned(),
        gap => format!("{gap:.3}\u{a0}s"),
    };
    let mut cell = format!(
        "<td class=\"{class}\"><b>{sign} {}</b> <span>{silent}</span>\
         <small>loss\u{a0}{loss}, gap\u{a0}{gap}</small>",
        Text(word)
    );
    if let Some(wrong) = interface.filter(|interface| interface.is_wrong()) {
        let _ = write!(cell, "<small>its interface {}</small>", Text(&wrong.state));
    }
    if path.maintenance {
        cell += "<small>under maintenance</small>";
    }
    if path.carries_messages {
        cell += "<small>carries messages</small>";
    }
    cell + "</td>"
}

/// Class, sign and word of a path.
fn look(path: &PathView) -> (&'static str, &'static str, &str) {
    match path.state.as_str() {
        "up" => match path.strains.first() {
            None => ("good", "\u{2713}", "up"),
            Some(strain) => ("warn", "~", strain),
        },
        "lost" if path.maintenance => ("warn", "\u{2717}", "LOST"),
        "lost" => ("bad", "\u{2717}", "LOST"),
        "left" => ("quiet", "\u{2013}", "left"),
        "restarting" => ("warn", "\u{21bb}", "restarting"),
        other => ("warn", "?", other),
    }
}
