//! `[cluster]`: what holds for the whole cluster.
//!
//! The awkward cases are the keys that a network may have of its own, or that are compared with another one's.
//! They stay as they were read, with their places, because a mistake that shows only in the comparison must
//! name the line that somebody wrote, and there is none where a default was filled in.

use std::path::PathBuf;
use std::time::Duration;

use heartbeat_core::timing::{INTERVAL_MAX, INTERVAL_MIN, Tolerance};
use toml::de::DeValue;

use super::document::At;
use super::section::Section;
use super::value::{self, Checked};
use super::{Authentication, Multicast};

/// `[cluster]`, with its defaults filled in except where a mistake must name a place.
pub(super) struct ClusterKeys {
    pub name: Option<At<String>>,
    pub interval: Duration,
    pub lost_after: Option<At<u32>>,
    pub regroup_after: Option<At<u32>>,
    pub tolerance: Tolerance,
    pub restored_after: u32,
    pub multicast: Option<At<Multicast>>,
    pub authentication: Authentication,
    pub restart_grace: Duration,
}

/// `lost_after` where the file has none.
pub(super) const LOST_AFTER: u32 = 2;
/// `regroup_after` where the file has none.
pub(super) const REGROUP_AFTER: u32 = 6;

const INTERVAL: Duration = Duration::from_millis(1200);
const RESTART_GRACE: Duration = Duration::from_secs(10);
const KEY_FILE: &str = "/etc/heartbeat-ebpf/cluster.key";
/// What the kernel takes as a path.
pub(super) const PATH_BYTES_MAX: usize = 4095;
const MULTICAST: [(&str, Multicast); 3] = [
    (Multicast::Auto.word(), Multicast::Auto),
    (Multicast::On.word(), Multicast::On),
    (Multicast::Off.word(), Multicast::Off),
];

/// Reads `[cluster]`.
pub(super) fn read(section: Section<'_, '_>) -> ClusterKeys {
    let keys = ClusterKeys {
        name: section.required("name", value::NAME, value::name),
        interval: or(section.optional("interval", interval), INTERVAL),
        lost_after: section.optional("lost_after", lost_after),
        regroup_after: section.optional("regroup_after", value::number(3..=1000)),
        tolerance: or(section.optional("tolerance", tolerance), Tolerance::Auto),
        restored_after: or(
            section.optional("restored_after", value::number(1..=100)),
            1,
        ),
        multicast: section.optional("multicast", multicast),
        authentication: authentication(&section),
        restart_grace: or(
            section.optional(
                "restart_grace",
                value::duration(Duration::ZERO..=Duration::from_secs(600)),
            ),
            RESTART_GRACE,
        ),
    };
    section.finish();
    keys
}

impl ClusterKeys {
    /// `regroup_after`, or its default.
    pub fn regroup_after(&self) -> u32 {
        self.regroup_after
            .as_ref()
            .map_or(REGROUP_AFTER, |at| at.value)
    }
}

/// An interval: whole milliseconds, for that is how it is announced.
pub(super) fn interval(value: &DeValue<'_>) -> Checked<Duration> {
    let allowed = |range: String| format!("{range} in whole milliseconds");
    let interval = value::duration(INTERVAL_MIN..=INTERVAL_MAX)(value).map_err(allowed)?;
    match interval.subsec_nanos().is_multiple_of(1_000_000) {
        true => Ok(interval),
        false => Err("a duration in whole milliseconds".to_owned()),
    }
}

/// How many missed heartbeats end a path.
pub(super) fn lost_after(value: &DeValue<'_>) -> Checked<u32> {
    let jitter = |range: String| format!("{range} (after a single one, jitter would decide)");
    value::number(2..=100)(value).map_err(jitter)
}

/// Whether to use a group.
pub(super) fn multicast(value: &DeValue<'_>) -> Checked<Multicast> {
    value::choice(&MULTICAST)(value)
}

fn tolerance(value: &DeValue<'_>) -> Checked<Tolerance> {
    if value.as_str() == Some("auto") {
        return Ok(Tolerance::Auto);
    }
    let or_auto = |range: String| format!("\"auto\" or {range}");
    let fixed = value::duration(Duration::ZERO..=Duration::from_secs(60))(value);
    fixed.map(Tolerance::Fixed).map_err(or_auto)
}

fn authentication(section: &Section<'_, '_>) -> Authentication {
    let words = [("key", true), ("off", false)];
    let by_key = or(
        section.optional("authentication", value::choice(&words)),
        true,
    );
    let file = or(
        section.optional("key_file", value::path(PATH_BYTES_MAX)),
        PathBuf::from(KEY_FILE),
    );
    match by_key {
        true => Authentication::Key { file },
        false => Authentication::Off,
    }
}

/// The value read, or the default.
pub(super) fn or<T>(read: Option<At<T>>, default: T) -> T {
    read.map_or(default, |at| at.value)
}
