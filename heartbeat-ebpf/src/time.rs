//! Time as the kernel stamps it.
//!
//! All verdicts compare stamps of one clock: this node's CLOCK_MONOTONIC, in nanoseconds, which
//! `bpf_ktime_get_ns` reads too. A zeroed map record must read as "never", not as "at boot", so zero is not
//! a [`Timestamp`]. A peer's clock is never one either: its stamps are opaque numbers whose differences mean
//! something only within one incarnation.

use core::num::NonZeroU64;
use core::time::Duration;

/// A moment of this node's CLOCK_MONOTONIC, in nanoseconds since boot, never zero.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Timestamp(NonZeroU64);

impl Timestamp {
    /// The moment with this stamp, or `None` for 0, which means never.
    pub const fn from_ns(ns: u64) -> Option<Self> {
        match NonZeroU64::new(ns) {
            Some(ns) => Some(Self(ns)),
            None => None,
        }
    }

    /// Nanoseconds of CLOCK_MONOTONIC.
    pub const fn ns(self) -> u64 {
        self.0.get()
    }

    /// How long after `earlier` this is; zero where `earlier` is later, as two CPUs may stamp out of order.
    pub const fn since(self, earlier: Timestamp) -> Duration {
        Duration::from_nanos(self.ns().saturating_sub(earlier.ns()))
    }

    /// This moment less `span`, but never before the clock began.
    #[inline(always)]
    pub const fn before(self, span: Duration) -> Timestamp {
        match Timestamp::from_ns(self.ns().saturating_sub(span.as_nanos() as u64)) {
            Some(moment) => moment,
            None => Timestamp(NonZeroU64::MIN),
        }
    }

    /// This moment moved into the future, at most to the end of the clock's range (584 years).
    pub const fn after(self, span: Duration) -> Timestamp {
        let span = span.as_nanos();
        let span = if span > u64::MAX as u128 {
            u64::MAX
        } else {
            span as u64
        };
        Timestamp(self.0.saturating_add(span))
    }
}
