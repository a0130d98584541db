//! A thread that hears one node's cluster frames at a switch port.
//!
//! The awkward case is the end: what had passed the port by then must be in, though the thread may not have
//! come to it yet. So once it is told to end it reads all that waits in the socket. A stamp cannot tell what was
//! before the end: while the kernel is still switching stamps on, a frame gets its stamp when it is read.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use anyhow::Result;
use heartbeat_ebpf::wire::Header;

use super::namespace::Namespace;
use super::plan::Node;
use super::port::{Patience, Port, Seen};

/// Listens until it is ended or dropped.
#[derive(Debug)]
pub struct Listener {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Result<()>>>,
}

impl Listener {
    /// Hands every IPv4 cluster frame of `from` that leaves the switch through the port of `to`, and is for it
    /// or for a group, to `note`: a bridge may flood a port with others' frames.
    pub fn start(
        switch: &Namespace,
        from: Node,
        to: Node,
        note: impl FnMut(Seen, Header) + Send + 'static,
    ) -> Result<Self> {
        Listener::start_at(switch, to, [from, to], note)
    }

    /// The same of frames that pass the port of `at`: at the port of their sender they are seen even if the switch
    /// then drops them.
    pub fn start_at(
        switch: &Namespace,
        at: Node,
        [from, to]: [Node; 2],
        note: impl FnMut(Seen, Header) + Send + 'static,
    ) -> Result<Self> {
        let port = Port::of(switch, at)?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::spawn(move || hear(&port, [from, to], &stopped, note));
        Ok(Listener {
            stop,
            thread: Some(thread),
        })
    }

    /// Ends it once everything that has passed by now is noted.
    pub fn end(&mut self) -> Result<()> {
        self.stop.store(true, Ordering::Relaxed);
        match self.thread.take().map(JoinHandle::join) {
            None => Ok(()),
            Some(Ok(heard)) => heard,
            Some(Err(panic)) => std::panic::resume_unwind(panic),
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// Frames read at most once it shall end: more than the socket has room for.
const REST_MAX: usize = 65_536;

fn hear(
    port: &Port,
    [from, to]: [Node; 2],
    stop: &AtomicBool,
    mut note: impl FnMut(Seen, Header),
) -> Result<()> {
    let mut hand_on = |seen: Seen| {
        if let Some(header) = seen.header()
            && usize::from(header.sender) == from.id()
            && (header.receiver == 0 || usize::from(header.receiver) == to.id())
        {
            note(seen, header);
        }
    };
    while !stop.load(Ordering::Relaxed) {
        port.receive(Patience::Some)?.map(&mut hand_on);
    }
    for _ in 0..REST_MAX {
        match port.receive(Patience::None)? {
            Some(seen) => hand_on(seen),
            None => break,
        }
    }
    Ok(())
}
