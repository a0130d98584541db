//! Rules on the device and its driver: who drives it, what it drops, what it does for the stack.

use super::Rule;
use super::cause::Cause;
use super::each::{self, told};
use crate::diagnose::facts::{Facts, Port};
use crate::diagnose::finding::Finding;
use crate::diagnose::reading::Counter;

pub const RULES: &[Rule] = &[
    Rule {
        id: "driver",
        covers: &[Cause::Driver],
        judge: driver,
    },
    Rule {
        id: "device-drops",
        covers: &[Cause::ReceiveOverload, Cause::NodeResource],
        judge: device_drops,
    },
    Rule {
        id: "transmit",
        covers: &[Cause::DeviceFailure, Cause::Driver],
        judge: transmit,
    },
    Rule {
        id: "flow-control",
        covers: &[Cause::Offload, Cause::Congestion],
        judge: flow_control,
    },
    Rule {
        id: "checksum-offload",
        covers: &[Cause::Offload],
        judge: checksum_offload,
    },
];

fn driver(facts: &Facts) -> Vec<Finding> {
    each::port(facts, "all drivers are of the kernel", |port| {
        let foreign = port.driver.as_ref().filter(|driver| driver.out_of_tree);
        let finding = foreign.map(|driver| {
            let (name, version) = (&driver.name, &driver.version);
            Finding::hint(format!(
                "{}: driver {name} {version} is not of this kernel",
                port.name
            ))
            .on(port)
            .advise("compare it with the vendor's newest for this kernel, and with the other nodes")
        });
        finding.into_iter().collect()
    })
}

/// The sum of a driver's own counters whose names this holds for.
fn own(port: &Port, wanted: impl Fn(&str) -> bool) -> Counter {
    let counters = port.driver_counters.known();
    let named = counters.map_or_else(Vec::new, |counters| counters.named(wanted));
    named
        .iter()
        .fold(Counter::default(), |sum, (_, counter)| Counter {
            total: sum.total + counter.total,
            lately: sum.lately + counter.lately,
        })
}

fn device_drops(facts: &Facts) -> Vec<Finding> {
    /// What drivers call frames that found no buffer.
    const WORDS: [&str; 5] = [
        "no_buffer",
        "no_buf",
        "out_of_buffer",
        "rx_discard",
        "rx_missed",
    ];
    each::port(facts, "no frame finds a device's buffers full", |port| {
        let kernel = port
            .counters
            .sum(&["rx_missed_errors", "rx_fifo_errors", "rx_over_errors"]);
        let driver = own(port, |name| WORDS.iter().any(|word| name.contains(word)));
        let dropped = if kernel.total < driver.total {
            driver
        } else {
            kernel
        };
        each::when(0 < dropped.total, || {
            each::grown(port, "had no buffers for frames", dropped).advise(more_buffers(port))
        })
    })
}

fn more_buffers(port: &Port) -> String {
    let small = port
        .buffers
        .known()
        .filter(|buffers| buffers.receive < buffers.receive_max);
    small.map_or_else(
        || "spread its interrupts over more CPUs, and look what keeps them busy".to_owned(),
        |buffers| {
            let (name, most) = (&port.name, buffers.receive_max);
            format!("`ethtool -G {name} rx {most}`: it has {}", buffers.receive)
        },
    )
}

fn transmit(facts: &Facts) -> Vec<Finding> {
    const KINDS: [&str; 3] = ["tx_aborted_errors", "tx_carrier_errors", "tx_fifo_errors"];
    each::port(facts, "every frame can be sent", |port| {
        let stuck = own(port, |name| {
            name.contains("tx_timeout") || name.contains("tx_hang")
        });
        let kinds = port.counters.sum(&KINDS);
        let all = port.counters.get("tx_errors");
        let failed = if all.total < kinds.total { kinds } else { all };
        let mut findings = each::when(0 < stuck.total, || {
            each::grown(port, "stood still when sending", stuck)
                .advise("update driver and firmware; try without offloads")
        });
        findings.extend(each::when(0 < failed.lately, || {
            each::grown(port, "fails to send", failed)
                .advise("look at `ethtool -S`, the cable and the driver")
        }));
        findings
    })
}

fn flow_control(facts: &Facts) -> Vec<Finding> {
    each::port(facts, "nobody asks for pauses", |port| {
        let paused = own(port, |name| {
            let pausing = name.contains("pause") || name.contains("xoff");
            pausing && !name.contains("duration") && !name.contains("storm")
        });
        each::when(0 < paused.lately, || {
            each::grown(port, "pauses by flow control, in frames", paused).advise(format!(
                "find who can't keep up; try without (`ethtool -A {} rx off tx off`)",
                port.name
            ))
        })
    })
}

fn checksum_offload(facts: &Facts) -> Vec<Finding> {
    let protocols = facts.stack.protocols.known();
    let stack = protocols
        .map(|counters| counters.get("Udp.InCsumErrors"))
        .unwrap_or_default();
    each::port(facts, "no checksum is wrong", |port| {
        let on = port.offloads.get("rx-checksum").copied().unwrap_or(false);
        let device = own(port, |name| name.contains("csum") && name.contains("err"));
        let lately = stack.lately + device.lately;
        each::when(on && (0 < lately || 0 < device.total), || {
            let counted = told(lately, stack.total + device.total);
            Finding::by_growth(
                lately,
                format!(
                    "{} proves checksums itself; wrong ones: {counted}",
                    port.name
                ),
            )
            .on(port)
            .advise(format!(
                "let the stack do it, for a test (`ethtool -K {} rx off tx off`)",
                port.name
            ))
        })
    })
}
