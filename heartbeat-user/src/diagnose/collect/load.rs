//! Reading what the host is busy with.

use std::fs;

use super::files;
use crate::diagnose::facts::{Disk, Load, Pressure, Process};
use crate::diagnose::programs;
use crate::diagnose::reading::{Counters, Reading};

/// Processes that are looked at.
const PROCESSES_MAX: usize = 8192;
/// Columns of a CPU's line in /proc/stat.
const TIMES: [&str; 8] = [
    "user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal",
];

/// One look.
pub fn look() -> Load {
    let stat = files::text("/proc/stat");
    let processes = processes();
    Load {
        cpus: stat.known().map_or(0, |text| cpus(text)),
        cpu: stat.clone().map(|text| times(&text)),
        interrupts: stat.map(|text| interrupts(&text)),
        pressure: ["cpu", "memory", "io"]
            .map(|of| (of.to_owned(), pressure(of)))
            .to_vec(),
        want: files::counters("/proc/vmstat", |text| Some(want(text))),
        memory: files::text("/proc/meminfo").understood("/proc/meminfo", |text| memory(&text)),
        disks: files::text("/proc/diskstats").map(|text| disks(&text)),
        blocked: processes.clone().map(|all| {
            let blocked = all.into_iter().filter(|(state, _)| *state == 'D');
            blocked.map(|(_, process)| process).collect()
        }),
        known: known(&processes),
    }
}

fn cpus(text: &str) -> u32 {
    text.lines()
        .filter(|line| line.starts_with("cpu") && !line.starts_with("cpu "))
        .count() as u32
}

/// Ticks of all CPUs as `user`, and of each as `cpu0.user`.
fn times(text: &str) -> Counters {
    let lines = text.lines().filter(|line| line.starts_with("cpu"));
    let cells = lines.flat_map(|line| {
        let mut words = line.split_ascii_whitespace();
        let cpu = words.next().unwrap_or_default().to_owned();
        let numbers = words.map(|word| word.parse().unwrap_or(0));
        TIMES
            .into_iter()
            .zip(numbers)
            .map(move |(name, ticks)| match cpu.as_str() {
                "cpu" => (name.to_owned(), ticks),
                cpu => (format!("{cpu}.{name}"), ticks),
            })
    });
    Counters::of(cells)
}

/// The first number of the lines `intr` and `softirq` is a sum; the others of the second are by kind.
fn interrupts(text: &str) -> Counters {
    const KINDS: [&str; 10] = [
        "HI", "TIMER", "NET_TX", "NET_RX", "BLOCK", "IRQ_POLL", "TASKLET", "SCHED", "HRTIMER",
        "RCU",
    ];
    let numbers = |name: &str| -> Vec<u64> {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        let words = line
            .unwrap_or_default()
            .split_ascii_whitespace()
            .take(KINDS.len() + 1);
        words.map(|word| word.parse().unwrap_or(0)).collect()
    };
    let all = numbers("intr ")
        .first()
        .map(|sum| ("interrupts".to_owned(), *sum));
    let soft = numbers("softirq ").into_iter().skip(1);
    let soft = KINDS
        .iter()
        .zip(soft)
        .map(|(kind, count)| (format!("softirq.{kind}"), count));
    Counters::of(all.into_iter().chain(soft))
}

fn pressure(of: &str) -> Reading<Pressure> {
    let path = format!("/proc/pressure/{of}");
    files::text(&path).understood(&path, |text| stalled(&text))
}

/// Lines such as `some avg10=0.12 avg60=...`.
fn stalled(text: &str) -> Option<Pressure> {
    let share = |kind: &str| -> Option<f64> {
        let line = text.lines().find_map(|line| line.strip_prefix(kind))?;
        line.split_ascii_whitespace()
            .find_map(|word| word.strip_prefix("avg10="))?
            .parse()
            .ok()
    };
    Some(Pressure {
        some: share("some ")?,
        // Of CPUs some kernels do not say it.
        full: share("full ").unwrap_or(0.0),
    })
}

fn want(text: &str) -> Counters {
    let telling = |name: &str| {
        ["allocstall", "oom_kill", "pgscan_direct", "compact_stall"]
            .into_iter()
            .find(|prefix| name.starts_with(prefix) && !name.contains("throttle"))
    };
    Counters::of(files::pairs(text).filter_map(|(name, count)| Some((telling(name)?, count))))
}

fn memory(text: &str) -> Option<(u64, u64)> {
    let bytes = |wanted: &str| {
        files::pairs(text)
            .find(|(name, _)| *name == wanted)
            .map(|(_, kilobytes)| kilobytes * 1024)
    };
    Some((bytes("MemAvailable")?, bytes("MemTotal")?))
}

/// Lines of major, minor, name, then counters: reads done first, writes done fifth, on their way ninth.
fn disks(text: &str) -> Vec<Disk> {
    let line = |line: &str| {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let name = *words.get(2)?;
        let number = |at: usize| words.get(2 + at)?.parse::<u64>().ok();
        let idle = ["loop", "ram", "zram", "sr", "fd"]
            .iter()
            .any(|kind| name.starts_with(kind));
        (!idle).then_some(())?;
        Some(Disk {
            name: name.to_owned(),
            waiting: number(9)?,
            waited: 0,
            counters: Counters::of([("done", number(1)? + number(5)?)]),
        })
    };
    text.lines().filter_map(line).collect()
}

/// All processes with the letter of their state.
fn processes() -> Reading<Vec<(char, Process)>> {
    let entries = fs::read_dir("/proc");
    Reading::of_io("/proc", entries).map(|entries| {
        let numbers = entries
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let all = numbers.take(PROCESSES_MAX).filter_map(|pid: i32| {
            let text = files::text(&format!("/proc/{pid}/stat"));
            process(text.known()?)
        });
        all.collect()
    })
}

/// A number, a name in parentheses which may hold any character, a state.
fn process(text: &str) -> Option<(char, Process)> {
    let (pid, rest) = text.split_once(" (")?;
    let (name, rest) = rest.rsplit_once(") ")?;
    let process = Process {
        pid: pid.parse().ok()?,
        name: name.to_owned(),
        long: false,
    };
    Some((rest.chars().next()?, process))
}

fn known(processes: &Reading<Vec<(char, Process)>>) -> Vec<String> {
    let all = processes.known().map_or(&[][..], Vec::as_slice);
    let runs = |name: &&str| all.iter().any(|(_, process)| process.name == *name);
    programs::all().filter(runs).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAT: &str = "cpu  10 1 20 300 4 5 6 7 0 0\ncpu0 10 1 20 300 4 5 6 7 0 0\nintr 12345 1 2 3\nctxt 5\nsoftirq 100 1 2 3 44 5 6 7 8 9 10\n";

    #[test]
    fn times_and_interrupts_of_cpus_are_told_apart() {
        let times = times(STAT);
        assert_eq!(times.get("steal").total, 7);
        assert_eq!(times.get("cpu0.softirq").total, 6);
        assert_eq!(cpus(STAT), 1);
        let interrupts = interrupts(STAT);
        assert_eq!(interrupts.get("interrupts").total, 12345);
        assert_eq!(interrupts.get("softirq.NET_RX").total, 44);
        assert_eq!(super::interrupts("nonsense"), Counters::default());
    }

    #[test]
    fn pressure_memory_and_disks_are_understood() {
        let text = "some avg10=30.78 avg60=18.56 avg300=22.51 total=1\nfull avg10=1.50 avg60=0.00 avg300=0.00 total=0\n";
        assert_eq!(
            stalled(text),
            Some(Pressure {
                some: 30.78,
                full: 1.5
            })
        );
        assert_eq!(stalled("some\n"), None);
        assert_eq!(
            memory("MemTotal: 4 kB\nMemAvailable: 1 kB\n"),
            Some((1024, 4096))
        );
        let disks = disks(" 8 0 sda 10 0 0 0 5 0 0 0 3 0 0\n 7 0 loop0 1 0 0 0 1 0 0 0 0\nx\n");
        let [disk] = &disks[..] else {
            panic!("{disks:?}")
        };
        assert_eq!((disk.name.as_str(), disk.waiting), ("sda", 3));
        assert_eq!(disk.counters.get("done").total, 15);
        assert_eq!(
            want("allocstall_dma 1\nallocstall_normal 2\npgscan_direct_throttle 9\n")
                .get("allocstall")
                .total,
            3
        );
    }

    #[test]
    fn the_name_of_a_process_may_hold_anything() {
        let (state, process) = process("12 (a) D (b) D 1 2").expect("a process");
        assert_eq!(
            (state, process.name.as_str(), process.pid),
            ('D', "a) D (b", 12)
        );
        assert_eq!(super::process("nonsense"), None);
    }
}
