//! The table of detection times, by the arithmetic that judges.

use std::num::NonZeroU32;
use std::time::Duration;

use anyhow::{Context, Result};
use heartbeat_core::timing::{Timing, Tolerance};
use heartbeat_tests::suite::Test;
use heartbeat_user::config::duration::text;

use crate::page::{self, Block, head, row};

pub const TESTS: &[Test] = &[(
    "faster-detection.md has the times that the core judges by",
    detection,
)];

/// Milliseconds between heartbeats, and how many may be missed.
const STEPS: [(u64, u32); 6] = [(1200, 2), (500, 3), (200, 3), (100, 3), (50, 3), (10, 3)];
const REGROUP_AFTER: u32 = 6;

fn detection() -> Result<()> {
    let mut table = head(&[
        "`interval` x `lost_after`",
        "lost after the last arrival",
        "suspected, with `regroup_after = 6`",
    ]);
    for (interval, lost_after) in STEPS {
        let timing = Timing {
            interval: Duration::from_millis(interval),
            lost_after: NonZeroU32::new(lost_after).context("nothing is lost at once")?,
            tolerance: Tolerance::Auto,
            restored_after: NonZeroU32::MIN,
        };
        table += &row(&[
            &format!("{} x {lost_after}", text(timing.interval)),
            &text(timing.detection(None)),
            &text(timing.suspicion(None, REGROUP_AFTER)),
        ]);
    }
    page::compare("faster-detection.md", &[Block::new("detection", table)])
}
