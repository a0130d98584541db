//! The page: what this node sees, for a browser.
//!
//! It is read at night, on a telephone, over a slow tunnel, by somebody who may not tell red from green. So it
//! is one document without anything to fetch, it works without scripts, every state is a word and a sign, and
//! colour only repeats them. The browser is told to run and to load nothing at all, whatever a label says.

use std::fmt::Write as _;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::html::Text;
use super::recent::Recent;
use crate::commands::orders;
use crate::snapshot::problems::{self, Problem};
use crate::snapshot::words::timing;
use crate::snapshot::{MembershipView, Snapshot, standing};

mod events;
mod matrix;

const STYLE: &str = include_str!("page/style.css");
/// Problems that are shown; of a cluster that is gone there may be thousands.
const PROBLEMS_MAX: usize = 50;
/// Seconds after which the browser asks again.
pub const REFRESH: u32 = 5;

/// What the browser may do with the page: apply this one style.
pub static POLICY: LazyLock<String> = LazyLock::new(|| {
    let digest = STANDARD.encode(Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
});

/// The whole page; the events are the last ones, or why there are none to show.
pub fn render(snapshot: &Snapshot, events: &Result<Vec<Recent>, String>) -> String {
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta http-equiv=\"refresh\" content=\"{REFRESH}\">\n\
         <title>{} {}: {}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n",
        verdict(snapshot).1,
        Text(&snapshot.cluster),
        Text(&snapshot.node),
    );
    page += &head(snapshot);
    page += "<main>\n";
    page += &wrong(&problems::told(snapshot));
    page += &maintenance(snapshot);
    page += &matrix::render(snapshot);
    page += &membership(&snapshot.membership);
    page += &events::render(events);
    page += "</main>\n";
    page += &foot(snapshot);
    page += "</body>\n</html>\n";
    page
}

/// Class and words of the whole.
fn verdict(snapshot: &Snapshot) -> (&'static str, &'static str) {
    match snapshot.degraded() {
        true => ("bad", "\u{2717} DEGRADED"),
        false => ("good", "\u{2713} OK"),
    }
}

fn head(snapshot: &Snapshot) -> String {
    let (class, words) = verdict(snapshot);
    let time = snapshot.time.get(..19).unwrap_or(&snapshot.time);
    format!(
        "<header>\n<h1>{}</h1>\n<p class=\"verdict {class}\">{words}</p>\n\
         <p>seen by <b>{}</b> at <time>{}</time> UTC</p>\n</header>\n",
        Text(&snapshot.cluster),
        Text(&snapshot.node),
        Text(&time.replace('T', " ")),
    )
}

fn wrong(problems: &[Problem]) -> String {
    if problems.is_empty() {
        return "<section>\n<h2>What is wrong</h2>\n<p>Nothing that this node knows of.</p>\n</section>\n".to_owned();
    }
    let mut section = "<section>\n<h2>What is wrong</h2>\n<ul class=\"problems\">\n".to_owned();
    for problem in problems.iter().take(PROBLEMS_MAX) {
        let explain = problem
            .explain
            .as_ref()
            .map_or_else(String::new, |command| {
                format!(" <code>{}</code>", Text(command))
            });
        let _ = writeln!(section, "<li>{}{explain}</li>", Text(&problem.sentence));
    }
    let more = problems.len().saturating_sub(PROBLEMS_MAX);
    if 0 < more {
        let _ = writeln!(
            section,
            "<li>and {more} more: <code>heartbeat status</code></li>"
        );
    }
    section + "</ul>\n</section>\n"
}

fn maintenance(snapshot: &Snapshot) -> String {
    if snapshot.maintenance.is_empty() {
        return String::new();
    }
    let mut section = "<section>\n<h2>Maintenance</h2>\n<ul>\n".to_owned();
    for maintenance in &snapshot.maintenance {
        let _ = writeln!(section, "<li>{}</li>", Text(&orders::line(maintenance)));
    }
    section + "</ul>\n</section>\n"
}

fn membership(membership: &MembershipView) -> String {
    let Some(line) = standing::line(membership) else {
        return String::new();
    };
    let class = if membership.lacks_quorum() {
        "bad"
    } else {
        "plain"
    };
    let mut section = format!(
        "<section>\n<h2>Membership</h2>\n<p class=\"{class}\">{}</p>\n<ul class=\"members\">\n",
        Text(&line)
    );
    for node in &membership.nodes {
        let (class, words) = match node.member {
            true => ("good", "\u{2713} member"),
            false => ("quiet", "\u{2013} no member"),
        };
        let votes = match node.votes {
            1 => "1 vote".to_owned(),
            votes => format!("{votes} votes"),
        };
        let name = Text(&node.node);
        let _ = writeln!(
            section,
            "<li class=\"{class}\"><b>{name}</b> {words}, {votes}</li>"
        );
    }
    section + "</ul>\n</section>\n"
}

fn foot(snapshot: &Snapshot) -> String {
    let authentication = if snapshot.authenticated { "on" } else { "OFF" };
    let mut foot = "<footer>\n".to_owned();
    for network in &snapshot.networks {
        let _ = writeln!(
            foot,
            "<p><b>{}</b> {}, XDP {}, {}</p>",
            Text(&network.network),
            Text(&timing(network)),
            Text(network.xdp.as_deref().unwrap_or("off")),
            Text(&network.sending),
        );
    }
    let _ = writeln!(
        foot,
        "<p>authentication {authentication}; configuration {}; release {}; running since {}</p>\n\
         <p>Loss and gaps are those of the last hour, or since the agent runs, if that is less.</p>\n\
         <p>The page asks again every {REFRESH} seconds. See also <a href=\"/metrics\">/metrics</a>, \
         <a href=\"/healthz\">/healthz</a>, <a href=\"/readyz\">/readyz</a>.</p>",
        Text(&snapshot.config_digest),
        Text(&snapshot.version),
        Text(snapshot.started.get(..19).unwrap_or(&snapshot.started)),
    );
    foot + "</footer>\n"
}

#[cfg(test)]
mod tests;
