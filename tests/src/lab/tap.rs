//! A witness at a switch port: which heartbeats and echo replies left it, and when.
//!
//! To say that every silence was reported, and only those, a test needs to know the silences from somebody
//! else than the agent. The tap knows nothing of authenticity or of incarnations that are not confirmed yet:
//! what is on the wire counts, and whether it was enough is for the test to say.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use heartbeat_ebpf::wire::Kind;

use super::listener::Listener;
use super::namespace::Namespace;
use super::plan::Node;

/// A datagram that passed the port.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Passed {
    /// What it was.
    pub kind: Kind,
    /// When, in nanoseconds of CLOCK_MONOTONIC.
    pub stamp_ns: u64,
    /// Of which run of the agent.
    pub incarnation: u64,
    /// Of which round.
    pub sequence: u64,
    /// See [`heartbeat_ebpf::wire::flags`].
    pub flags: u8,
}

/// A silence between two heartbeats of one sender, in nanoseconds of CLOCK_MONOTONIC.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Silence {
    /// The heartbeat before it.
    pub start_ns: u64,
    /// The heartbeat after it.
    pub end_ns: u64,
}

impl Silence {
    /// The silences between these heartbeats, in order.
    pub fn between(passed: &[Passed]) -> Vec<Self> {
        let pairs = passed.windows(2);
        pairs
            .map(|pair| Silence {
                start_ns: pair[0].stamp_ns,
                end_ns: pair[1].stamp_ns,
            })
            .collect()
    }

    /// How long it was, in nanoseconds.
    pub fn length_ns(&self) -> u64 {
        self.end_ns - self.start_ns
    }
}

/// Listens until it is dropped or asked for the end.
#[derive(Debug)]
pub struct Tap {
    passed: Arc<Mutex<Vec<Passed>>>,
    listener: Listener,
}

impl Tap {
    /// Listens for IPv4 datagrams of `from` that leave the switch through the port of `to`, to it
    /// or to a group.
    pub fn listen(switch: &Namespace, from: Node, to: Node) -> Result<Self> {
        let passed = Arc::<Mutex<Vec<Passed>>>::default();
        let noted = Arc::clone(&passed);
        let listener = Listener::start(switch, from, to, move |seen, header| {
            lock(&noted).push(Passed {
                kind: header.kind,
                stamp_ns: seen.stamp_ns,
                incarnation: header.incarnation,
                sequence: header.sequence,
                flags: header.flags,
            });
        })?;
        Ok(Tap { passed, listener })
    }

    /// The datagrams of this kind so far, in order.
    pub fn passed(&self, kind: Kind) -> Vec<Passed> {
        let passed = lock(&self.passed);
        passed
            .iter()
            .filter(|one| one.kind == kind)
            .copied()
            .collect()
    }

    /// Forgets what has passed so far.
    pub fn forget(&self) {
        lock(&self.passed).clear();
    }

    /// Ends, and returns the silences between one heartbeat and the next, in order.
    pub fn silences(mut self) -> Result<Vec<Silence>> {
        self.listener.end()?;
        Ok(Silence::between(&self.passed(Kind::Heartbeat)))
    }
}

/// A list stays whole whoever panicked beside it.
fn lock(passed: &Mutex<Vec<Passed>>) -> MutexGuard<'_, Vec<Passed>> {
    passed.lock().unwrap_or_else(PoisonError::into_inner)
}
