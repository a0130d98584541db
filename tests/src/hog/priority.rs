//! Real-time priorities of the hogs and of whoever has to act beside them.

use anyhow::{Context, Result};
use nix::errno::Errno;

use super::Pressure;

/// Priority of a hog under [`Pressure::Fifo`].
const HOG: libc::c_int = 50;
/// Above the hogs, and below the agents' senders where these have a fixed priority.
const ABOVE: libc::c_int = 55;

/// Gives the calling thread the priority of a hog.
pub fn become_hog(pressure: Pressure) -> Result<()> {
    match pressure {
        Pressure::Normal => Ok(()),
        Pressure::Fifo => fifo(HOG),
    }
}

/// Gives the calling thread a priority above that of the hogs.
pub fn rise_above_hogs() -> Result<()> {
    fifo(ABOVE)
}

fn fifo(priority: libc::c_int) -> Result<()> {
    let parameters = libc::sched_param {
        sched_priority: priority,
    };
    // SAFETY: the parameters outlive the call, which concerns the calling thread alone.
    let result = unsafe { libc::sched_setscheduler(0, libc::SCHED_FIFO, &raw const parameters) };
    Errno::result(result)
        .map(drop)
        .with_context(|| format!("get SCHED_FIFO {priority}, which needs CAP_SYS_NICE"))
}
