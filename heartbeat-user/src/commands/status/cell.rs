//! What stands in a cell: a word, and the time or figure that goes with it.

use crate::local_time::{TimeOfDay, Zone};
use crate::snapshot::{AgentState, AgentView, PathView, Snapshot};

use super::text::Tone;

/// A cell's text.
pub struct Cell<T = String> {
    /// The text, without spaces around it.
    pub text: T,
    /// How it is to be taken.
    pub tone: Tone,
}

/// Columns of the time behind a state's word.
const WIDTH: usize = 12;

/// Whether a node is a member.
pub fn member(snapshot: &Snapshot, node: &str) -> Cell<&'static str> {
    let membership = &snapshot.membership;
    let agent = snapshot.agent(node).map(|agent| agent.state);
    let mut nodes = membership.nodes.iter();
    let known = nodes.find(|known| known.node == node);
    let (text, tone) = match (known, agent) {
        (_, Some(AgentState::Left)) => ("left", Tone::Quiet),
        (Some(known), _) if membership.takes_part => match known.member {
            true => ("yes", Tone::Plain),
            false => ("NO", Tone::Bad),
        },
        (Some(_) | None, _) => ("-", Tone::Quiet),
    };
    Cell { text, tone }
}

/// A path's state, and how long ago it was heard; an M where it is under maintenance.
pub fn path(path: Option<&PathView>, agent: Option<&AgentView>) -> Cell {
    let gone = agent.is_some_and(|agent| agent.state == AgentState::Left);
    let Some(path) = path.filter(|_| !gone) else {
        return Cell {
            text: "-".to_owned(),
            tone: Tone::Quiet,
        };
    };
    let (word, tone) = match path.state.as_str() {
        "up" => match path.strains.first() {
            None => ("up", Tone::Plain),
            Some(strain) => (strain.as_str(), Tone::Warn),
        },
        "lost" if path.maintenance => ("LOST", Tone::Warn),
        "lost" => ("LOST", Tone::Bad),
        "unknown" => ("never heard", Tone::Warn),
        "restarting" => ("restarting", Tone::Warn),
        other => (other, Tone::Quiet),
    };
    let time = match word {
        "never heard" | "restarting" => String::new(),
        _ => path.silent_seconds.map_or_else(String::new, ago),
    };
    let room = WIDTH.saturating_sub(word.chars().count());
    let mark = if path.maintenance { "M" } else { "" };
    Cell {
        text: format!("{word}{time:>room$}{mark}"),
        tone,
    }
}

/// What a peer's agent does.
pub fn agent(snapshot: &Snapshot, agent: Option<&AgentView>, peer: &str, zone: Zone) -> Cell {
    let state = agent.map_or(AgentState::Unknown, |agent| agent.state);
    let differs = snapshot.config_differs.get(peer).copied().unwrap_or(false);
    let since = agent.and_then(|agent| TimeOfDay::of(agent.since.as_deref()?, zone));
    let (text, tone) = match state {
        AgentState::Stalled => ("STALLED".to_owned(), Tone::Bad),
        AgentState::Restarting => ("restarting".to_owned(), Tone::Warn),
        AgentState::Left => {
            let since =
                since.map_or_else(|| "left".to_owned(), |at| format!("since {}", at.short()));
            (since, Tone::Quiet)
        }
        AgentState::Ok | AgentState::Late if differs => ("config differs".to_owned(), Tone::Warn),
        AgentState::Ok => ("ok".to_owned(), Tone::Plain),
        AgentState::Late => ("late".to_owned(), Tone::Warn),
        AgentState::Silent => ("silent".to_owned(), Tone::Warn),
        AgentState::Unknown => ("-".to_owned(), Tone::Quiet),
    };
    Cell { text, tone }
}

/// A time since something, short.
pub fn ago(seconds: f64) -> String {
    match seconds {
        s if s < 100.0 => format!("{s:.1}s"),
        s if s < 6_000.0 => format!("{:.0}min", s / 60.0),
        s if s < 360_000.0 => format!("{:.0}h", s / 3_600.0),
        s => format!("{:.0}d", s / 86_400.0),
    }
}

/// The length of a gap, short.
pub fn gap(seconds: f64) -> String {
    match seconds {
        s if s < 1_000.0 => format!("{s:.2}s"),
        s => ago(s),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_fit_their_columns_however_long_they_are() {
        for seconds in [0.0, 9.99, 99.94, 99.99, 5_999.0, 7_200.0, 359_000.0, 8.64e7] {
            assert!(ago(seconds).len() <= 7, "{}", ago(seconds));
            assert!(gap(seconds).len() <= 7, "{}", gap(seconds));
        }
        assert_eq!((ago(14.2), ago(900.0)), ("14.2s".into(), "15min".into()));
        assert_eq!(
            (gap(1.2449), gap(3_600.0)),
            ("1.24s".into(), "60min".into())
        );
    }
}
