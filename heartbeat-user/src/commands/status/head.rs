//! The two lines above the table: who sees what, and how far the nodes agree.

use std::collections::BTreeMap;

use super::text::{Line, Tone, left};
use crate::local_time::{TimeOfDay, Zone};
use crate::snapshot::words::{brief_timing, some};
use crate::snapshot::{AgentState, MembershipView, Snapshot};

/// Where the second half of a line begins.
const HALF: usize = 52;

/// Both lines.
pub fn head(snapshot: &Snapshot, zone: Zone) -> Vec<Line> {
    vec![verdict(snapshot, zone), agreement(snapshot)]
}

fn verdict(snapshot: &Snapshot, zone: Zone) -> Line {
    let time = TimeOfDay::of(&snapshot.time, zone);
    let time = time.map_or_else(|| snapshot.time.clone(), |time| time.to_string());
    let (word, tone) = match snapshot.degraded() {
        true => ("DEGRADED", Tone::Bad),
        false => ("OK", Tone::Strong),
    };
    let first = Line::of(&snapshot.cluster, Tone::Strong)
        .and("  seen by ", Tone::Plain)
        .and(&snapshot.node, Tone::Strong)
        .and(format!("  {time}  "), Tone::Plain)
        .and(word, tone);
    let mut timings: Vec<String> = snapshot.networks.iter().map(brief_timing).collect();
    timings.dedup();
    halves(first, Line::of(timings.join(" and "), Tone::Plain))
}

fn agreement(snapshot: &Snapshot) -> Line {
    let membership = &snapshot.membership;
    let first = match membership.takes_part {
        true => members(snapshot, membership),
        false if snapshot.authenticated => {
            Line::of("no membership: no network counts", Tone::Plain)
        }
        false => Line::of("no membership without a key", Tone::Plain),
    };
    halves(first, configuration(snapshot))
}

fn members(snapshot: &Snapshot, membership: &MembershipView) -> Line {
    let epoch = format!("epoch {} (advisory)", membership.epoch);
    let regroup = match membership.stage.as_str() {
        "stabilized" | "" => Line::default(),
        stage => Line::of(format!("  regroup: {stage}"), Tone::Warn),
    };
    let first = if membership.view.is_none() {
        Line::of("in no view: this node is no member", Tone::Bad)
    } else {
        let left = snapshot.agents_that(AgentState::Left).count();
        let all = membership.nodes.len().saturating_sub(left);
        let members = membership.nodes.iter().filter(|node| node.member).count();
        let gone = match left {
            0 => String::new(),
            left => format!(", {left} left"),
        };
        let tone = if members < all {
            Tone::Warn
        } else {
            Tone::Plain
        };
        Line::of(format!("members {members} of {all}{gone}"), tone).and("  ", Tone::Plain)
    };
    let quorum = match (membership.view, membership.quorate) {
        (None, _) => Line::of("  ", Tone::Plain),
        (Some(_), true) => Line::of("quorate  ", Tone::Plain),
        (Some(_), false) => Line::of("NO QUORUM  ", Tone::Bad),
    };
    join([first, quorum, Line::of(epoch, Tone::Plain), regroup])
}

/// Whether all nodes that are heard run the same configuration.
fn configuration(snapshot: &Snapshot) -> Line {
    let differs = snapshot
        .config_differs
        .iter()
        .filter(|(_, differs)| **differs);
    let differs: Vec<&str> = differs.map(|(peer, _)| peer.as_str()).collect();
    if !differs.is_empty() {
        return Line::of(format!("config DIFFERS on {}", some(&differs)), Tone::Warn);
    }
    // A peer on several networks counts once, and one that was never heard or has left says nothing.
    let mut peers: BTreeMap<&str, bool> = BTreeMap::new();
    for path in &snapshot.paths {
        let heard = peers.entry(&path.peer).or_default();
        *heard |= path.silent_seconds.is_some() && path.state != "left";
    }
    let left = |peer: &str| {
        let mut agents = snapshot.agents_that(AgentState::Left);
        agents.any(|agent| agent.peer == peer)
    };
    let same = 1 + peers.values().filter(|heard| **heard).count();
    let all = 1 + peers.keys().filter(|peer| !left(peer)).count();
    let text = match same == all {
        true => format!("config same on all {all}"),
        false => format!("config same on the {same} heard"),
    };
    Line::of(text, Tone::Plain)
}

fn halves(first: Line, second: Line) -> Line {
    let gap = HALF.saturating_sub(first.width()).max(3);
    join([first, Line::of(left("", gap), Tone::Plain), second])
}

fn join<const N: usize>(lines: [Line; N]) -> Line {
    Line(lines.into_iter().flat_map(|line| line.0).collect())
}
