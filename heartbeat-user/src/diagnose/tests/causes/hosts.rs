//! Hosts that are busy with something else.

use super::*;
use crate::diagnose::facts::{Disk, LogLine, Process, Queue};

fn said(facts: &mut Facts, text: &str) {
    let line = LogLine {
        at_unix_seconds: NOW - 60.0,
        text: text.to_owned(),
    };
    facts.kernel.log.known_mut().expect("known").push(line);
}

fn pressed(facts: &mut Facts, of: &str) {
    for (name, pressure) in &mut facts.load.pressure {
        if name == of {
            *pressure = Reading::Known(Pressure {
                some: 90.0,
                full: 60.0,
            });
        }
    }
}

fn busy(facts: &mut Facts, with: &str) {
    let counters = facts.load.cpu.known_mut().expect("known");
    for of in ["", "cpu0."] {
        counters.set(&format!("{of}{with}"), 5000, 900);
    }
}

pub const CASES: &[Case] = &[
    Case {
        what: "CPUs have no room for frames",
        signs_of: &[Cause::NodeResource, Cause::ReceiveOverload],
        rules: &["backlog"],
        make: |facts| counter("dropped", 8)(facts.stack.backlog.known_mut().expect("known")),
    },
    Case {
        what: "the agent's socket is full",
        signs_of: &[Cause::NodeResource],
        rules: &["sockets"],
        make: |facts| counter("dropped", 8)(facts.stack.sockets.known_mut().expect("known")),
    },
    Case {
        what: "the table of neighbours is full",
        signs_of: &[Cause::Settings],
        rules: &["neighbour-table"],
        make: |facts| counter("table_fulls", 8)(facts.stack.neighbours.known_mut().expect("known")),
    },
    Case {
        what: "a tiny backlog",
        signs_of: &[Cause::Settings],
        rules: &["settings"],
        make: |facts| {
            let name = "net.core.netdev_max_backlog".to_owned();
            facts.stack.settings.insert(name, 16);
        },
    },
    Case {
        what: "more is sent than the network carries",
        signs_of: &[Cause::Congestion],
        rules: &["queues"],
        make: |facts| {
            let mut queue = Queue {
                kind: "tbf".to_owned(),
                ..Queue::default()
            };
            counter("dropped", 70)(&mut queue.counters);
            eth1(facts).queues.push(queue);
        },
    },
    Case {
        what: "a driver keeps the kernel busy",
        signs_of: &[Cause::KernelCpu],
        rules: &["kernel-cpu"],
        make: |facts| busy(facts, "system"),
    },
    Case {
        what: "a CPU drowns in interrupts",
        signs_of: &[Cause::NodeResource, Cause::KernelCpu],
        rules: &["kernel-cpu", "softirq"],
        make: |facts| busy(facts, "softirq"),
    },
    Case {
        what: "a storm of interrupts",
        signs_of: &[Cause::Interrupts],
        rules: &["interrupts"],
        make: |facts| {
            counter("interrupts", 900_000)(facts.load.interrupts.known_mut().expect("known"))
        },
    },
    Case {
        what: "a hypervisor that takes the time",
        signs_of: &[Cause::Pause],
        rules: &["steal"],
        make: |facts| busy(facts, "steal"),
    },
    Case {
        what: "everybody wants a CPU",
        signs_of: &[Cause::Starvation],
        rules: &["cpu-pressure"],
        make: |facts| pressed(facts, "cpu"),
    },
    Case {
        what: "no memory",
        signs_of: &[Cause::Starvation],
        rules: &["memory"],
        make: |facts| facts.load.memory = Reading::Known((1 << 20, 8 << 30)),
    },
    Case {
        what: "an SNMP agent scans a disk",
        signs_of: &[Cause::Snmp, Cause::ThirdParty],
        rules: &["io-pressure"],
        make: |facts| pressed(facts, "io"),
    },
    Case {
        what: "a disk's adaptor does not answer",
        signs_of: &[Cause::HostBusAdaptor, Cause::DiskArray],
        rules: &["disks"],
        make: |facts| {
            let disk = Disk {
                name: "sda".to_owned(),
                waiting: 4,
                waited: 3,
                ..Disk::default()
            };
            facts.load.disks.known_mut().expect("known").push(disk);
        },
    },
    Case {
        what: "a backup hangs at a disk",
        signs_of: &[Cause::ThirdParty, Cause::Multipath],
        rules: &["blocked"],
        make: |facts| {
            let process = Process {
                pid: 7,
                name: "restic".to_owned(),
                long: true,
            };
            facts.load.blocked.known_mut().expect("known").push(process);
        },
    },
    Case {
        what: "a device's queue stands still",
        signs_of: &[Cause::Driver, Cause::DeviceFailure],
        rules: &["device-log"],
        make: |facts| {
            said(
                facts,
                "NETDEV WATCHDOG: eth1 (igb): transmit queue 0 timed out",
            )
        },
    },
    Case {
        what: "a path to a disk fails",
        signs_of: &[Cause::Multipath],
        rules: &["storage-log"],
        make: |facts| said(facts, "device-mapper: multipath: 253:0: Failing path 8:32."),
    },
    Case {
        what: "an adaptor is reset",
        signs_of: &[Cause::HostBusAdaptor],
        rules: &["storage-log"],
        make: |facts| said(facts, "mpt3sas_cm0: sending host reset !!"),
    },
    Case {
        what: "an array's controller fails over",
        signs_of: &[Cause::DiskArray],
        rules: &["storage-log"],
        make: |facts| {
            said(
                facts,
                "sd 2:0:0:1: rdac: array, ctlr 0, queueing MODE_SELECT command",
            )
        },
    },
    Case {
        what: "a CPU is locked up",
        signs_of: &[Cause::KernelCpu],
        rules: &["cpu-log"],
        make: |facts| said(facts, "watchdog: BUG: soft lockup - CPU#1 stuck for 23s!"),
    },
    Case {
        what: "all goes to a serial console",
        signs_of: &[Cause::Console],
        rules: &["serial-console"],
        make: |facts| facts.kernel.console_level = Some(8),
    },
    Case {
        what: "a debugger on a serial line",
        signs_of: &[Cause::Console],
        rules: &["serial-console"],
        make: |facts| facts.kernel.command_line = Reading::Known("kgdboc=ttyS0,115200".to_owned()),
    },
    Case {
        what: "a poor clock",
        signs_of: &[Cause::Clock],
        rules: &["clock-source"],
        make: |facts| facts.clocks.source = Reading::Known("hpet".to_owned()),
    },
    Case {
        what: "nobody sets the clock",
        signs_of: &[Cause::Clock],
        rules: &["time-synchronisation"],
        make: |facts| {
            facts.clocks.synchronised = Reading::Known(false);
            facts.load.known.clear();
        },
    },
    Case {
        what: "somebody sets the clock",
        signs_of: &[Cause::Clock],
        rules: &["time-step"],
        make: |facts| facts.clocks.stepped_seconds = -3.0,
    },
    Case {
        what: "the machine slept",
        signs_of: &[Cause::Pause],
        rules: &["suspended"],
        make: |facts| facts.clocks.suspended_seconds = 400.0,
    },
];
