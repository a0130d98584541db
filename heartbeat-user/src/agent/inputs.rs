//! What the core is told, all of it through one place.
//!
//! A verdict can be judged again only if everything that led to it is known, so nobody else hands the core an
//! input, and whoever records it does so here: elsewhere the core can only be asked.

use std::ops::Deref;

use heartbeat_core::action::Action;
use heartbeat_core::node::{Input, Node as Core};
use heartbeat_ebpf::ids::Incarnation;
use heartbeat_ebpf::time::Timestamp;

use super::Agent;
use crate::clock;
use crate::config::Cluster;
use crate::recording::{FILE_BYTES_MAX, Origin, Recorder};

/// The core, for the rest of the agent to ask.
pub(super) struct Door(Core);

impl Door {
    /// To this core.
    pub fn to(core: Core) -> Self {
        Door(core)
    }
}

impl Deref for Door {
    type Target = Core;

    fn deref(&self) -> &Core {
        &self.0
    }
}

impl Agent {
    /// Tells the core, and appends what follows to `actions`.
    pub(super) fn tell_core(
        &mut self,
        now: Timestamp,
        input: Input<'_>,
        actions: &mut Vec<Action>,
    ) {
        if let Some(recorder) = &mut self.recorder {
            recorder.record(now, &input, &self.text);
        }
        self.core.0.handle(now, input, actions);
    }
}

/// Begins a recording, if one is wanted. A failure is logged: a node is watched all the same.
pub(super) fn record(
    cluster: &Cluster,
    text: &str,
    core: &Core,
    incarnation: Incarnation,
) -> Option<Recorder> {
    let file = cluster.agent.record.as_ref()?;
    let origin = Origin {
        config: core.config(),
        text,
        incarnation,
        now: clock::now(),
        wall: clock::wall(),
    };
    match Recorder::start(file, FILE_BYTES_MAX, origin) {
        Ok(recorder) => {
            log::info!(
                "all that leads to verdicts is recorded in {}",
                file.display()
            );
            Some(recorder)
        }
        Err(error) => {
            log::error!("nothing is recorded: {error:#}");
            None
        }
    }
}
