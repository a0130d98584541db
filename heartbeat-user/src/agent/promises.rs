//! Keeping what the core promises to the membership.

use heartbeat_core::node::Input;
use heartbeat_core::view::Epoch;

use super::Agent;
use crate::clock;
use crate::epoch::Epochs;
use crate::journal::Batch;

impl Agent {
    /// Goes on above what an earlier run has promised.
    pub(super) fn take_over_promises(&mut self, from: Epoch) {
        self.site.maps.shared.node().promised.set(from.0);
        self.tell_core(clock::now(), Input::Promised(from), &mut Vec::new());
    }

    /// Keeps a promise before anything that depends on it is sent: in a map that outlives the agent. The disk is
    /// asked in time, by a thread that may wait for it; only a disk that hung for many regroups is waited for
    /// here.
    pub(super) fn keep_promise(&mut self, epoch: Epoch) {
        self.site.maps.shared.node().promised.set(epoch.0);
        if !self.epochs.covers(epoch.0) {
            set_aside(&self.epochs, epoch);
        } else if self.epochs.is_low(epoch.0) {
            let epochs = self.epochs.clone();
            self.journal.tell(Batch {
                afterwards: Some(Box::new(move || set_aside(&epochs, epoch))),
                ..Batch::default()
            });
        }
    }
}

fn set_aside(epochs: &Epochs, epoch: Epoch) {
    if let Err(error) = epochs.set_aside(epoch.0) {
        log::error!(
            "epochs above {epoch} could not be set aside, after a reboot this node could go on with one that it has promised already: {error:#}"
        );
    }
}
