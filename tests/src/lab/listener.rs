//! A thread that hears one node's cluster frames at a switch port.
//!
//! The awkward case is the end: what had passed the port by then must be in, though the thread may not have
//! come to it yet. So it is told a time and not just to stop, and reads on until a later frame, or none, comes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};

use anyhow::Result;
use heartbeat_ebpf::wire::Header;

use super::clock::monotonic_ns;
use super::namespace::Namespace;
use super::plan::Node;
use super::port::{Port, Seen};

/// Listens until it is ended or dropped.
#[derive(Debug)]
pub struct Listener {
    until_ns: Arc<AtomicU64>,
    thread: Option<JoinHandle<Result<()>>>,
}

impl Listener {
    /// Hands every IPv4 cluster frame of `from` that leaves the switch through the port of `to` to `note`.
    pub fn start(
        switch: &Namespace,
        from: Node,
        to: Node,
        note: impl FnMut(Seen, Header) + Send + 'static,
    ) -> Result<Self> {
        let port = Port::of(switch, to)?;
        let until_ns = Arc::new(AtomicU64::new(u64::MAX));
        let end_ns = Arc::clone(&until_ns);
        let thread = thread::spawn(move || hear(&port, from, &end_ns, note));
        Ok(Listener {
            until_ns,
            thread: Some(thread),
        })
    }

    /// Ends it once everything that has passed by now is noted.
    pub fn end(&mut self) -> Result<()> {
        self.until_ns.store(monotonic_ns(), Ordering::Relaxed);
        match self.thread.take().map(JoinHandle::join) {
            None => Ok(()),
            Some(Ok(heard)) => heard,
            Some(Err(panic)) => std::panic::resume_unwind(panic),
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.until_ns.store(0, Ordering::Relaxed);
    }
}

fn hear(
    port: &Port,
    from: Node,
    until_ns: &AtomicU64,
    mut note: impl FnMut(Seen, Header),
) -> Result<()> {
    loop {
        let end_ns = until_ns.load(Ordering::Relaxed);
        match port.receive()? {
            Some(seen) if seen.stamp_ns <= end_ns => {
                let header = seen.header();
                if let Some(header) = header.filter(|h| usize::from(h.sender) == from.id()) {
                    note(seen, header);
                }
            }
            None if end_ns == u64::MAX => {}
            Some(_) | None => return Ok(()),
        }
    }
}
