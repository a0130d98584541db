//! The only readers of clocks.
//!
//! Verdicts use CLOCK_MONOTONIC, which the XDP program stamps with too; wall time is for printing, and, with
//! CLOCK_BOOTTIME, for noticing that the machine was paused.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use heartbeat_ebpf::time::Timestamp;
use nix::time::{ClockId, clock_gettime};

/// Now, on the clock that verdicts use.
pub fn now() -> Timestamp {
    clock_gettime(ClockId::CLOCK_MONOTONIC)
        .ok()
        .and_then(|now| Timestamp::from_ns(Duration::from(now).as_nanos() as u64))
        .expect("Linux always has CLOCK_MONOTONIC, and boot takes longer than a nanosecond")
}

/// Time since boot, with what the machine was suspended for.
pub fn boot() -> Duration {
    clock_gettime(ClockId::CLOCK_BOOTTIME)
        .map(Duration::from)
        .expect("Linux has CLOCK_BOOTTIME since 2.6.39")
}

/// All clocks, read one after the other.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// CLOCK_MONOTONIC, before the others were read.
    pub before: Timestamp,
    /// See [`boot`].
    pub boot: Duration,
    /// See [`wall`].
    pub wall: Duration,
    /// CLOCK_MONOTONIC, after the others were read.
    pub after: Timestamp,
}

/// Reads all clocks.
pub fn reading() -> Reading {
    Reading {
        before: now(),
        boot: boot(),
        wall: wall(),
        after: now(),
    }
}

/// Now, in wall time since 1970; zero where the clock stands before that.
pub fn wall() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}

/// The wall time at which `then` was, as far as both clocks ran alike since.
pub fn wall_at(then: Timestamp) -> Duration {
    wall().saturating_sub(now().since(then))
}

/// A wall time as RFC 3339 in UTC with microseconds.
pub fn rfc3339(wall: Duration) -> String {
    humantime::format_rfc3339_micros(UNIX_EPOCH + wall).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wall_time_prints_as_events_show_it() {
        let wall = Duration::from_micros(1_795_352_405_123_456);
        assert_eq!(rfc3339(wall), "2026-11-22T13:00:05.123456Z");
    }

    #[test]
    fn the_clock_goes_on() {
        let first = now();
        assert!(first <= now());
    }
}
