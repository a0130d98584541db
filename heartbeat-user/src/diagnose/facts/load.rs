//! What the host is busy with: CPUs, memory, disks, and who waits for them.

use serde::{Deserialize, Serialize};

use crate::diagnose::reading::{Counters, Reading};

/// What the host is busy with.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Load {
    /// Time of all CPUs in ticks, as `user`, `system`, `irq`, `softirq`, `steal`, and of each CPU as `cpu0.softirq`.
    pub cpu: Reading<Counters>,
    /// CPUs.
    pub cpus: u32,
    /// `interrupts`, and soft ones by kind: `softirq.NET_RX`.
    pub interrupts: Reading<Counters>,
    /// Pressure stall information, by resource: `cpu`, `memory`, `io`.
    pub pressure: Vec<(String, Reading<Pressure>)>,
    /// Counters of /proc/vmstat that tell of want: `allocstall`, `oom_kill`, `pgscan_direct`.
    pub want: Reading<Counters>,
    /// Bytes of memory that are to be had, and of all.
    pub memory: Reading<(u64, u64)>,
    /// Disks.
    pub disks: Reading<Vec<Disk>>,
    /// Processes that wait for a disk or the like at the second look.
    pub blocked: Reading<Vec<Process>>,
    /// Those of [`programs`](crate::diagnose::programs) that run.
    pub known: Vec<String>,
}

/// Share of the last ten seconds in which something waited, in percent.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Pressure {
    /// Some task.
    pub some: f64,
    /// All tasks at once.
    pub full: f64,
}

/// A disk.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Disk {
    /// Its name.
    pub name: String,
    /// Requests on their way.
    pub waiting: u64,
    /// Requests on their way at the first look.
    pub waited: u64,
    /// `done` requests.
    pub counters: Counters,
}

/// A process.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Process {
    /// Its number.
    pub pid: i32,
    /// Its name.
    pub name: String,
    /// Whether it waited at the first look as well.
    pub long: bool,
}

impl Load {
    /// Notes what changed since an earlier look.
    pub fn since(&mut self, earlier: &Load) {
        let pairs = [
            (&mut self.cpu, &earlier.cpu),
            (&mut self.interrupts, &earlier.interrupts),
            (&mut self.want, &earlier.want),
        ];
        for (now, before) in pairs {
            if let (Some(now), Some(before)) = (now.known_mut(), before.known()) {
                now.since(before);
            }
        }
        if let (Some(disks), Some(before)) = (self.disks.known_mut(), earlier.disks.known()) {
            for disk in disks {
                if let Some(before) = before.iter().find(|before| before.name == disk.name) {
                    disk.waited = before.waiting;
                    disk.counters.since(&before.counters);
                }
            }
        }
        if let (Some(blocked), Some(before)) = (self.blocked.known_mut(), earlier.blocked.known()) {
            for process in blocked {
                process.long = before.iter().any(|before| before.pid == process.pid);
            }
        }
    }
}
