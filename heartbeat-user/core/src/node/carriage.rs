//! How each network's heartbeats are sent.

use alloc::vec::Vec;

use heartbeat_ebpf::time::Timestamp;

use super::Node;
use crate::action::Action;
use crate::arrival::Arrival;
use crate::event::Event;
use crate::group::{Group, Member};

impl Node {
    /// Judges every network's group, and says if heartbeats have to take another way.
    pub(super) fn carry(
        &mut self,
        now: Timestamp,
        arrivals: &[Arrival],
        actions: &mut Vec<Action>,
    ) {
        let mut members: Vec<Vec<Member>> = self.groups.iter().map(|_| Vec::new()).collect();
        for arrival in arrivals {
            if let Some(watched) = self.paths.get(arrival.path.position())
                && self.groups[watched.network].is_used()
            {
                members[watched.network].extend(watched.member(arrival));
            }
        }
        let before: Vec<_> = self.groups.iter().map(Group::carriage).collect();
        for (group, members) in self.groups.iter_mut().zip(&members) {
            if let Some(path) = group.judge(now, members) {
                self.events
                    .push(Event::MulticastFailed { path, judged: now });
            }
        }
        self.tell(now, actions);
        let mut changed = before
            .iter()
            .zip(&self.groups)
            .any(|(before, group)| *before != group.carriage());
        for watched in &mut self.paths {
            changed |= watched.carry(self.groups[watched.network].carriage());
        }
        if changed {
            actions.push(Action::Carry);
        }
    }
}
