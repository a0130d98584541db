//! The kernel's receiving threads: raised for real, and put back whatever happens.

use anyhow::{Context, Result, ensure};
use heartbeat_tests::suite::Test;
use heartbeat_user::ksoftirqd::{PRIORITY, raise, schedule, scheduling, threads};
use nix::libc;

pub const TESTS: &[Test] = &[(
    "every ksoftirqd is raised, and a higher one is left alone",
    raised,
)];

/// How each thread was scheduled; it is again when this is dropped.
struct Before(Vec<(i32, (i32, i32))>);

impl Before {
    fn note() -> Result<Self> {
        let of = |thread| Ok((thread, scheduling(thread)?));
        Ok(Before(
            threads()?.into_iter().map(of).collect::<Result<_>>()?,
        ))
    }
}

impl Drop for Before {
    fn drop(&mut self) {
        for (thread, (policy, priority)) in &self.0 {
            if let Err(error) = schedule(*thread, *policy, *priority) {
                eprintln!("ksoftirqd {thread} is not as it was: {error}");
            }
        }
    }
}

fn raised() -> Result<()> {
    let before = Before::note()?;
    let cpus = std::thread::available_parallelism()?.get();
    ensure!(cpus <= before.0.len(), "{} threads", before.0.len());
    for (thread, _) in &before.0 {
        schedule(*thread, libc::SCHED_OTHER, 0).context("begin at normal priority")?;
    }
    let (first, _) = before.0[0];
    schedule(first, libc::SCHED_FIFO, PRIORITY + 5)?;
    let count = raise()?;
    ensure!(count == before.0.len(), "{count} raised");
    for (thread, _) in &before.0 {
        let expected = PRIORITY + if *thread == first { 5 } else { 0 };
        let found = scheduling(*thread)?;
        ensure!(found == (libc::SCHED_FIFO, expected), "{thread}: {found:?}");
    }
    let noted = before.0.clone();
    drop(before);
    for (thread, was) in noted {
        ensure!(scheduling(thread)? == was, "{thread} was not put back");
    }
    Ok(())
}
