//! The largest lateness of the last minute, kept without a lock.
//!
//! One word a second, in a ring that is longer than the window: the second in its upper half, the largest
//! lateness of that second in the lower. A word of a second long gone is recognised by its upper half, so
//! nobody has to clear it in time.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use heartbeat_ebpf::time::Timestamp;

/// Seconds that count.
const WINDOW: u32 = 60;
/// Words in the ring: the window, the second that has just begun, and some to spare.
const WORDS: usize = 64;

/// Maxima by second.
pub struct Recent([AtomicU64; WORDS]);

impl Default for Recent {
    fn default() -> Self {
        Recent([const { AtomicU64::new(0) }; WORDS])
    }
}

impl Recent {
    /// Records a lateness, in whole microseconds, up to 71 minutes.
    pub fn record(&self, now: Timestamp, late: Duration) {
        let second = second(now);
        let late = u32::try_from(late.as_micros()).unwrap_or(u32::MAX);
        let fresh = u64::from(second) << 32 | u64::from(late);
        let word = &self.0[second as usize % WORDS];
        // Of two words of one second the larger one is the later; an older second's is always smaller.
        word.fetch_max(fresh, Relaxed);
    }

    /// The largest of the last minute.
    pub fn max(&self, now: Timestamp) -> Duration {
        let oldest = second(now).saturating_sub(WINDOW);
        let words = self.0.iter().map(|word| word.load(Relaxed));
        let recent = words.filter(|word| oldest <= (word >> 32) as u32);
        Duration::from_micros(recent.map(|word| u64::from(word as u32)).max().unwrap_or(0))
    }
}

/// Seconds since boot: 136 years of them fit.
fn second(now: Timestamp) -> u32 {
    u32::try_from(now.ns() / 1_000_000_000).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: u64) -> Timestamp {
        Timestamp::from_ns(1_000_000_000 * second + 5).unwrap()
    }

    fn us(us: u64) -> Duration {
        Duration::from_micros(us)
    }

    #[test]
    fn nothing_recorded_is_no_lateness() {
        assert_eq!(Recent::default().max(at(0)), us(0));
        assert_eq!(Recent::default().max(at(1_000)), us(0));
    }

    #[test]
    fn the_largest_of_the_last_minute_is_told_and_then_forgotten() {
        let recent = Recent::default();
        recent.record(at(100), us(900));
        recent.record(at(100), us(300));
        recent.record(at(130), us(500));
        assert_eq!(recent.max(at(130)), us(900));
        assert_eq!(recent.max(at(160)), us(900));
        assert_eq!(recent.max(at(161)), us(500));
        assert_eq!(recent.max(at(191)), us(0));
    }

    #[test]
    fn a_second_that_shares_its_word_with_an_old_one_replaces_it() {
        let recent = Recent::default();
        recent.record(at(100), us(900));
        recent.record(at(100 + WORDS as u64), us(5));
        assert_eq!(recent.max(at(100 + WORDS as u64)), us(5));
    }

    #[test]
    fn what_does_not_fit_is_told_as_the_most_that_does() {
        let recent = Recent::default();
        recent.record(at(100), Duration::from_secs(100_000));
        assert_eq!(recent.max(at(100)), us(u64::from(u32::MAX)));
    }
}
