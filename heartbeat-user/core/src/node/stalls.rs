//! Which peers' agents have stalled.

use alloc::vec::Vec;

use heartbeat_ebpf::time::Timestamp;

use super::Node;
use crate::arrival::Arrival;
use crate::cause::Echoed;
use crate::event::Event;
use crate::path::PathState;
use crate::stall::{News, Says, Sign};
use crate::watch::Watched;

impl Node {
    /// Judges every peer's agent by all of its paths.
    pub(super) fn judge_agents(&mut self, now: Timestamp, arrivals: &[Arrival]) {
        let mut signs: Vec<Vec<Sign>> = self.peers.iter().map(|_| Vec::new()).collect();
        for arrival in arrivals {
            if let Some(watched) = self.paths.get(arrival.path.position()) {
                signs[watched.peer].extend(sign(now, watched, arrival));
            }
        }
        self.stall_due = None;
        for (peer, signs) in self.peers.iter_mut().zip(signs) {
            let due = signs
                .iter()
                .filter_map(|sign| peer.stall.due(now, sign.says, sign.last));
            self.stall_due = self.stall_due.into_iter().chain(due).min();
            match peer.stall.judge(now, signs.into_iter()) {
                None => {}
                Some(News::Stalled(last)) => self.events.push(Event::AgentStalled {
                    peer: peer.id,
                    judged: now,
                    last_arrival: last,
                }),
                Some(News::Resumed(lasted)) => self.events.push(Event::AgentResumed {
                    peer: peer.id,
                    judged: now,
                    lasted,
                }),
            }
        }
    }
}

/// What one path says of its peer's agent; `None`: it was never heard, or said that it goes.
fn sign(now: Timestamp, watched: &Watched, arrival: &Arrival) -> Option<Sign> {
    let last = watched.path.last()?;
    let interval = watched.path.judged_interval();
    let missing = match watched.path.state() {
        PathState::Unknown | PathState::Restarting { .. } | PathState::Left { .. } => return None,
        PathState::Lost { .. } => true,
        PathState::Up => watched.path.first_miss().is_some_and(|miss| miss < now),
    };
    let bound = watched.path.detection().max(interval * 2);
    let says = match watched.inquest.echo() {
        Echoed::Idle if missing => Says::Idle,
        Echoed::NotAsked | Echoed::Unanswered | Echoed::Sending | Echoed::Idle if missing => {
            Says::Nothing
        }
        Echoed::NotAsked | Echoed::Unanswered | Echoed::Sending | Echoed::Idle => {
            if bound < arrival.agent_age {
                Says::Stuck
            } else {
                Says::Works
            }
        }
    };
    Some(Sign { last, says })
}
