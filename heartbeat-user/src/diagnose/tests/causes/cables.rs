//! Hosts with trouble at a cable or a device.

use super::*;
use crate::diagnose::facts::Buffers;

fn device(facts: &mut Facts, name: &'static str) {
    counter(name, 5)(&mut eth1(facts).counters);
}

fn driver(facts: &mut Facts, name: &'static str) {
    counter(name, 5)(eth1(facts).driver_counters.known_mut().expect("known"));
}

fn negotiation(facts: &mut Facts) -> &mut Negotiation {
    eth1(facts).negotiation.known_mut().expect("known")
}

pub const CASES: &[Case] = &[
    Case {
        what: "an address is missing",
        signs_of: &[Cause::Address],
        rules: &["addresses"],
        make: |facts| facts.networks[0].interface = None,
    },
    Case {
        what: "an address is somebody else's",
        signs_of: &[Cause::Address],
        rules: &["addresses"],
        make: |facts| {
            eth1(facts)
                .unusable
                .push(([10, 77, 1, 1].into(), "dadfailed".to_owned()))
        },
    },
    Case {
        what: "a cable is out",
        signs_of: &[Cause::DeviceFailure, Cause::SwitchPort],
        rules: &["carrier"],
        make: |facts| eth1(facts).carrier = false,
    },
    Case {
        what: "a carrier comes and goes",
        signs_of: &[Cause::SwitchPort, Cause::DeviceFailure],
        rules: &["carrier-changes"],
        make: |facts| device(facts, "carrier_down"),
    },
    Case {
        what: "half duplex",
        signs_of: &[Cause::DeviceMismatch],
        rules: &["duplex"],
        make: |facts| negotiation(facts).full_duplex = Some(false),
    },
    Case {
        what: "one end negotiates and the other does not",
        signs_of: &[Cause::DeviceMismatch],
        rules: &["autonegotiation"],
        make: |facts| negotiation(facts).partner_automatic = Some(false),
    },
    Case {
        what: "frames come broken",
        signs_of: &[Cause::DeviceMismatch, Cause::SwitchPort],
        rules: &["frame-errors"],
        make: |facts| device(facts, "rx_crc_errors"),
    },
    Case {
        what: "frames collide",
        signs_of: &[Cause::DeviceMismatch],
        rules: &["frame-errors"],
        make: |facts| device(facts, "collisions"),
    },
    Case {
        what: "a vendor's old driver",
        signs_of: &[Cause::Driver],
        rules: &["driver"],
        make: |facts| eth1(facts).driver.as_mut().expect("known").out_of_tree = true,
    },
    Case {
        what: "buffers of the device are full",
        signs_of: &[Cause::ReceiveOverload, Cause::NodeResource],
        rules: &["device-drops"],
        make: |facts| {
            device(facts, "rx_missed_errors");
            eth1(facts).buffers = Reading::Known(Buffers {
                receive: 256,
                receive_max: 4096,
            });
        },
    },
    Case {
        what: "a device hangs when sending",
        signs_of: &[Cause::DeviceFailure, Cause::Driver],
        rules: &["transmit"],
        make: |facts| driver(facts, "tx_timeout_count"),
    },
    Case {
        what: "a switch asks for pauses",
        signs_of: &[Cause::Offload, Cause::Congestion],
        rules: &["flow-control"],
        make: |facts| driver(facts, "rx_flow_control_xoff"),
    },
    Case {
        what: "a device proves checksums wrong",
        signs_of: &[Cause::Offload],
        rules: &["checksum-offload"],
        make: |facts| {
            counter("Udp.InCsumErrors", 4)(facts.stack.protocols.known_mut().expect("known"))
        },
    },
];
