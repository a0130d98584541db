//! Pauses of the whole machine, as far as clocks show them.
//!
//! CLOCK_MONOTONIC stands still while a machine is suspended, and may stand still while a virtual machine is
//! stunned: to the stamps nothing has happened, and yet every peer has missed us, and whatever they sent is
//! gone. CLOCK_BOOTTIME goes on during a suspend, and CLOCK_REALTIME is put right by somebody afterwards. So
//! both are watched against CLOCK_MONOTONIC, and verdicts wait where one of them ran ahead. Somebody who sets
//! the clock forward makes them wait as well; that costs one detection time, once.
//!
//! The awkward case is that three clocks can't be read at one moment: a thread may be taken off its CPU
//! between two readings for as long as a suspend takes. So CLOCK_MONOTONIC is read before and after the
//! others, which bounds how far each is ahead of it on both sides, and only what lies beyond all doubt counts.
//! Both distances are constant but for jumps (a clock that is slewed slews CLOCK_MONOTONIC along), so the
//! bounds of all looks are one knowledge and grow narrower.

use std::time::Duration;

use crate::clock::{self, Reading};

/// A clock that ran ahead by less is not told.
const BOUND: Duration = Duration::from_millis(100);

/// How far the clocks ran ahead of CLOCK_MONOTONIC, at least; zero where one did not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ahead {
    /// CLOCK_BOOTTIME: the machine was suspended for so long.
    pub boot: Duration,
    /// CLOCK_REALTIME: somebody put the clock forward, perhaps because the machine had been paused.
    pub wall: Duration,
}

/// What earlier looks saw.
#[derive(Debug)]
pub struct Pause {
    boot: Distance,
    wall: Distance,
}

impl Pause {
    /// The first look.
    pub fn new() -> Self {
        let first = clock::reading();
        Pause {
            boot: Distance::seen(&first, first.boot),
            wall: Distance::seen(&first, first.wall),
        }
    }

    /// Whether a clock ran ahead of CLOCK_MONOTONIC by more than 100 ms since the last look.
    pub fn look(&mut self) -> Option<Ahead> {
        self.compare(&clock::reading())
    }

    fn compare(&mut self, seen: &Reading) -> Option<Ahead> {
        let ahead = Ahead {
            boot: self.boot.jumped(Distance::seen(seen, seen.boot)),
            wall: self.wall.jumped(Distance::seen(seen, seen.wall)),
        };
        (BOUND < ahead.boot.max(ahead.wall)).then_some(ahead)
    }
}

impl Default for Pause {
    fn default() -> Self {
        Self::new()
    }
}

/// How far a clock is ahead of CLOCK_MONOTONIC, ns: at least and at most. A clock that was never set may be
/// behind.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Distance {
    least: i128,
    most: i128,
}

impl Distance {
    fn seen(reading: &Reading, clock: Duration) -> Self {
        let clock = clock.as_nanos() as i128;
        Distance {
            least: clock - i128::from(reading.after.ns()),
            most: clock - i128::from(reading.before.ns()),
        }
    }

    /// Learns from another look; says how far the clock has run ahead since, for certain.
    fn jumped(&mut self, seen: Distance) -> Duration {
        let ahead = seen.least - self.most;
        if seen.least <= self.most && self.least <= seen.most {
            self.least = self.least.max(seen.least);
            self.most = self.most.min(seen.most);
        } else {
            *self = seen;
        }
        Duration::from_nanos(u64::try_from(ahead).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use heartbeat_ebpf::time::Timestamp;
    use proptest::prelude::*;

    use super::*;

    const WALL: u64 = 1_795_352_405_000;

    /// A reading at `mono` ms that took `took` ms, `boot` ms of suspend and `wall` ms of steps after the start.
    fn reading(mono: u64, took: u64, boot: u64, wall: i64) -> Reading {
        let at = |ms: u64| Timestamp::from_ns(ms * 1_000_000).unwrap();
        let middle = mono + took / 2;
        Reading {
            before: at(mono),
            boot: Duration::from_millis(middle + boot),
            wall: Duration::from_millis((WALL + middle).saturating_add_signed(wall)),
            after: at(mono + took),
        }
    }

    fn begin(first: &Reading) -> Pause {
        Pause {
            boot: Distance::seen(first, first.boot),
            wall: Distance::seen(first, first.wall),
        }
    }

    fn ahead(boot: u64, wall: u64) -> Ahead {
        Ahead {
            boot: Duration::from_millis(boot),
            wall: Duration::from_millis(wall),
        }
    }

    #[test]
    fn a_suspend_is_told_once_with_its_length() {
        let mut pause = begin(&reading(1_000, 0, 0, 0));
        assert_eq!(pause.compare(&reading(2_000, 0, 0, 0)), None);
        assert_eq!(
            pause.compare(&reading(2_010, 0, 7_000, 7_000)),
            Some(ahead(7_000, 7_000))
        );
        assert_eq!(pause.compare(&reading(2_020, 0, 7_000, 7_000)), None);
    }

    #[test]
    fn a_stun_is_told_when_the_wall_clock_is_put_right() {
        let mut pause = begin(&reading(1_000, 0, 0, 0));
        assert_eq!(
            pause.compare(&reading(1_500, 0, 0, 3_000)),
            Some(ahead(0, 3_000))
        );
        assert_eq!(pause.compare(&reading(1_510, 0, 0, 3_000)), None);
    }

    #[test]
    fn a_clock_set_back_is_no_pause_and_the_next_step_forward_is_one() {
        let mut pause = begin(&reading(1_000, 0, 0, 0));
        assert_eq!(pause.compare(&reading(1_500, 0, 0, -60_000)), None);
        assert_eq!(
            pause.compare(&reading(1_600, 0, 0, -59_000)),
            Some(ahead(0, 1_000))
        );
    }

    #[test]
    fn small_steps_are_not_told() {
        let mut pause = begin(&reading(1_000, 0, 0, 0));
        assert_eq!(pause.compare(&reading(1_500, 0, 100, 100)), None);
        assert_eq!(
            pause.compare(&reading(1_600, 0, 201, 100)),
            Some(ahead(101, 0))
        );
    }

    #[test]
    fn a_thread_that_was_late_between_two_readings_saw_no_pause() {
        let mut pause = begin(&reading(1_000, 0, 0, 0));
        assert_eq!(pause.compare(&reading(2_000, 5_000, 0, 0)), None);
        assert_eq!(pause.compare(&reading(8_000, 0, 0, 0)), None);
    }

    #[test]
    fn a_doubtful_look_does_not_hide_the_next_pause() {
        let mut pause = begin(&reading(1_000, 0, 0, 0));
        assert_eq!(pause.compare(&reading(2_000, 5_000, 0, 0)), None);
        assert_eq!(
            pause.compare(&reading(8_000, 0, 900, 0)),
            Some(ahead(900, 0))
        );
    }

    #[test]
    fn real_clocks_of_a_machine_that_runs_show_no_pause() {
        let mut pause = Pause::new();
        let mut looks = 0;
        let begin = clock::now();
        while clock::now().since(begin) < Duration::from_secs(3) {
            assert_eq!(pause.look(), None, "after {looks} looks");
            looks += 1;
            thread::sleep(Duration::from_millis(1));
        }
        let width = pause.boot.most - pause.boot.least;
        assert!(0 < looks && width < BOUND.as_nanos() as i128, "{width} ns");
    }

    proptest! {
        #[test]
        fn no_lateness_makes_a_pause(
            looks in proptest::collection::vec((1_u64..5_000, 0_u64..10_000), 1..100),
        ) {
            let mut pause = begin(&reading(1_000, 0, 0, 0));
            let mut now = 1_000;
            for (between, took) in looks {
                now += between;
                prop_assert_eq!(pause.compare(&reading(now, took, 0, 0)), None);
                now += took;
            }
        }
    }
}
