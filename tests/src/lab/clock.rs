//! The clock that events are stamped with.

use nix::time::{ClockId, clock_gettime};

/// Now, in nanoseconds of CLOCK_MONOTONIC: the clock of every `*_ns` field of an event. Namespaces share
/// it, so a stamp taken here and one taken by any agent of the lab may be compared.
pub fn monotonic_ns() -> u64 {
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC).expect("CLOCK_MONOTONIC always exists");
    let seconds = u64::try_from(now.tv_sec()).expect("the monotonic clock starts at 0");
    let nanoseconds = u64::try_from(now.tv_nsec()).expect("a timespec's fraction is not negative");
    seconds * 1_000_000_000 + nanoseconds
}
