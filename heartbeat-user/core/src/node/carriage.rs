//! How each network's heartbeats are sent.

use alloc::vec::Vec;

use heartbeat_ebpf::time::Timestamp;

use super::Node;
use crate::event::Event;
use crate::group::Member;

impl Node {
    /// Judges every network's group by its members, which are by network. Says whether heartbeats have to take
    /// another way.
    pub(super) fn judge_groups(&mut self, now: Timestamp, members: &[Vec<Member>]) -> bool {
        let mut changed = false;
        for (group, members) in self.groups.iter_mut().zip(members) {
            let before = group.carriage();
            if let Some(path) = group.judge(now, members) {
                self.events
                    .push(Event::MulticastFailed { path, judged: now });
            }
            changed |= before != group.carriage();
        }
        changed
    }
}
