//! `heartbeat explain`: why an event happened, on one screen.
//!
//! Everything that is shown was written down with the event: what is explained must not depend on an agent that has
//! lived since, nor on what XDP has overwritten. The awkward case is an event without a number at hand: somebody was
//! paged for a peer and a network, and wants the newest that fits.

use std::path::Path;
use std::time::SystemTime;

use anyhow::{Result, bail};
use case::Case;

pub(super) use case::Line;

use super::events::{self, Since};
use super::{Exit, client};
use crate::clock;

mod advice;
mod case;
mod reasons;
mod sheet;

/// Which event.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// The one with this number.
    pub seq: Option<u64>,
    /// The newest about this peer.
    pub peer: Option<String>,
    /// The newest on this network, by its label or its key.
    pub network: Option<String>,
    /// The newest until then.
    pub at: Option<Since>,
}

/// Explains the event that is wanted.
///
/// # Errors
/// No agent answers, or there is no such event; the error says what there is.
pub fn run(socket: &Path, wanted: &Wanted) -> Result<Exit> {
    let mut lines: Vec<Line> = Vec::new();
    events::each(socket, |line| lines.extend(Line::parse(line)))?;
    let Some(place) = find(&lines, wanted) else {
        bail!("{}", nothing(&lines, wanted));
    };
    let now = SystemTime::UNIX_EPOCH + clock::wall();
    client::print(&sheet::of(&Case::of(&lines, place, now)))?;
    Ok(Exit::Well)
}

/// The place of the event that is wanted.
fn find(lines: &[Line], wanted: &Wanted) -> Option<usize> {
    if let Some(seq) = wanted.seq {
        return lines.iter().position(|line| line.seq == seq);
    }
    let same = |wanted: &Option<String>, is: &Option<String>| {
        let is = is.as_deref().unwrap_or_default();
        wanted
            .as_deref()
            .is_none_or(|wanted| is.eq_ignore_ascii_case(wanted) || label_begins(is, wanted))
    };
    let fits = |line: &Line| {
        line.cause.is_some()
            && same(&wanted.peer, &line.peer)
            && same(&wanted.network, &line.network)
            && wanted.at.is_none_or(|at| line.is_until(at))
    };
    lines.iter().rposition(fits)
}

/// Whether a label such as `Private Network` is meant by its first word, as keys mostly are.
fn label_begins(label: &str, wanted: &str) -> bool {
    let first = label.split_whitespace().next();
    first.is_some_and(|first| first.eq_ignore_ascii_case(wanted))
}

/// What to say where nothing fits.
fn nothing(lines: &[Line], wanted: &Wanted) -> String {
    let kept = match (lines.first(), lines.last()) {
        (Some(first), Some(last)) => format!("events {} to {} are kept", first.seq, last.seq),
        _ => "there are no events yet".to_owned(),
    };
    match wanted.seq {
        Some(seq) => format!("there is no event {seq}: {kept}; `heartbeat events` lists them"),
        None => format!(
            "no event with a cause fits: {kept}; `heartbeat events` lists them, and `heartbeat explain SEQ` takes any"
        ),
    }
}

#[cfg(test)]
mod tests;
