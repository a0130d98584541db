//! `[agent]`: what is each host's own business.

use std::path::PathBuf;

use toml::de::DeValue;

use super::cluster::{PATH_BYTES_MAX, or};
use super::section::Section;
use super::value::{self, Checked};
use super::{Agent, Ksoftirqd, XdpMode};

/// How a file names the modes.
pub(super) const XDP_MODES: [(&str, XdpMode); 3] = [
    (XdpMode::Auto.word(), XdpMode::Auto),
    (XdpMode::Native.word(), XdpMode::Native),
    (XdpMode::Generic.word(), XdpMode::Generic),
];

const METRICS: &str = "127.0.0.1:13343";
/// Where the control socket lies unless the file says otherwise.
pub const DEFAULT_SOCKET: &str = "/run/heartbeat-ebpf/heartbeat.sock";
const STATE_DIR: &str = "/var/lib/heartbeat-ebpf";
const PINS: &str = "/sys/fs/bpf/heartbeat-ebpf";
const EVENTS_KEPT: u64 = 64 << 20;
const EVENTS_KEPT_MIN: u64 = 64 << 10;
const EVENTS_KEPT_MAX: u64 = 1024 << 30;
/// What the kernel takes as the name of a socket.
const SOCKET_BYTES_MAX: usize = 107;
/// Room for the names of cluster, node and file below a directory.
const DIR_BYTES_MAX: usize = 3500;

/// Reads `[agent]`.
pub(super) fn read(section: Section<'_, '_>) -> Agent {
    let directory = |key, default: &str| {
        or(
            section.optional(key, value::path(DIR_BYTES_MAX)),
            PathBuf::from(default),
        )
    };
    let kept = value::size(
        EVENTS_KEPT_MIN..=EVENTS_KEPT_MAX,
        "a size, \"64KiB\" to \"1024GiB\"",
    );
    let agent = Agent {
        xdp: or(
            section.optional("xdp", value::choice(&XDP_MODES)),
            XdpMode::Auto,
        ),
        metrics: or(
            section.optional("metrics", value::listen),
            METRICS.parse().ok(),
        ),
        socket: or(
            section.optional("socket", value::path(SOCKET_BYTES_MAX)),
            PathBuf::from(DEFAULT_SOCKET),
        ),
        state_dir: directory("state_dir", STATE_DIR),
        pins: directory("pins", PINS),
        events_kept: or(section.optional("events_kept", kept), EVENTS_KEPT),
        raise_ksoftirqd: or(
            section.optional("raise_ksoftirqd", ksoftirqd),
            Ksoftirqd::Left,
        ),
        record: or(section.optional("record", record), None),
    };
    section.finish();
    agent
}

fn record(value: &DeValue<'_>) -> Checked<Option<PathBuf>> {
    if value.as_str() == Some("off") {
        return Ok(None);
    }
    let or_off = |path: String| format!("\"off\" or {path}");
    value::path(PATH_BYTES_MAX)(value).map(Some).map_err(or_off)
}

fn ksoftirqd(value: &DeValue<'_>) -> Checked<Ksoftirqd> {
    match value.as_bool() {
        Some(true) => Ok(Ksoftirqd::Raised),
        Some(false) => Ok(Ksoftirqd::Left),
        None => Err("true or false".to_owned()),
    }
}
