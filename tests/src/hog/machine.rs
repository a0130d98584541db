//! The CPUs of this machine, and how busy they were with anything.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};
use nix::sched::{CpuSet, sched_getaffinity};
use nix::unistd::{Pid, SysconfVar, sysconf};

/// The CPUs that this process may use.
pub fn cpus() -> Result<Vec<usize>> {
    let allowed = sched_getaffinity(Pid::from_raw(0)).context("ask which CPUs may be used")?;
    Ok((0..CpuSet::count())
        .filter(|cpu| allowed.is_set(*cpu).unwrap_or(false))
        .collect())
}

/// How long the CPUs have been busy, with all processes of the machine and with its host's other guests.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BusyTime(Duration);

impl BusyTime {
    /// Since the machine was started.
    pub fn now() -> Result<Self> {
        let text = fs::read_to_string("/proc/stat").context("read /proc/stat")?;
        let ticks = busy_ticks(&text).context("find the line of all CPUs in /proc/stat")?;
        let frequency = sysconf(SysconfVar::CLK_TCK)
            .context("ask how long a tick is")?
            .context("this system has no ticks")?;
        Ok(BusyTime(Duration::from_secs_f64(
            ticks as f64 / frequency as f64,
        )))
    }

    /// How much busy time passed since the other.
    pub fn since(self, other: BusyTime) -> Duration {
        self.0.saturating_sub(other.0)
    }
}

/// Columns: user, nice, system, idle, iowait, irq, softirq, steal; what follows is part of user and nice.
fn busy_ticks(stat: &str) -> Option<u64> {
    let line = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let columns: Vec<u64> = line
        .split_whitespace()
        .map(str::parse)
        .collect::<Result<_, _>>()
        .ok()?;
    let [user, nice, system, _, _, irq, softirq, steal, ..] = columns[..] else {
        return None;
    };
    Some(user + nice + system + irq + softirq + steal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn busy_is_everything_but_idle_and_waiting() {
        let stat = "cpu  100 20 3 5000 600 7 8 9 50 0\ncpu0 1 1 1 1 1 1 1 1 1 1\n";
        assert_eq!(busy_ticks(stat), Some(100 + 20 + 3 + 7 + 8 + 9));
        assert_eq!(busy_ticks("intr 1\n"), None);
    }
}
