//! What is asked of all paths in one sweep.
//!
//! Each path asks at its own pace, which bounds what one peer hears. The awkward case is a node with thousands of
//! paths that all miss a heartbeat at once, because a machine between was busy: thousands of requests make it busier,
//! and their answers come when the next requests are already due. So a sweep asks so many, and the next goes on where
//! it ended.

use alloc::vec::Vec;

use heartbeat_ebpf::time::Timestamp;

use super::Node;
use crate::action::Action;
use crate::arrival::Arrival;
use crate::config::Authentication;
use crate::inquiry::Need;

/// Echo requests of one sweep.
pub(super) const ECHOES_MAX: usize = 128;

impl Node {
    /// Asks what there is to ask on every path, up to so many echoes, beginning where the last turn had to end;
    /// and sends on it as its network does. Says whether some heartbeats take another way now.
    pub(super) fn ask(
        &mut self,
        now: Timestamp,
        arrivals: &[Arrival],
        begun: Timestamp,
        actions: &mut Vec<Action>,
    ) -> bool {
        let mut changed = false;
        let mut left = ECHOES_MAX;
        self.waiting = None;
        let (before, after) = arrivals.split_at(self.asked_until.min(arrivals.len()));
        for arrival in after.iter().chain(before) {
            if let Some(watched) = self.paths.get_mut(arrival.path.position()) {
                let group = &self.groups[watched.network];
                changed |= watched.carry(group.carriage());
                let need = match self.config.authentication {
                    Authentication::Off => Need::Never,
                    Authentication::Key if left == 0 => {
                        self.waiting = Some(now);
                        Need::Never
                    }
                    Authentication::Key => group.need(),
                };
                if watched.inquire(now, arrival, need, begun, actions) {
                    left -= 1;
                    self.asked_until = arrival.path.position() + 1;
                }
            }
        }
        changed
    }
}
