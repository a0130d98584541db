//! The sender's pulse: by when it means to be at work again.
//!
//! A thread that waits for the next round and one that hangs in a system call look the same from outside, and an
//! interval may be a minute long. So before it waits, the thread says until when; whoever finds that moment long
//! past knows that it is not waiting any more, and not working either.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use heartbeat_ebpf::time::Timestamp;

/// Shared by the thread and whoever feels it.
#[derive(Clone, Default, Debug)]
pub struct Pulse(Arc<AtomicU64>);

impl Pulse {
    /// The thread waits until this moment.
    pub fn beat(&self, next: Timestamp) {
        self.0.store(next.ns(), Relaxed);
    }

    /// Whether that moment is not longer past than this. A thread that has not begun is given the time.
    pub fn is_felt(&self, now: Timestamp, patience: Duration) -> bool {
        match Timestamp::from_ns(self.0.load(Relaxed)) {
            Some(next) => now.since(next) <= patience,
            None => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_waits_is_well_and_one_that_is_overdue_is_not() {
        let at = |ns| Timestamp::from_ns(ns).expect("not zero");
        let patience = Duration::from_nanos(10);
        let pulse = Pulse::default();
        assert!(pulse.is_felt(at(1_000), patience));
        pulse.beat(at(2_000));
        assert!(pulse.is_felt(at(1_000), patience));
        assert!(pulse.is_felt(at(2_010), patience));
        assert!(!pulse.is_felt(at(2_011), patience));
        pulse.beat(at(3_000));
        assert!(pulse.is_felt(at(2_011), patience));
    }
}
