//! A sender that gets no CPU, and is well otherwise.
//!
//! An agent's sender reserves its CPU, or takes a fixed priority where it may not, and nothing that a test may do keeps
//! it from running. So its reservation is taken away, as on a host that grants none, and it is left with one CPU, which
//! a thread of a real-time priority uses up. The kernel leaves it a twentieth of each second.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use nix::errno::Errno;
use nix::sched::{CpuSet, sched_setaffinity};
use nix::unistd::Pid;

use crate::hog::{self, Pressure, Window};

/// The sender's name among an agent's threads.
pub const SENDER: &str = "heartbeat-tx";
static HOG: Mutex<()> = Mutex::new(());

/// For as long as this lives, nobody else starves a sender: two hogs would starve each other, and the second one a sender
/// that is told of already and has not got its reservation back.
pub fn alone() -> MutexGuard<'static, ()> {
    HOG.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps this sender from its CPU for as long; it goes on without a reservation.
pub fn sender(thread: Pid, lasts: Duration) -> Result<()> {
    let cpu = *hog::cpus()?.last().context("a CPU")?;
    take_reservation(thread)?;
    let mut cpus = CpuSet::new();
    cpus.set(cpu)?;
    sched_setaffinity(thread, &cpus).with_context(|| format!("move the sender to CPU {cpu}"))?;
    let window = Window::after(Duration::ZERO, lasts);
    let hog = thread::spawn(move || hog::spin(Pressure::Fifo, cpu, window));
    let eaten = hog.join().expect("a hog does not panic")?;
    ensure!(
        lasts / 2 < Duration::from_nanos(eaten.cpu_ns),
        "the hog got only {} ms of {lasts:?}",
        eaten.cpu_ns / 1_000_000
    );
    Ok(())
}

/// A thread with a reservation may run on every CPU, so this comes before its move.
fn take_reservation(thread: Pid) -> Result<()> {
    let parameters = libc::sched_param { sched_priority: 0 };
    // SAFETY: the parameters outlive the call, which concerns that thread alone.
    let result = unsafe {
        libc::sched_setscheduler(thread.as_raw(), libc::SCHED_OTHER, &raw const parameters)
    };
    Errno::result(result)
        .map(drop)
        .context("take the sender's reservation")
}
