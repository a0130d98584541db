//! Hogs: children that hold every CPU at SCHED_FIFO 50 for a while, and end by themselves.
//!
//! They check the clock, for nothing else at that priority or below could end them. Each says how much of its
//! CPU it got: a test under hogs that were not there proves nothing.

use std::process::Child;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use heartbeat_tests::lab::clock::monotonic_ns;
use heartbeat_user::ksoftirqd::schedule;
use nix::libc;
use nix::sched::{CpuSet, sched_setaffinity};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;
use nix::unistd::Pid;

use crate::child;

/// What real-time programs take without thinking.
const PRIORITY: i32 = 50;
/// What hogs must have got of their CPUs, percent.
const WORTHY: u64 = 80;

/// One a CPU.
pub struct Hogs {
    children: Vec<Child>,
    span: Duration,
}

impl Hogs {
    /// Holds all CPUs for `span`, from now.
    pub fn hold(span: Duration) -> Result<Self> {
        let cpus = std::thread::available_parallelism()?.get();
        let until = monotonic_ns() + u64::try_from(span.as_nanos())?;
        let children = (0..cpus)
            .map(|cpu| child::start(&format!("hog {cpu} {until}")))
            .collect::<Result<_>>()?;
        Ok(Hogs { children, span })
    }

    /// Waits for their end, and checks that they held the CPUs.
    pub fn end(self) -> Result<()> {
        for child in self.children {
            let output = child.wait_with_output().context("wait for a hog")?;
            let said = String::from_utf8_lossy(&output.stdout);
            let used_ms: u64 = said.trim().parse().with_context(|| {
                let stderr = String::from_utf8_lossy(&output.stderr);
                format!("a hog said {said:?} and {stderr:?}")
            })?;
            let percent = 100 * used_ms / u64::try_from(self.span.as_millis())?;
            ensure!(WORTHY <= percent, "a hog got {percent} % of its CPU");
        }
        Ok(())
    }
}

/// What a hog does: its CPU, and when it ends, ns.
pub fn play(mut words: std::str::Split<'_, char>) -> Result<String> {
    let mut number = || -> Result<u64> {
        let word = words.next().context("a hog needs two numbers")?;
        Ok(word.parse()?)
    };
    let (cpu, until) = (number()?, number()?);
    let mut only = CpuSet::new();
    only.set(usize::try_from(cpu)?)?;
    sched_setaffinity(Pid::from_raw(0), &only).context("stay on one CPU")?;
    schedule(0, libc::SCHED_FIFO, PRIORITY).context("become a hog")?;
    while monotonic_ns() < until {}
    let used = getrusage(UsageWho::RUSAGE_SELF)?;
    let used_ms = used.user_time().num_milliseconds() + used.system_time().num_milliseconds();
    Ok(used_ms.to_string())
}
