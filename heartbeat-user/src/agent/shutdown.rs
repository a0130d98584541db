//! Signals, and the end of a run.

use anyhow::{Context, Result};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::Agent;

/// What a signal asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// To end.
    End,
    /// To read the configuration again.
    Reload,
}

/// The signals that the agent listens to.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    /// Starts listening.
    pub fn new() -> Result<Self> {
        let listen = |kind| signal(kind).context("listen to signals");
        Ok(Signals {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
            hangup: listen(SignalKind::hangup())?,
        })
    }

    /// The next one.
    pub async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.terminate.recv() => Asked::End,
            _ = self.interrupt.recv() => Asked::End,
            _ = self.hangup.recv() => Asked::Reload,
        }
    }
}

impl Agent {
    /// Whether the run ends.
    pub(super) fn obey(&self, asked: Asked) -> bool {
        if asked == Asked::Reload {
            log::warn!("this release can't reload its configuration: restart the agent instead");
        }
        asked == Asked::End
    }

    /// Stops the threads and keeps what outlives the run: links, maps and pins stay, and stamping goes on.
    pub(super) fn end(self) {
        log::info!("stopping; the XDP program goes on stamping, `heartbeat detach` removes it");
        self.sender.stop();
        self.journal.close();
        self.control.stop();
    }
}
