//! The number of this run of the agent.
//!
//! A receiver takes heartbeats of the newest incarnation only, so each run must be newer than the last one
//! even where the clock was set back or the state directory restored from a copy: the number is the larger of
//! the stored one plus 1 and the wall clock's nanoseconds, and it is on the disk before the first heartbeat
//! leaves.

use std::path::Path;

use anyhow::{Context, Result};
use heartbeat_ebpf::ids::Incarnation;

use crate::number;

const FILE: &str = "incarnation";

/// The next incarnation, stored in `directory` and synced.
pub fn next(directory: &Path, wall_ns: u64) -> Result<Incarnation> {
    let path = directory.join(FILE);
    let stored = number::read(&path)?.unwrap_or(0);
    let next = wall_ns.max(stored.saturating_add(1));
    number::replace(&path, next)
        .with_context(|| format!("write {}: is there room on that disk?", path.display()))?;
    Ok(Incarnation(next))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_later_run_is_newer_even_when_the_clock_was_set_back() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let next = |wall| next(directory.path(), wall).expect("writable").0;
        assert_eq!(next(1_000), 1_000);
        assert_eq!(next(2_000), 2_000);
        assert_eq!(next(500), 2_001);
        assert_eq!(next(500), 2_002);
    }

    #[test]
    fn a_damaged_file_is_an_error_that_says_what_to_do() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        fs::write(directory.path().join(FILE), "12x").expect("writable");
        let error = next(directory.path(), 1).expect_err("damaged").to_string();
        assert!(error.contains("does not hold a number"), "{error}");
    }

    #[test]
    fn where_there_is_no_room_for_another_file_the_number_is_overwritten() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let next = |wall| next(directory.path(), wall);
        assert_eq!(next(1_000).expect("writable").0, 1_000);
        // Nothing can be written where a directory stands.
        fs::create_dir(directory.path().join("incarnation.new")).expect("writable");
        assert_eq!(next(2_000).expect("overwritten").0, 2_000);
        assert_eq!(next(10_000).expect("longer").0, 10_000);
        assert_eq!(next(u64::MAX - 1).expect("longest").0, u64::MAX - 1);
        fs::write(directory.path().join(FILE), "7\n").expect("writable");
        assert!(next(1).is_err(), "what a person wrote there is shorter");
    }
}
