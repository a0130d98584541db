//! Telling what was judged, in the order in which it must be told.

use alloc::vec::Vec;

use heartbeat_ebpf::time::Timestamp;

use super::Node;
use crate::action::Action;
use crate::config::PathIndex;
use crate::event::Event;
use crate::flapping::Voice;

impl Node {
    /// Turns what was judged into actions.
    pub(super) fn tell(&mut self, now: Timestamp, actions: &mut Vec<Action>) {
        for event in core::mem::take(&mut self.events) {
            match event {
                Event::PathLost { path, .. } | Event::PathRestored { path, .. } => {
                    self.tell_or_wait(now, path, event, actions);
                }
                Event::AgentStalled { .. }
                | Event::AgentResumed { .. }
                | Event::Departed { .. }
                | Event::ConfigDiffers { .. }
                | Event::MulticastFailed { .. }
                | Event::IncarnationRefused { .. }
                | Event::PathFlapping { .. }
                | Event::PathLate { .. }
                | Event::SelfStarved { .. }
                | Event::LocalInterfaceFailed { .. }
                | Event::Interface { .. }
                | Event::Network { .. }
                | Event::MemberRemoved { .. }
                | Event::QuorumLost { .. }
                | Event::MemberJoined { .. }
                | Event::Quarantined { .. } => actions.push(Action::Emit(event, Voice::Loud)),
            }
        }
    }

    /// What waits on a path is told before anything else of it; the end of an outage may have to wait.
    fn tell_or_wait(
        &mut self,
        now: Timestamp,
        path: PathIndex,
        event: Event,
        actions: &mut Vec<Action>,
    ) {
        let waits = self.waits(&event);
        let Some(watched) = self.paths.get_mut(path.position()) else {
            return;
        };
        let waited = watched.inquest.give();
        if waits {
            let interval = watched.path.judged_interval();
            watched.inquest.wait(now, event, interval);
        }
        if let Some(waited) = waited {
            self.tell_path(now, waited, actions);
        }
        if !waits {
            self.tell_path(now, event, actions);
        }
    }
}
