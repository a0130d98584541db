//! What an eavesdropper has: frames of one node as they passed a switch port, to be sent again later.
//!
//! Frames are recorded and sent whole, at the same port and towards the same node, so that nothing but
//! their age tells them from the originals. What is worth playing back is what was authentic once: the
//! recorder takes every cluster datagram of the sender, echoes too. Only the UDP checksum is filled in: a virtual
//! device leaves that to a real one that never comes.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use heartbeat_ebpf::wire::Kind;

use super::interrupt;
use super::listener::Listener;
use super::namespace::Namespace;
use super::plan::Node;
use super::port::{Port, Seen};

/// Frames that are kept; the newest are dropped past that.
const FRAMES_MAX: usize = 100_000;

/// Records until it is dropped or ended.
#[derive(Debug)]
pub struct Recorder {
    frames: Arc<Mutex<Vec<Seen>>>,
    listener: Listener,
    at: Node,
}

impl Recorder {
    /// Records the IPv4 cluster frames of `from` that leave the switch through the port of `to`, to it
    /// or to a group.
    pub fn listen(switch: &Namespace, from: Node, to: Node) -> Result<Self> {
        Recorder::listen_at(switch, to, from, to)
    }

    /// Records the same where they come into the switch, whether or not it passes them on.
    pub fn listen_before(switch: &Namespace, from: Node, to: Node) -> Result<Self> {
        Recorder::listen_at(switch, from, from, to)
    }

    fn listen_at(switch: &Namespace, at: Node, from: Node, to: Node) -> Result<Self> {
        let frames = Arc::<Mutex<Vec<Seen>>>::default();
        let kept = Arc::clone(&frames);
        let listener = Listener::start_at(switch, at, [from, to], move |mut seen, _| {
            seen.fill_in_checksum();
            let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
            if kept.len() < FRAMES_MAX {
                kept.push(seen);
            }
        })?;
        Ok(Recorder {
            frames,
            listener,
            at: to,
        })
    }

    /// Ends it, and returns what was recorded.
    pub fn end(mut self) -> Result<Recording> {
        self.listener.end()?;
        let mut frames = self.frames.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Recording {
            frames: std::mem::take(&mut *frames),
            at: self.at,
        })
    }
}

/// Frames of one sender at one port, in order.
#[derive(Clone, Debug)]
pub struct Recording {
    frames: Vec<Seen>,
    at: Node,
}

impl Recording {
    /// The same frames, to be sent at this node's port.
    pub fn to(self, at: Node) -> Self {
        Recording { at, ..self }
    }

    /// The same frames, the newest first.
    pub fn reversed(mut self) -> Self {
        self.frames.reverse();
        self
    }

    /// How many frames of this kind it holds.
    pub fn count(&self, kind: Kind) -> usize {
        let kinds = self.frames.iter().filter_map(Seen::header);
        kinds.filter(|header| header.kind == kind).count()
    }

    /// Sends all frames at the port where they were recorded, towards the same node, one every `pace`, and
    /// returns how many were sent.
    pub fn play(&self, switch: &Namespace, pace: Duration) -> Result<usize> {
        let port = Port::of(switch, self.at)?;
        for seen in &self.frames {
            port.send(&seen.frame)?;
            interrupt::sleep(pace)?;
        }
        Ok(self.frames.len())
    }
}
