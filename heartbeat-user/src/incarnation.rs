//! The number of this run of the agent.
//!
//! A receiver takes heartbeats of the newest incarnation only, so each run must be newer than the last one
//! even where the clock was set back or the state directory restored from a copy: the number is the larger of
//! the stored one plus 1 and the wall clock's nanoseconds, and it is on the disk before the first heartbeat
//! leaves.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use heartbeat_ebpf::ids::Incarnation;

const FILE: &str = "incarnation";

/// The next incarnation, stored in `directory` and synced.
pub fn next(directory: &Path, wall_ns: u64) -> Result<Incarnation> {
    let path = directory.join(FILE);
    let stored = match fs::read_to_string(&path) {
        Ok(text) => text.trim().parse::<u64>().map_err(|_| {
            anyhow!(
                "{} does not hold a number: remove it if the wall clock is right, for then the next incarnation is newer than all before",
                path.display()
            )
        })?,
        Err(error) if error.kind() == ErrorKind::NotFound => 0,
        Err(error) => return Err(error).with_context(|| format!("read {}", path.display())),
    };
    let next = wall_ns.max(stored.saturating_add(1));
    store(directory, &path, next)
        .or_else(|error| overwrite(&path, next).map_err(|_| error))
        .with_context(|| format!("write {}: is there room on that disk?", path.display()))?;
    Ok(Incarnation(next))
}

/// Replaces the file as a whole: a torn write must not leave a smaller number.
fn store(directory: &Path, path: &Path, number: u64) -> Result<()> {
    let temporary = path.with_extension("new");
    let mut file = File::create(&temporary)?;
    writeln!(file, "{number}")?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    Ok(File::open(directory)?.sync_all()?)
}

/// A full disk must not keep an agent from starting, and the bytes that are there need no new room. They are
/// as many as before, in one block, so that no number in between comes about.
fn overwrite(path: &Path, number: u64) -> Result<()> {
    let bytes = format!("{number}\n");
    if fs::metadata(path)?.len() != bytes.len() as u64 {
        return Err(anyhow!("the number is longer than the one before"));
    }
    let mut file = OpenOptions::new().write(true).open(path)?;
    file.write_all(bytes.as_bytes())?;
    Ok(file.sync_all()?)
}

#[cfg(test)]
mod tests {
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
        assert!(next(10_000).is_err(), "a longer number needs room");
        assert_eq!(next(3_000).expect("overwritten").0, 3_000);
    }
}
