//! What a process costs: time on a processor, by thread, and memory.
//!
//! The kernel counts both for every process, so nothing has to be built into what is measured. Times of single
//! threads are of /proc and up to a tick old; a process's own clock is exact and knows threads that have ended.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};
use aya::programs::loaded_programs;
use nix::time::ClockId;
use nix::unistd::Pid;
use serde_json::Value;

use crate::lab::namespace::Namespace;

/// Processor time of a process since its start.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Usage {
    /// Of all threads.
    pub all: Duration,
    /// Of the first thread.
    pub main: Duration,
    /// Of the threads with the name that was asked for.
    pub named: Duration,
}

/// Processor time of a process until now, with that of its threads called `name` apart.
pub fn of(pid: i32, name: &str) -> Result<Usage> {
    let clock = ClockId::pid_cpu_clock_id(Pid::from_raw(pid)).context("find a process's clock")?;
    let mut usage = Usage {
        all: clock.now().context("read a process's clock")?.into(),
        main: of_thread(pid, pid)?,
        named: Duration::ZERO,
    };
    let threads = format!("/proc/{pid}/task");
    for entry in fs::read_dir(&threads).with_context(|| format!("list {threads}"))? {
        let path = entry.context("list threads")?.path();
        // A thread may have ended since it was listed.
        let Ok(comm) = fs::read_to_string(path.join("comm")) else {
            continue;
        };
        let id = path.file_name().and_then(|id| id.to_str());
        if let (true, Some(id)) = (comm.trim() == name, id) {
            usage.named += of_thread(pid, id.parse().context("a thread's id")?)?;
        }
    }
    Ok(usage)
}

/// Processor time of one thread until now.
pub fn of_thread(pid: i32, thread: i32) -> Result<Duration> {
    let path = format!("/proc/{pid}/task/{thread}/schedstat");
    let text = fs::read_to_string(&path).with_context(|| format!("read {path}"))?;
    let ns = text.split_whitespace().next();
    let ns = ns.with_context(|| format!("{path} is empty"))?.parse();
    Ok(Duration::from_nanos(ns.with_context(|| {
        format!("the first word of {path} is a number")
    })?))
}

/// Bytes of memory that a process occupies.
pub fn memory(pid: i32) -> Result<u64> {
    let path = format!("/proc/{pid}/status");
    let text = fs::read_to_string(&path).with_context(|| format!("read {path}"))?;
    let mut lines = text.lines();
    let line = lines.find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
    let kib: u64 = kib
        .with_context(|| format!("{path} has VmRSS"))?
        .parse()
        .context("VmRSS is a number")?;
    Ok(kib * 1024)
}

/// The id of the XDP program on an interface.
pub fn program_on(namespace: &Namespace, interface: &str) -> Result<u32> {
    let mut ip = namespace.command("ip")?;
    let output = ip.args(["-j", "link", "show", "dev", interface]).output();
    let output = output.context("run ip")?;
    let links: Value = serde_json::from_slice(&output.stdout).context("understand ip")?;
    let id = links[0]["xdp"]["prog"]["id"].as_u64();
    let id = id.with_context(|| format!("no XDP program is on {interface}"))?;
    u32::try_from(id).context("a program's id")
}

/// How long a program ran, while the kernel measured that.
pub fn of_program(id: u32) -> Result<Duration> {
    for program in loaded_programs() {
        // A program may have gone since it was listed.
        let Ok(program) = program else { continue };
        if program.id() == id {
            return Ok(program.run_time());
        }
    }
    anyhow::bail!("the XDP program {id} is gone")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_thread_is_seen_in_its_process() {
        let pid = i32::try_from(std::process::id()).unwrap();
        let before = of(pid, "nobody").unwrap();
        let busy = move || {
            let begin = std::time::Instant::now();
            while begin.elapsed() < Duration::from_millis(50) {
                std::hint::spin_loop();
            }
            of(pid, "busy-one").unwrap()
        };
        let thread = std::thread::Builder::new().name("busy-one".to_owned());
        let after = thread.spawn(busy).unwrap().join().unwrap();
        assert_eq!(before.named, Duration::ZERO);
        assert!(Duration::ZERO < after.named && after.named <= after.all);
        assert!(before.all < after.all);
        assert!(0 < memory(pid).unwrap());
    }
}
