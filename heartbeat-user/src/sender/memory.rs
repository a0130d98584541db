//! Keeping the agent's memory where it is: a heartbeat that waits for the disk is a missed one.
//!
//! Locked is what is there when the sender starts, code included: the code that reports a lost path is needed
//! for the first time when the machine is in trouble. What is allocated later is locked page by page as it is
//! touched (MCL_ONFAULT), because a thread's stack is megabytes of which it uses little.
//!
//! The awkward case is RLIMIT_MEMLOCK, which does not bind a process with CAP_IPC_LOCK, and this agent gives
//! that capability away. From then on every allocation would fail that is to be locked and exceeds the limit;
//! even the stack of the main thread could not grow any more, which ends the process. So later memory is
//! locked only where the limit is none, or can be lifted; otherwise it is left to be, and the growing end of
//! the stack is let go.

use std::fs;

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::sys::mman::{MlockAllFlags, mlockall};
use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit, setrlimit};

/// How much of the process's memory stays where it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Locked {
    /// What is there, and what will be.
    All,
    /// What was there when it was locked: the code above all.
    Present,
    /// Nothing.
    Nothing,
}

impl Locked {
    /// As commands print it.
    pub const fn label(self) -> &'static str {
        match self {
            Locked::All => "all",
            Locked::Present => "present",
            Locked::Nothing => "nothing",
        }
    }
}

/// Locks the process's memory as far as this host lets it.
pub fn lock() -> Locked {
    let unlimited = lift_limit();
    if let Err(error) = mlockall(MlockAllFlags::MCL_CURRENT) {
        log::warn!(
            "memory is not locked ({error}; CAP_IPC_LOCK or LimitMEMLOCK=infinity is missing): heartbeats may wait for the disk when memory is short"
        );
        return Locked::Nothing;
    }
    if unlimited && lock_later().is_ok() {
        return Locked::All;
    }
    if let Err(error) = let_stack_grow() {
        log::warn!("memory is not locked: {error:#}");
        // Unlocking needs nothing and can't fail.
        let _ = nix::sys::mman::munlockall();
        return Locked::Nothing;
    }
    Locked::Present
}

/// Whether nothing limits how much may be locked, for a process without privileges as well.
fn lift_limit() -> bool {
    let none = RLIM_INFINITY;
    let limited = |(soft, _hard)| soft != none;
    if getrlimit(Resource::RLIMIT_MEMLOCK).is_ok_and(|limits| !limited(limits)) {
        return true;
    }
    setrlimit(Resource::RLIMIT_MEMLOCK, none, none).is_ok()
}

/// Locks what will be mapped from now on, each page when it is touched.
fn lock_later() -> nix::Result<()> {
    // SAFETY: locking changes no memory.
    let result = unsafe { libc::mlockall(libc::MCL_FUTURE | libc::MCL_ONFAULT) };
    Errno::result(result).map(drop)
}

/// Unlocks the lowest page of the main thread's stack: what grows below is a continuation of that.
fn let_stack_grow() -> Result<()> {
    let maps = fs::read_to_string("/proc/self/maps").context("read /proc/self/maps")?;
    let stack = maps
        .lines()
        .find(|line| line.ends_with("[stack]"))
        .context("find the stack in /proc/self/maps")?;
    let (begin, _) = stack.split_once('-').context("read /proc/self/maps")?;
    let begin = usize::from_str_radix(begin, 16).context("read /proc/self/maps")?;
    // SAFETY: unlocking changes no memory, and the kernel checks that there is some.
    let result = unsafe { libc::munlock(begin as *const libc::c_void, 1) };
    Errno::result(result).context("unlock the end of the stack")?;
    Ok(())
}
