//! The kernel's own threads that receive when a CPU is busy.
//!
//! Before Linux 6.4 a starved CPU defers all receiving, the XDP program's with it, to a thread of normal
//! priority, ksoftirqd/N. Measured on 6.1 under SCHED_FIFO 50 hogs on both CPUs: gaps at the XDP program of a
//! 10 ms path up to 954 ms; with ksoftirqd at SCHED_FIFO 60, 55 ms; on 6.18, which no longer defers, 14 ms.
//! So the agent says so, and raises them where the configuration lets it: they are everybody's threads.
//!
//! The awkward case is a name: anybody may call a program ksoftirqd/0, and none of those is raised.

use std::fs;
use std::io;

use anyhow::{Context, Result, ensure};

/// Above what hogs and interrupt threads usually have.
pub const PRIORITY: i32 = 60;
/// The first release that does not defer.
const MENDED: (u32, u32) = (6, 4);
/// PF_KTHREAD of a task's flags: it is one of the kernel's threads.
const KERNEL_THREAD: u32 = 0x0020_0000;

/// Gives all ksoftirqd threads at least SCHED_FIFO 60, and says how many there are. Needs CAP_SYS_NICE.
pub fn raise() -> Result<usize> {
    let threads = threads()?;
    ensure!(
        !threads.is_empty(),
        "no ksoftirqd is visible: raise_ksoftirqd works in the host's own PID namespace only, with /proc mounted"
    );
    let mut raised = 0;
    for thread in threads {
        match raise_one(thread) {
            Ok(()) => raised += 1,
            // Its CPU was taken away meanwhile.
            Err(error) if error.raw_os_error() == Some(libc::ESRCH) => {}
            Err(error) => {
                return Err(error).context("raise ksoftirqd (CAP_SYS_NICE is needed)");
            }
        }
    }
    Ok(raised)
}

/// What to tell an operator whose kernel has this release (uname -r), if anything.
pub fn advice(release: &str) -> Option<String> {
    let mut numbers = release.split(|letter: char| !letter.is_ascii_digit());
    let major = numbers.next()?.parse().ok()?;
    let minor = numbers.next()?.parse().ok()?;
    ((major, minor) < MENDED).then(|| {
        format!(
            "Linux {release} leaves receiving to ksoftirqd at normal priority where a CPU is starved: heartbeats may be stamped up to a second late. Set raise_ksoftirqd = true in [agent], or run Linux 6.4 or later"
        )
    })
}

/// Process ids of all ksoftirqd threads.
pub fn threads() -> Result<Vec<i32>> {
    let mut threads = Vec::new();
    for entry in fs::read_dir("/proc").context("read /proc")? {
        let name = entry.context("read /proc")?.file_name();
        let Some(process) = name.to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        // A process that has ended meanwhile is none.
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        if is_ksoftirqd(&stat) {
            threads.push(process);
        }
    }
    Ok(threads)
}

/// Whether a line of /proc/PID/stat is that of a ksoftirqd thread.
fn is_ksoftirqd(stat: &str) -> bool {
    let Some((begin, rest)) = stat.rsplit_once(") ") else {
        return false;
    };
    let named = begin
        .split_once(" (")
        .is_some_and(|(_, name)| name.starts_with("ksoftirqd/"));
    let flags = rest.split(' ').nth(6).and_then(|flags| flags.parse().ok());
    named && flags.is_some_and(|flags: u32| flags & KERNEL_THREAD != 0)
}

fn raise_one(thread: i32) -> io::Result<()> {
    let (policy, priority) = scheduling(thread)?;
    let real_time = policy == libc::SCHED_FIFO || policy == libc::SCHED_RR;
    if real_time && PRIORITY <= priority {
        return Ok(());
    }
    schedule(thread, libc::SCHED_FIFO, PRIORITY)
}

/// A thread's policy and real-time priority.
pub fn scheduling(thread: i32) -> io::Result<(i32, i32)> {
    let mut parameters = libc::sched_param { sched_priority: 0 };
    // SAFETY: the kernel writes to the parameters.
    let (policy, result) = unsafe {
        (
            libc::sched_getscheduler(thread),
            libc::sched_getparam(thread, &raw mut parameters),
        )
    };
    if policy < 0 || result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok((policy, parameters.sched_priority))
}

/// Sets a thread's policy and real-time priority.
pub fn schedule(thread: i32, policy: i32, priority: i32) -> io::Result<()> {
    let parameters = libc::sched_param {
        sched_priority: priority,
    };
    // SAFETY: the kernel reads the parameters.
    let result = unsafe { libc::sched_setscheduler(thread, policy, &raw const parameters) };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernels_before_6_4_draw_advice() {
        for release in [
            "6.1.0-13-amd64",
            "5.15.0",
            "6.3-rc1",
            "4.18.0-553.el8.x86_64",
        ] {
            let advice = advice(release).unwrap();
            assert!(
                advice.contains(release) && advice.contains("raise_ksoftirqd"),
                "{advice}"
            );
        }
    }

    #[test]
    fn later_kernels_and_what_is_no_release_draw_none() {
        for release in ["6.4.0", "6.18.44-cloud", "7.0-rc1", "", "linux", "6"] {
            assert_eq!(advice(release), None, "{release}");
        }
    }

    #[test]
    fn only_a_thread_of_the_kernel_is_ksoftirqd() {
        let kernel = "15 (ksoftirqd/0) S 2 0 0 0 -1 69238848 0 0";
        assert!(is_ksoftirqd(kernel));
        assert!(!is_ksoftirqd("15 (ksoftirqd/0) S 2 0 0 0 -1 4194304 0 0"));
        assert!(!is_ksoftirqd("15 (kworker/0:1) S 2 0 0 0 -1 69238848 0 0"));
        assert!(!is_ksoftirqd(
            "15 (a) (ksoftirqd/0) S 2 0 0 0 -1 69238848 0 0"
        ));
        assert!(!is_ksoftirqd(""));
    }
}
