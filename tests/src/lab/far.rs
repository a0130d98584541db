//! A way that is long: every frame from one node to another arrives, and each so much later.
//!
//! There is no delay line in this kernel. The switch drops what goes straight, and a thread passes on what it saw come
//! in. The awkward case is the order: one thread for both would look away from the port while it waits, so one hears
//! and the other waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use heartbeat_ebpf::wire::{Header, Kind};

use super::Lab;
use super::fault::Fault;
use super::listener::Listener;
use super::plan::{Network, Node};
use super::port::{Port, Seen};

/// The way is long for as long as this lives, and cut afterwards until the lab ends or [`Far::come_near`].
#[derive(Debug)]
pub struct Far {
    fault: Fault,
    listener: Listener,
    replies: Arc<AtomicUsize>,
}

impl Lab {
    /// From now on, what `from` sends to `to` takes so long.
    pub fn move_away(
        &self,
        from: Node,
        to: Node,
        network: Network,
        delay: Duration,
    ) -> Result<Far> {
        let (sender, receiver) = channel();
        let replies = Arc::<AtomicUsize>::default();
        let counted = Arc::clone(&replies);
        let note = move |mut seen: Seen, header: Header| {
            seen.fill_in_checksum();
            let reply = header.kind == Kind::EchoReply;
            counted.fetch_add(usize::from(reply), Ordering::Relaxed);
            // A thread that could not send any more has said why.
            let _ = sender.send((Instant::now() + delay, seen.frame));
        };
        let port = Port::of(self.switch(network), to)?;
        thread::spawn(move || pass_on(&port, &receiver));
        let listener = Listener::start_at(self.switch(network), from, [from, to], note)?;
        Ok(Far {
            fault: self.drop_between(from, to, network)?,
            listener,
            replies,
        })
    }
}

impl Far {
    /// Replies to echo requests that have come this way.
    pub fn replies(&self) -> usize {
        self.replies.load(Ordering::Relaxed)
    }

    /// The way is as short as it was.
    pub fn come_near(mut self) -> Result<()> {
        self.listener.end()?;
        self.fault.heal()?;
        Ok(())
    }
}

/// Sends each frame at its time, until nobody hears any more.
fn pass_on(port: &Port, frames: &Receiver<(Instant, Vec<u8>)>) {
    for (due, frame) in frames {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        if let Err(error) = port.send(&frame) {
            eprintln!("a frame on a long way is lost: {error:#}");
            return;
        }
    }
}
