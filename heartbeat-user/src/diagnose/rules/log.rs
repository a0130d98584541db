//! Rules on the kernel's log: what drivers found out about their devices.
//!
//! The awkward case is an old line: a cable that was pulled last week explains nothing tonight. Only the last hour
//! counts, and when a line was written is kept for comparing with events.

use super::Rule;
use super::cause::Cause;
use super::each;
use crate::diagnose::facts::{Facts, LogLine};
use crate::diagnose::finding::Finding;

pub const RULES: &[Rule] = &[
    Rule {
        id: "device-log",
        covers: &[Cause::Driver, Cause::DeviceFailure],
        judge: device,
    },
    Rule {
        id: "storage-log",
        covers: &[Cause::HostBusAdaptor, Cause::Multipath, Cause::DiskArray],
        judge: storage,
    },
    Rule {
        id: "cpu-log",
        covers: &[Cause::KernelCpu, Cause::Starvation],
        judge: cpu,
    },
    Rule {
        id: "serial-console",
        covers: &[Cause::Console],
        judge: serial_console,
    },
];

/// How long a line counts, in seconds.
const COUNTS: f64 = 3600.0;

/// Words that tell of a network device.
const DEVICE: [&str; 8] = [
    "NETDEV WATCHDOG",
    "Link is Down",
    "Link is down",
    "Detected Hardware Unit Hang",
    "Detected Tx Unit Hang",
    "with own address as source address",
    "neighbor table overflow",
    "nf_conntrack: table full",
];
/// Words that tell of disks, their adaptors, arrays and paths.
const STORAGE: [&str; 11] = [
    "Failing path",
    "device-mapper: multipath",
    "rejecting I/O to offline device",
    "I/O error",
    "task abort",
    "Aborting command",
    "host reset",
    "adapter reset",
    "blocked FC remote port",
    "rdac",
    "timing out command",
];
/// Words that tell of CPUs that did something else for too long.
const CPU: [&str; 9] = [
    "soft lockup",
    "hard LOCKUP",
    "self-detected stall",
    "detected stalls on CPUs",
    "blocked for more than",
    "RT throttling activated",
    "hogged CPU",
    "Out of memory",
    "clocksource: timekeeping watchdog",
];

/// Whether some rule wants to see this line.
pub fn is_telling(text: &str) -> bool {
    let all = DEVICE.iter().chain(&STORAGE).chain(&CPU);
    all.into_iter().any(|words| text.contains(words))
}

fn device(facts: &Facts) -> Vec<Finding> {
    let fine = "the kernel complains of no network device";
    lines(
        facts,
        &DEVICE,
        fine,
        "update driver and firmware; try another cable and port",
    )
}

fn storage(facts: &Facts) -> Vec<Finding> {
    let fine = "the kernel complains of no disk";
    lines(
        facts,
        &STORAGE,
        fine,
        "look at adaptor, array and paths; update their drivers",
    )
}

fn cpu(facts: &Facts) -> Vec<Finding> {
    let fine = "no CPU was held up";
    lines(
        facts,
        &CPU,
        fine,
        "see the lines after it: a driver, a hypervisor, a task of real-time priority",
    )
}

fn lines(facts: &Facts, words: &[&str], fine: &str, advice: &str) -> Vec<Finding> {
    let now = facts.at_unix_seconds;
    each::reading(&facts.kernel.log, fine, |lines| {
        let lately = lines
            .iter()
            .filter(|line| now - line.at_unix_seconds <= COUNTS);
        let telling = |line: &&LogLine| words.iter().any(|words| line.text.contains(words));
        let telling: Vec<&LogLine> = lately.filter(telling).collect();
        let finding = telling.last().map(|newest| {
            let times = match telling.len() {
                1 => String::new(),
                count => format!(" (the last of {count} such lines)"),
            };
            let ago = ago(now - newest.at_unix_seconds);
            Finding::cause(format!("the kernel said {ago} ago: {}{times}", newest.text))
                .at(telling.iter().map(|line| line.at_unix_seconds).collect())
                .advise(advice)
        });
        finding.into_iter().collect()
    })
}

/// A time in the past, roughly.
pub fn ago(seconds: f64) -> String {
    match seconds.max(0.0) {
        seconds if seconds < 120.0 => format!("{seconds:.0} s"),
        seconds if seconds < 7200.0 => format!("{:.0} min", seconds / 60.0),
        seconds => format!("{:.0} h", seconds / 3600.0),
    }
}

fn serial_console(facts: &Facts) -> Vec<Finding> {
    /// From this level on the console is told everything.
    const ALL: u8 = 8;
    each::reading(
        &facts.kernel.command_line,
        "no console holds up the kernel",
        |line| {
            let words: Vec<&str> = line.split_ascii_whitespace().collect();
            let has = |beginning: &str| words.iter().any(|word| word.starts_with(beginning));
            let serial = has("console=ttyS") || has("console=ttyAMA");
            let loud = facts.kernel.console_level.is_some_and(|level| ALL <= level)
                || words.contains(&"ignore_loglevel")
                || words.contains(&"debug");
            let mut findings = each::when(has("kgdboc="), || {
                Finding::cause("a kernel debugger waits on a serial line (kgdboc)")
                    .advise("start without kgdboc: a debugger stops all CPUs")
            });
            findings.extend(each::when(serial && loud, || {
            Finding::cause("all that the kernel says goes to a serial console, which is slow")
                .advise("`dmesg -n 4`, and neither `debug` nor `ignore_loglevel` on the command line")
        }));
            findings
        },
    )
}
