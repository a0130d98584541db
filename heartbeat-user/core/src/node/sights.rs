//! What the paths to each peer say together.
//!
//! The awkward case is a host whose agent is stopped: its heartbeats end, and its kernel answers echoes as
//! before. It is not gone, so it is suspected only after a much longer silence, or once its kernel falls silent
//! too.

use alloc::vec::Vec;

use heartbeat_ebpf::ids::Incarnation;
use heartbeat_ebpf::time::Timestamp;

use super::Node;
use crate::arrival::{Arrival, Departure};
use crate::config::Role;
use crate::inquiry;
use crate::membership::Sight;
use crate::nodes::NodeIndex;
use crate::path::PathState;
use crate::watch::Watched;

/// What is gathered of one peer.
#[derive(Clone, Copy, Default)]
struct Gathered {
    sight: Sight,
    last: Option<Timestamp>,
    /// Until when its kernel's newest reply says that it is there.
    answers_until: Option<Timestamp>,
    restarting: bool,
}

impl Node {
    /// Shows the membership what this sweep says of each peer.
    pub(super) fn look_at_peers(&mut self, now: Timestamp, arrivals: &[Arrival]) {
        let mut gathered = alloc::vec![Gathered::default(); self.peers.len()];
        for arrival in arrivals {
            if let Some(watched) = self.paths.get(arrival.path.position()) {
                self.gather(&mut gathered[watched.peer], watched, arrival);
            }
        }
        let sights: Vec<(NodeIndex, Sight)> = self
            .peers
            .iter()
            .zip(&gathered)
            .filter_map(|(peer, gathered)| {
                let index = self.config.index_of(peer.id)?;
                let goodbye = gathered
                    .sight
                    .incarnation
                    .and_then(|incarnation| peer.goodbye(incarnation));
                let left = goodbye.is_some_and(|goodbye| goodbye.departure == Departure::Leaving);
                Some((
                    index,
                    gathered.sight(left, self.config.membership.stalled_after),
                ))
            })
            .collect();
        let Some(membership) = &mut self.membership else {
            return;
        };
        for (index, sight) in sights {
            membership.see(now, index, sight);
        }
        self.show_rows();
    }

    fn gather(&self, gathered: &mut Gathered, watched: &Watched, arrival: &Arrival) {
        let Some(last) = watched.path.last() else {
            return;
        };
        let sight = &mut gathered.sight;
        let incarnation = Some(arrival.incarnation).filter(|run| *run != Incarnation(0));
        sight.incarnation = sight.incarnation.max(incarnation);
        let bit = 1 << watched.network;
        let state = watched.path.state();
        let (heard, restarting) = match state {
            PathState::Up => (bit, false),
            PathState::Restarting { .. } => (bit, true),
            PathState::Unknown | PathState::Lost { .. } | PathState::Left { .. } => (0, false),
        };
        sight.heard |= heard;
        gathered.restarting |= restarting;
        match self.config.networks[watched.network].role {
            Role::Client => return,
            Role::Counts => {}
        }
        sight.counted |= heard;
        let after = self.config.membership.regroup_after;
        sight.suspect_from = sight.suspect_from.max(watched.path.suspicion(after));
        gathered.last = gathered.last.max(Some(last));
        let answers = arrival.reply.map(|reply| {
            let patience = inquiry::reply_lasts(&watched.path, reply.at.since(last));
            reply.at.after(patience)
        });
        gathered.answers_until = gathered.answers_until.max(answers);
    }
}

impl Gathered {
    fn sight(&self, left: bool, stalled_after: core::time::Duration) -> Sight {
        let stalled = self.last.map(|last| last.after(stalled_after));
        let answers = stalled.min(self.answers_until);
        let departure = if left {
            Some(Departure::Leaving)
        } else {
            self.restarting.then_some(Departure::Restarting)
        };
        Sight {
            suspect_from: self.sight.suspect_from.max(answers),
            departure,
            ..self.sight
        }
    }
}
