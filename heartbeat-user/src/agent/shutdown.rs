//! Signals, and the end of a run.
//!
//! The peers are told how a run ends, because a silence that was announced accuses nobody. A stop is a restart
//! unless somebody says otherwise, by the command `leave` or by shutting the system down: an agent that is
//! stopped for good without a word is to be missed.

use std::process::Command;

use anyhow::{Context, Result};
use heartbeat_core::arrival;
use heartbeat_core::node::Input;
use heartbeat_ebpf::wire::flags;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::Agent;
use crate::clock;

/// What a signal asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// To end.
    End,
    /// To read the configuration again.
    Reload,
}

/// What the peers are told at the end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Departure {
    /// Another run will follow.
    Restarting,
    /// None will.
    Leaving,
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
    /// Does what a signal asks for.
    pub(super) fn obey(&mut self, asked: Asked) {
        match asked {
            Asked::Reload => self.reload_by_signal(),
            Asked::End => {
                let down = is_going_down();
                self.departure.get_or_insert(if down {
                    Departure::Leaving
                } else {
                    Departure::Restarting
                });
            }
        }
    }

    /// Tells the peers, stops the threads, and keeps what outlives the run: links, maps and pins stay, and
    /// stamping goes on.
    pub(super) fn end(mut self, departure: Departure) {
        log::info!(
            "ending, {departure:?}: the XDP program goes on stamping, `heartbeat detach` removes it"
        );
        self.service.stopping(&format!("{departure:?}"));
        let (said, flag) = match departure {
            Departure::Restarting => (arrival::Departure::Restarting, flags::RESTARTING),
            Departure::Leaving => (arrival::Departure::Leaving, flags::LEAVING),
        };
        // Peers take the word for it that this node acts by no view any more.
        self.tell_core(clock::now(), Input::Depart(said), &mut Vec::new());
        self.sender.farewell(flag);
        self.journal.close();
        if let Some(recorder) = self.recorder {
            recorder.close();
        }
        let unread = self.messages.inbox.waiting();
        if unread != 0 {
            log::warn!("{unread} messages to this node end with its agent: nobody received them");
        }
        // Whoever receives is told by this that no more will come.
        drop(self.messages);
        self.control.stop();
    }
}

/// Whether the whole system is being shut down, as far as systemd knows.
fn is_going_down() -> bool {
    if !std::path::Path::new("/run/systemd/system").exists() {
        return false;
    }
    let state = Command::new("systemctl").arg("is-system-running").output();
    state.is_ok_and(|state| state.stdout.starts_with(b"stopping"))
}
