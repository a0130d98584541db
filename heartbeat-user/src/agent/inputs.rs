//! What the core is told, all of it through one place.
//!
//! A verdict can be judged again only if everything that led to it is known, so nobody else hands the core an
//! input.

use heartbeat_core::action::Action;
use heartbeat_core::node::Input;
use heartbeat_ebpf::time::Timestamp;

use super::Agent;

impl Agent {
    /// Tells the core, and appends what follows to `actions`.
    pub(super) fn tell_core(
        &mut self,
        now: Timestamp,
        input: Input<'_>,
        actions: &mut Vec<Action>,
    ) {
        self.core.handle(now, input, actions);
    }
}
