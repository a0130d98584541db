//! Rules on disks and on who waits for them: backups, scanning agents, paths that fail.

use super::Rule;
use super::cause::Cause;
use super::each;
use super::load::pressure;
use crate::diagnose::facts::{Disk, Facts, Process};
use crate::diagnose::finding::Finding;
use crate::diagnose::programs::DISK_READERS;

pub const RULES: &[Rule] = &[
    Rule {
        id: "io-pressure",
        covers: &[Cause::ThirdParty, Cause::Snmp, Cause::NodeResource],
        judge: io_pressure,
    },
    Rule {
        id: "disks",
        covers: &[Cause::HostBusAdaptor, Cause::DiskArray],
        judge: disks,
    },
    Rule {
        id: "blocked",
        covers: &[Cause::ThirdParty, Cause::Snmp, Cause::Multipath],
        judge: blocked,
    },
];

/// Threads of the kernel that wait by their nature.
const THREADS: [&str; 6] = [
    "kworker",
    "jbd2",
    "kswapd",
    "khugepaged",
    "kcompactd",
    "txg_sync",
];

fn io_pressure(facts: &Facts) -> Vec<Finding> {
    each::reading(&pressure(facts, "io"), "disks keep up", |pressure| {
        each::when(30.0 <= pressure.full, || {
            let line = format!(
                "in {:.0} % of the time everybody waits for disks",
                pressure.full
            );
            let known = facts.load.known.iter().map(String::as_str);
            let readers: Vec<&str> = known.filter(|name| DISK_READERS.contains(name)).collect();
            let advice = match readers[..] {
                [] => "look who reads and writes (`iotop`)".to_owned(),
                [..] => format!("does {} read all of a disk?", readers.join(", ")),
            };
            Finding {
                lately: true,
                ..Finding::hint(line)
            }
            .advise(advice)
        })
    })
}

fn disks(facts: &Facts) -> Vec<Finding> {
    let stuck =
        |disk: &&Disk| 0 < disk.waiting && 0 < disk.waited && disk.counters.get("done").lately == 0;
    let finding = |disk: &Disk| {
        let line = format!(
            "{} answered none of {} requests while we looked",
            disk.name, disk.waiting
        );
        Finding {
            lately: true,
            ..Finding::cause(line)
        }
        .advise("look for resets of its adaptor or array in the kernel's log (`dmesg`)")
    };
    each::reading(&facts.load.disks, "disks answer", |disks| {
        disks.iter().filter(stuck).map(finding).collect()
    })
}

fn blocked(facts: &Facts) -> Vec<Finding> {
    let of_kernel = |process: &Process| THREADS.iter().any(|name| process.name.starts_with(name));
    each::reading(
        &facts.load.blocked,
        "no process hangs at a disk",
        |blocked| {
            let long = blocked
                .iter()
                .filter(|process| process.long && !of_kernel(process));
            let names: Vec<String> = long
                .map(|process| format!("{} ({})", process.name, process.pid))
                .collect();
            each::when(!names.is_empty(), || {
                let shown = names[..names.len().min(4)].join(", ");
                let line = format!(
                    "{} hung at a disk or the like at both looks: {shown}",
                    names.len()
                );
                Finding {
                    lately: true,
                    ..Finding::hint(line)
                }
                .advise("see /proc/PID/stack: a backup, a scan, a path to a disk that fails")
            })
        },
    )
}
