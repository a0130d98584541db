//! The leash of the main loop: a loop that spins loses its priority.
//!
//! Real-time priority turns a mistake in our loop into a host that hardly answers, where it has one CPU. The
//! sender, which runs whatever the loop does, looks at each round whether the loop still finishes its turns;
//! one that has used two seconds of CPU within a turn goes back to normal priority for good. What counts is
//! CPU time, because a loop that was stopped, or that waits, harms nobody. RLIMIT_RTTIME would be the usual
//! means; it does not count what runs under SCHED_DEADLINE.

use std::io;
use std::mem::MaybeUninit;
use std::thread;
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

use super::{policy, set_for};

/// CPU time that a turn may take: a thousand times what the longest takes.
pub const CPU_MAX: Duration = Duration::from_secs(2);

/// Holds one thread.
#[derive(Debug)]
pub struct Leash {
    thread: i32,
    clock: ClockId,
    limit: Duration,
    turn: Turn,
}

/// What was last seen of the loop.
#[derive(Clone, Copy, Debug)]
enum Turn {
    /// Its progress, and the CPU time the thread had used when that was first seen.
    In { progress: u64, used: Duration },
    /// It has lost its priority.
    Over,
}

impl Leash {
    /// Holds the calling thread to so much CPU time without progress.
    pub fn on_this_thread(limit: Duration) -> Self {
        let mut clock = MaybeUninit::uninit();
        // SAFETY: the thread asks for its own clock, and is given it.
        let clock = unsafe {
            libc::pthread_getcpuclockid(libc::pthread_self(), clock.as_mut_ptr());
            clock.assume_init()
        };
        Leash {
            // SAFETY: gettid touches no memory.
            thread: unsafe { libc::gettid() },
            clock: ClockId::from_raw(clock),
            limit,
            turn: Turn::In {
                progress: 0,
                used: Duration::ZERO,
            },
        }
    }

    /// Looks whether the thread, which counts its turns by this number, has spun for too long; then takes its
    /// priority, once.
    pub fn check(&mut self, progress: u64) {
        let Ok(used) = clock_gettime(self.clock).map(Duration::from) else {
            return;
        };
        self.turn = self.turn.next(progress, used, self.limit);
        if let (Turn::Over, thread @ 1..) = (self.turn, self.thread) {
            self.thread = 0;
            let taken = set_for(thread, &policy(libc::SCHED_OTHER, 0));
            tell(taken);
        }
    }
}

impl Turn {
    fn next(self, seen: u64, now: Duration, limit: Duration) -> Self {
        match self {
            Turn::In { progress, used } if progress == seen => {
                if limit < now.saturating_sub(used) {
                    Turn::Over
                } else {
                    self
                }
            }
            Turn::In { .. } => Turn::In {
                progress: seen,
                used: now,
            },
            Turn::Over => Turn::Over,
        }
    }
}

/// Logs from a thread of its own: the log may block, and the caller may not.
fn tell(taken: io::Result<()>) {
    let line = move || match taken {
        Ok(()) => log::error!(
            "the main loop spun for {CPU_MAX:?}: it runs at normal priority from now on; please report this"
        ),
        Err(error) => log::error!("the main loop spins, and keeps its priority: {error}"),
    };
    // Without a thread nothing is told; the priority is gone all the same.
    let _ = thread::Builder::new().spawn(line);
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_millis(100);

    fn play(seen: &[(u64, u64)]) -> bool {
        let begin = Turn::In {
            progress: 0,
            used: Duration::ZERO,
        };
        let end = seen.iter().fold(begin, |turn, (progress, used_ms)| {
            turn.next(*progress, Duration::from_millis(*used_ms), LIMIT)
        });
        matches!(end, Turn::Over)
    }

    #[test]
    fn a_loop_that_makes_progress_may_use_all_the_time_there_is() {
        assert!(!play(&[(1, 90), (2, 180), (3, 270), (4, 360)]));
    }

    #[test]
    fn a_loop_that_waits_may_wait() {
        assert!(!play(&[(1, 90), (1, 91), (1, 91), (1, 190)]));
    }

    #[test]
    fn a_loop_that_spins_loses_its_priority_for_good() {
        assert!(play(&[(1, 90), (1, 150), (1, 191)]));
        assert!(play(&[(1, 90), (1, 191), (2, 192)]));
    }
}
