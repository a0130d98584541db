//! The loop's alarm clock.
//!
//! A loss is judged when its deadline has passed, and the event loop's own timers round up to the next
//! millisecond; the kernel's do not.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::time::Duration;

use anyhow::{Context, Result};
use heartbeat_ebpf::time::Timestamp;
use nix::sys::time::TimeSpec;
use nix::sys::timer::TimerSetTimeFlags;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags};

/// Becomes readable at a moment of CLOCK_MONOTONIC.
pub struct Timer(TimerFd);

impl Timer {
    /// A timer that is not set.
    pub fn new() -> Result<Self> {
        let flags = TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC;
        let timer = TimerFd::new(ClockId::CLOCK_MONOTONIC, flags).context("make a timer")?;
        Ok(Timer(timer))
    }

    /// Sets it; a moment that has passed makes it readable at once.
    pub fn set(&self, at: Timestamp) -> Result<()> {
        let at = TimeSpec::from_duration(Duration::from_nanos(at.ns()));
        self.0
            .set(
                Expiration::OneShot(at),
                TimerSetTimeFlags::TFD_TIMER_ABSTIME,
            )
            .context("set the timer")
    }
}

impl AsFd for Timer {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl AsRawFd for Timer {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_fd().as_raw_fd()
    }
}
