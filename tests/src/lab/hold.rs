//! A way on which frames wait: what one node sends to another is kept at the switch, and passed on later, all at once.
//!
//! There is no delay line in this kernel, and none is needed: what a delayed heartbeat is, is one that arrives as it was
//! sent, later.

use std::time::Duration;

use anyhow::Result;
use heartbeat_ebpf::wire::Kind;

use super::Lab;
use super::fault::Fault;
use super::plan::{Network, Node};
use super::recording::Recorder;

/// Frames on the way.
#[derive(Debug)]
pub struct Held {
    fault: Fault,
    recorder: Recorder,
    network: Network,
    to: Node,
}

impl Lab {
    /// Keeps what `from` sends to `to` from now on.
    pub fn hold_back(&self, from: Node, to: Node, network: Network) -> Result<Held> {
        let recorder = Recorder::listen_before(self.switch(network), from, to)?;
        let fault = self.drop_between(from, to, network)?;
        Ok(Held {
            fault,
            recorder,
            network,
            to,
        })
    }
}

impl Held {
    /// Passes on what was kept, in order, and lets the rest through; returns how many heartbeats had waited.
    pub fn pass_on(self, lab: &Lab) -> Result<usize> {
        let recording = self.recorder.end()?.to(self.to);
        recording.play(lab.switch(self.network), Duration::ZERO)?;
        self.fault.heal()?;
        Ok(recording.count(Kind::Heartbeat))
    }

    /// Passes on what was kept, the newest first, and lets the rest through; returns how many heartbeats had waited.
    pub fn pass_on_reversed(self, lab: &Lab) -> Result<usize> {
        let recording = self.recorder.end()?.to(self.to).reversed();
        recording.play(lab.switch(self.network), Duration::ZERO)?;
        self.fault.heal()?;
        Ok(recording.count(Kind::Heartbeat))
    }
}
