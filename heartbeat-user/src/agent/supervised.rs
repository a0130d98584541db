//! What the service manager hears of this agent.
//!
//! It starts an agent again that failed, and must not do so where that cannot help: a file with a mistake is the
//! same a second later, while an address that the network has not given yet may be there. So the two end with
//! different exit statuses, and the unit knows which to try again.

use std::fmt;

use heartbeat_ebpf::time::Timestamp;

use super::Agent;
use crate::clock;

/// The agent was told nothing wrong, and yet could not start or go on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Failed;

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the agent could not start or go on")
    }
}

impl Agent {
    /// It answers, by the configuration that it has now.
    pub(super) fn tell_ready(&self) {
        let refused = if self.reloaded {
            ""
        } else {
            "; the last reload was refused, see the log"
        };
        self.service.ready(&format!(
            "node {} of cluster {}, {} paths{refused}",
            self.cluster.nodes[self.node].name,
            self.cluster.name,
            self.site.paths.len(),
        ));
    }

    /// Feeds the watchdog after a sweep, if it is time and the sender is well; says when to come back for that.
    pub(super) fn feed(&mut self) -> Option<Timestamp> {
        let patience = self.service.patience()?;
        let now = clock::now();
        if self.sender.is_well(now, patience) {
            self.service.feed(now);
        }
        self.service
            .next_feeding()
            .map(|next| next.max(now.after(patience / 4)))
    }
}
