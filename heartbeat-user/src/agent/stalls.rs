//! What the peers' agents do, for a snapshot.
//!
//! The core tells when an agent has stalled and when it works again; between the two this node remembers it here.
//! The awkward case is a stalled agent that is stopped or started anew: what it says then counts for more.

use std::collections::BTreeMap;
use std::time::Duration;

use heartbeat_core::config::PathIndex;
use heartbeat_core::event::{Event, EventKind};
use heartbeat_core::path::PathState;
use heartbeat_core::strain::Strain;
use heartbeat_ebpf::ids::NodeId;
use heartbeat_ebpf::time::Timestamp;

use super::Agent;
use crate::clock;
use crate::snapshot::{AgentState, AgentView};

/// The agents that have stalled, each with its last heartbeat.
#[derive(Clone, Debug, Default)]
pub struct Stalls(BTreeMap<NodeId, Timestamp>);

impl Stalls {
    /// Takes note of what is told.
    pub fn note(&mut self, event: &Event) {
        match event {
            Event::AgentStalled {
                peer, last_arrival, ..
            } => {
                self.0.insert(*peer, *last_arrival);
            }
            Event::AgentResumed { peer, .. } => {
                self.0.remove(peer);
            }
            _ => {}
        }
    }
}

impl Agent {
    /// Every peer's agent, by peer.
    pub(super) fn agent_views(&self, now: Timestamp) -> Vec<AgentView> {
        let paths = &self.core.config().paths;
        let mut first = 0;
        let mut views = Vec::new();
        for paths in paths.chunk_by(|one, other| one.peer == other.peer) {
            let indices = (first..first + paths.len()).map(|at| PathIndex(at as u32));
            views.push(self.agent_view(now, paths[0].peer, &paths[0].peer_name, indices.collect()));
            first += paths.len();
        }
        views
    }

    fn agent_view(
        &self,
        now: Timestamp,
        peer: NodeId,
        name: &str,
        paths: Vec<PathIndex>,
    ) -> AgentView {
        let states = paths.iter().filter_map(|path| self.core.path(*path));
        let states: Vec<PathState> = states.map(|path| path.state()).collect();
        let (state, since) = match goes(&states) {
            Some((state, since)) => (state, Some(since)),
            None => match self.stalls.0.get(&peer) {
                Some(since) => (AgentState::Stalled, Some(*since)),
                None => (self.works(&states, &paths), None),
            },
        };
        let stalled = state == AgentState::Stalled;
        let newest = self.journal.newest();
        AgentView {
            peer: name.to_owned(),
            state,
            since: since.map(|since| clock::rfc3339(clock::wall_at(since))),
            kept_seconds: since
                .filter(|_| stalled)
                .and_then(|since| self.kept(now, peer, since, &states))
                .map(|kept| kept.as_secs_f64()),
            told: since
                .filter(|_| stalled)
                .and_then(|since| newest.of(EventKind::AgentStalled, (name, None), since))
                .map(|told| told.seq),
        }
    }

    /// What an agent does that neither goes nor has stalled.
    fn works(&self, states: &[PathState], paths: &[PathIndex]) -> AgentState {
        let any = |wanted: fn(&PathState) -> bool| states.iter().any(wanted);
        let late = |path: &PathIndex| {
            let strains = self.core.strains(*path);
            strains.is_some_and(|strains| strains.has(Strain::Late))
        };
        if any(|state| matches!(state, PathState::Up)) {
            match paths.iter().any(late) {
                true => AgentState::Late,
                false => AgentState::Ok,
            }
        } else if any(|state| !matches!(state, PathState::Unknown)) {
            AgentState::Silent
        } else {
            AgentState::Unknown
        }
    }

    /// How long a silent agent's node still is a member, if it is one.
    fn kept(
        &self,
        now: Timestamp,
        peer: NodeId,
        since: Timestamp,
        states: &[PathState],
    ) -> Option<Duration> {
        let config = self.core.config();
        let sends = states.iter().any(|state| matches!(state, PathState::Up));
        let index = config.index_of(peer)?;
        let member = self.core.is_member(index) && !sends;
        let allowed = config.membership.stalled_after;
        member.then(|| allowed.saturating_sub(now.since(since)))
    }
}

/// Whether the agent said that it goes, and since when: on no path may it be heard otherwise.
fn goes(states: &[PathState]) -> Option<(AgentState, Timestamp)> {
    let said = |state: &PathState| match state {
        PathState::Left { since } => Some((AgentState::Left, *since)),
        PathState::Restarting { since } => Some((AgentState::Restarting, *since)),
        PathState::Unknown | PathState::Up | PathState::Lost { .. } => None,
    };
    let up = states.iter().any(|state| matches!(state, PathState::Up));
    states.iter().find_map(said).filter(|_| !up)
}
