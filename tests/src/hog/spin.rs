//! What a hog does: wait on its CPU for the window, and use it up.
//!
//! It takes its priority before it waits. Were it to take it when the window opens, another hog might already have
//! the CPU, and it would never get to ask.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use nix::sched::{CpuSet, sched_setaffinity};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use nix::unistd::Pid;

use super::{Eaten, Pressure, SPAN_MAX, Window, priority};
use crate::lab::clock::monotonic_ns;

/// Looks at the clock after so many turns, some microseconds.
const TURNS: u32 = 1_000;

/// Uses up this CPU for the window.
pub fn spin(pressure: Pressure, cpu: usize, window: Window) -> Result<Eaten> {
    ensure!(
        window.begin_ns < window.end_ns && window.length() <= SPAN_MAX,
        "a hog runs for at most {SPAN_MAX:?}"
    );
    let mut cpus = CpuSet::new();
    cpus.set(cpu).context("name the CPU")?;
    sched_setaffinity(Pid::from_raw(0), &cpus).with_context(|| format!("move to CPU {cpu}"))?;
    priority::become_hog(pressure)?;
    let wait = window.begin_ns.saturating_sub(monotonic_ns());
    std::thread::sleep(Duration::from_nanos(wait).min(SPAN_MAX));
    let (begin_ns, used_ns) = (monotonic_ns(), used_ns()?);
    while monotonic_ns() < window.end_ns {
        for _ in 0..TURNS {
            std::hint::spin_loop();
        }
    }
    Ok(Eaten {
        begin_ns,
        end_ns: monotonic_ns(),
        cpu_ns: self::used_ns()? - used_ns,
    })
}

/// Processor time that this process has used.
fn used_ns() -> Result<u64> {
    let usage = getrusage(UsageWho::RUSAGE_SELF).context("ask for the processor time used")?;
    let used = usage.user_time() + usage.system_time();
    u64::try_from(used.num_nanoseconds()).context("a processor time is not negative")
}
