//! The last events, from the end of the journal's files.
//!
//! A journal may be long and its disk slow, so only the end of it is read, and no more than fits a page. The
//! awkward case is a rotation between two steps here: then an event may be found in both files, and is taken
//! once, or in none, and comes with the next look.

use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::journal;

/// Events that are shown.
pub const COUNT: usize = 20;
/// Bytes that are read of each file; an event with all its evidence has a few thousand.
const READ_MAX: u64 = 256 * 1024;

/// What is shown of an event.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Recent {
    /// Its number.
    pub seq: u64,
    /// Wall time, RFC 3339.
    pub time: String,
    /// Which event.
    pub id: u32,
    /// Its name.
    pub name: String,
    /// How much it matters.
    pub severity: String,
    /// The text.
    pub message: String,
    /// Why, in words.
    pub cause: Option<String>,
    /// Whether what it is about is under maintenance.
    pub maintenance: bool,
}

/// The last events up to the number `newest`, which is on the disk; the newest first.
pub fn read(directory: &Path, newest: u64) -> Result<Vec<Recent>> {
    let mut events = tail(&directory.join(journal::FILE))?;
    if events.len() < COUNT {
        events.extend(tail(&directory.join(journal::OLD_FILE))?);
    }
    events.retain(|event| event.seq <= newest);
    events.sort_by_key(|event| std::cmp::Reverse(event.seq));
    events.dedup_by_key(|event| event.seq);
    events.truncate(COUNT);
    Ok(events)
}

fn tail(path: &Path) -> Result<Vec<Recent>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error).with_context(|| format!("open {}", path.display())),
    };
    let told = || format!("read {}", path.display());
    let length = file.metadata().with_context(told)?.len();
    let begin = length.saturating_sub(READ_MAX);
    let mut part = vec![0; usize::try_from(length - begin).with_context(told)?];
    file.read_exact_at(&mut part, begin).with_context(told)?;
    // Where the file begins earlier, the first line is the rest of one, and no event.
    let lines = part.split(|byte| *byte == b'\n');
    Ok(lines
        .filter_map(|line| serde_json::from_slice(line).ok())
        .filter(|event: &Recent| 0 < event.seq)
        .collect())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::ops::RangeInclusive;

    use super::*;

    fn lines(numbers: RangeInclusive<u64>) -> String {
        let line = |seq| format!("{{\"seq\":{seq},\"id\":1123,\"cause\":null,\"more\":[]}}\n");
        numbers.map(line).collect()
    }

    fn numbers(directory: &Path, newest: u64) -> Vec<u64> {
        let events = read(directory, newest).expect("events");
        events.iter().map(|event| event.seq).collect()
    }

    #[test]
    fn the_last_events_come_from_both_files_and_each_once() {
        let directory = tempfile::tempdir().expect("a directory");
        assert_eq!(numbers(directory.path(), 9), [0; 0]);
        fs::write(directory.path().join(journal::OLD_FILE), lines(1..=7)).expect("written");
        fs::write(directory.path().join(journal::FILE), lines(6..=9)).expect("written");
        assert_eq!(numbers(directory.path(), 9), [9, 8, 7, 6, 5, 4, 3, 2, 1]);
        assert_eq!(numbers(directory.path(), 3), [3, 2, 1]);
    }

    #[test]
    fn of_a_long_file_only_the_end_is_read() {
        let directory = tempfile::tempdir().expect("a directory");
        let text = lines(1..=20_000);
        assert!(READ_MAX < text.len() as u64);
        fs::write(directory.path().join(journal::FILE), text).expect("written");
        let expected: Vec<u64> = (19_981..=20_000).rev().collect();
        assert_eq!(numbers(directory.path(), 20_000), expected);
    }

    #[test]
    fn what_is_no_event_is_left_out() {
        let directory = tempfile::tempdir().expect("a directory");
        let text = format!("nonsense\n\u{0}\n{{}}\n{}{{\"seq\":3,\"ti", lines(1..=2));
        fs::write(directory.path().join(journal::FILE), text).expect("written");
        assert_eq!(numbers(directory.path(), 9), [2, 1]);
    }
}
