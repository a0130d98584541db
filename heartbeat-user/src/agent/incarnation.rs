//! Going on as another incarnation, where peers know a newer one than ours.
//!
//! A restored disk or a clock that was set back makes a run older than one before it, and peers refuse it as
//! they would a recording. Nothing heals that but a number above the one they know.

use heartbeat_core::node::Input;
use heartbeat_ebpf::ids::Incarnation;

use super::Agent;
use crate::{clock, incarnation};

impl Agent {
    /// Takes an incarnation above `known`, and introduces itself anew.
    pub(super) fn outgrow(&mut self, known: Incarnation) {
        let least = (clock::wall().as_nanos() as u64).max(known.0.saturating_add(1));
        match incarnation::next(&self.directory, least) {
            Ok(next) => {
                log::warn!(
                    "peers know incarnation {known} of this node, newer than {}: it goes on as {next}",
                    self.incarnation
                );
                self.incarnation = next;
                self.site.begin(next);
                let mut actions = Vec::new();
                self.tell_core(clock::now(), Input::Reborn(next), &mut actions);
                self.act(actions);
                self.send_everywhere();
            }
            Err(error) => {
                log::error!("no newer incarnation, peers go on refusing this one: {error:#}")
            }
        }
    }
}
