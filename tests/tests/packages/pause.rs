//! One thread of an agent that hangs, while the others go on.
//!
//! A signal stops all threads of a process; what a debugger does stops one.

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::libc;
use nix::unistd::Pid;

/// A thread that stands still until this is dropped.
pub struct Pause(i32);

impl Pause {
    /// Of this thread.
    pub fn of(thread: Pid) -> Result<Self> {
        let thread = thread.as_raw();
        call(libc::PTRACE_SEIZE, thread).context("seize the thread")?;
        call(libc::PTRACE_INTERRUPT, thread).context("interrupt the thread")?;
        let mut status = 0;
        // SAFETY: the status outlives the call, which writes it.
        let waited = unsafe { libc::waitpid(thread, &raw mut status, libc::__WALL) };
        Errno::result(waited).context("wait for the thread to stand")?;
        Ok(Pause(thread))
    }
}

impl Drop for Pause {
    fn drop(&mut self) {
        // A thread that is gone needs nothing.
        let _ = call(libc::PTRACE_DETACH, self.0);
    }
}

fn call(request: libc::c_uint, thread: i32) -> nix::Result<()> {
    let nothing = std::ptr::null_mut::<libc::c_void>();
    // SAFETY: these requests take numbers and touch no memory of this process.
    Errno::result(unsafe { libc::ptrace(request, thread, nothing, nothing) }).map(drop)
}
