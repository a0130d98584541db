//! The sender's scheduling: the best that this host grants.
//!
//! Measured under SCHED_FIFO hogs on every CPU at an interval of 10 ms: a normal thread's worst gap was over a
//! second, SCHED_DEADLINE's 20 ms. Deadline scheduling may be refused (no CAP_SYS_NICE, a cpuset, no bandwidth
//! left), so fixed priority comes next, then whatever there is; which one it became is reported, because an
//! operator must know what a heartbeat of this node is worth under load. Memory is locked for the same reason.

use std::time::Duration;

use nix::sys::mman::{MlockAllFlags, mlockall};

/// What the thread got.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scheduling {
    /// SCHED_DEADLINE.
    Deadline,
    /// SCHED_FIFO.
    Fifo,
    /// Like any other thread.
    Normal,
}

impl Scheduling {
    /// As commands print it.
    pub const fn label(self) -> &'static str {
        match self {
            Scheduling::Deadline => "deadline",
            Scheduling::Fifo => "fifo",
            Scheduling::Normal => "normal",
        }
    }
}

/// Asks for it, for the calling thread, and locks the process's memory.
pub fn obtain(paths: usize, interval: Duration) -> Scheduling {
    if let Err(error) = mlockall(MlockAllFlags::MCL_CURRENT | MlockAllFlags::MCL_FUTURE) {
        log::warn!(
            "memory is not locked ({error}): heartbeats may wait for the disk when memory is short"
        );
    }
    if set(&deadline(paths, interval)).is_ok() {
        return Scheduling::Deadline;
    }
    if set(&policy(libc::SCHED_FIFO, FIFO_PRIORITY)).is_ok() {
        return Scheduling::Fifo;
    }
    log::warn!(
        "the sender runs at normal priority (CAP_SYS_NICE is missing): under load peers may miss our heartbeats"
    );
    Scheduling::Normal
}

/// struct sched_attr of sched_setattr(2), version 0.
#[repr(C)]
struct Attributes {
    size: u32,
    policy: u32,
    flags: u64,
    nice: i32,
    priority: u32,
    runtime_ns: u64,
    deadline_ns: u64,
    period_ns: u64,
}

/// A quarter of the interval to answer in, and time for a round of all paths in it, but never more than a
/// third of a CPU.
fn deadline(paths: usize, interval: Duration) -> Attributes {
    let period = (interval / 4).max(PERIOD_MIN);
    let runtime = (ROUND + PATH * paths as u32).min(period / 3);
    Attributes {
        runtime_ns: runtime.as_nanos() as u64,
        deadline_ns: period.as_nanos() as u64,
        period_ns: period.as_nanos() as u64,
        ..policy(libc::SCHED_DEADLINE, 0)
    }
}

fn policy(policy: i32, priority: u32) -> Attributes {
    Attributes {
        size: size_of::<Attributes>() as u32,
        policy: policy as u32,
        flags: 0,
        nice: 0,
        priority,
        runtime_ns: 0,
        deadline_ns: 0,
        period_ns: 0,
    }
}

fn set(attributes: &Attributes) -> std::io::Result<()> {
    // SAFETY: the kernel reads `size` bytes of the attributes, for the calling thread.
    let result = unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw const *attributes, 0) };
    if result == 0 {
        Ok(())
    } else {
        Err(std::io::Error::last_os_error())
    }
}

const FIFO_PRIORITY: u32 = 60;
const PERIOD_MIN: Duration = Duration::from_millis(5);
const ROUND: Duration = Duration::from_micros(300);
const PATH: Duration = Duration::from_micros(5);
