//! What sizing.md computes: limits and sizes from the constants of the code, packets by arithmetic.

use anyhow::Result;
use heartbeat_core::timing::{INTERVAL_MAX, INTERVAL_MIN};
use heartbeat_ebpf::echo::Echo;
use heartbeat_ebpf::map::{KEYS_MAX, NETWORKS_MAX, PATHS_MAX, WAKES_BYTES};
use heartbeat_ebpf::slot::Slot;
use heartbeat_ebpf::trail::{STEPS, Step};
use heartbeat_ebpf::wake::Control;
use heartbeat_ebpf::wire;
use heartbeat_tests::suite::Test;
use heartbeat_user::config::duration::text;
use heartbeat_user::config::{FILE_BYTES_MAX, NODES_MAX};
use heartbeat_user::recording;

use crate::page::{self, Block, head, row};

pub const TESTS: &[Test] = &[("sizing.md has the limits and sizes of the code", sizing)];

/// Bytes before the payload of a frame without a VLAN tag: Ethernet, IPv4 or IPv6, UDP.
const IPV4: usize = 14 + 20 + 8;
const IPV6: usize = 14 + 40 + 8;
/// Nodes, networks and milliseconds of an example.
const CLUSTERS: [(usize, usize, usize); 4] =
    [(3, 2, 1200), (3, 2, 100), (16, 2, 100), (64, 2, 100)];

fn sizing() -> Result<()> {
    page::compare(
        "sizing.md",
        &[
            Block::new("limits", limits()),
            Block::new("frame", frame()),
            Block::new("packets", packets()),
            Block::new("records", records()),
        ],
    )
}

fn limits() -> String {
    let mut table = head(&["of", "limit"]);
    let interval = format!("{} to {}", text(INTERVAL_MIN), text(INTERVAL_MAX));
    for (of, limit) in [
        ("nodes of a cluster", NODES_MAX.to_string()),
        ("networks of a cluster", NETWORKS_MAX.to_string()),
        ("paths on a node", PATHS_MAX.to_string()),
        ("an interval", interval),
        ("keys at a time", KEYS_MAX.to_string()),
        ("a configuration", mebibytes(FILE_BYTES_MAX)),
        ("a recording", mebibytes(recording::FILE_BYTES_MAX)),
    ] {
        table += &row(&[of, &limit]);
    }
    table
}

fn frame() -> String {
    let payload = wire::LENGTH;
    format!(
        "A heartbeat is a UDP datagram of {payload} bytes: {} as an Ethernet frame over IPv4 and {} over IPv6, four more with a VLAN tag.",
        payload + IPV4,
        payload + IPV6
    )
}

fn packets() -> String {
    let mut table = head(&[
        "cluster",
        "unicast: heartbeats a node sends",
        "bandwidth, one way",
        "multicast: heartbeats, and echoes with answers",
        "bandwidth, one way",
    ]);
    for (nodes, networks, interval) in CLUSTERS {
        let rounds = networks as f64 * 1000.0 / interval as f64;
        let unicast = rounds * (nodes - 1) as f64;
        let echoes = unicast / 5.0;
        table += &row(&[
            &format!("{nodes} nodes, {networks} networks, {interval} ms"),
            &format!("{unicast:.1} a second"),
            &kilobits(unicast),
            &format!("{rounds:.1} and {echoes:.1} a second"),
            &kilobits(rounds + echoes),
        ]);
    }
    table
}

fn kilobits(frames: f64) -> String {
    let bits = frames * 8.0 * (wire::LENGTH + IPV4) as f64;
    format!("{:.1} kbit/s", bits / 1000.0)
}

fn records() -> String {
    let mut table = head(&["record", "bytes a path", "of all paths"]);
    let mut all = 0;
    for (record, bytes) in [
        ("slot", size_of::<Slot>()),
        ("echoes", size_of::<Echo>()),
        ("what the agent asks for", size_of::<Control>()),
        ("the newest heartbeats", STEPS * size_of::<Step>()),
    ] {
        all += bytes;
        table += &row(&[
            record,
            &bytes.to_string(),
            &mebibytes((bytes * PATHS_MAX) as u64),
        ]);
    }
    let ring = mebibytes(WAKES_BYTES as u64);
    table += &row(&[
        "together",
        &all.to_string(),
        &mebibytes((all * PATHS_MAX) as u64),
    ]);
    format!("{table}| the ring buffer | | {ring} |\n")
}

fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", bytes as f64 / f64::from(1 << 20))
}
