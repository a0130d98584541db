use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::ops::RangeInclusive;
use std::path::Path;

use proptest::prelude::*;

use super::*;

fn append(directory: &Path, seqs: RangeInclusive<u64>) {
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(directory.join(journal::FILE))
        .expect("writable");
    for seq in seqs {
        writeln!(file, "{{\"seq\":{seq},\"time\":\"\"}}").expect("room");
    }
}

fn rotate(directory: &Path) {
    let old = directory.join(journal::OLD_FILE);
    fs::rename(directory.join(journal::FILE), old).expect("there");
    fs::write(directory.join(journal::FILE), "").expect("writable");
}

fn read(reader: &mut Reader, newest: u64) -> Vec<u64> {
    let mut seqs = Vec::new();
    loop {
        let lines = reader.read(newest).expect("readable");
        if lines.is_empty() {
            return seqs;
        }
        let lines = lines.split_inclusive(|byte| *byte == b'\n');
        seqs.extend(lines.map(|line| seq(line).expect("numbered")));
    }
}

fn reader(directory: &Path, after: u64) -> Reader {
    Reader::new(directory.to_owned(), after)
}

#[test]
fn a_reader_goes_as_far_as_the_disk_and_on_from_there() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let directory = directory.path();
    assert_eq!(read(&mut reader(directory, 0), 5), [0; 0]);
    append(directory, 1..=4);
    let mut reader = reader(directory, 1);
    assert_eq!(read(&mut reader, 3), [2, 3]);
    assert_eq!(read(&mut reader, 3), [0; 0]);
    append(directory, 5..=5);
    assert_eq!(read(&mut reader, 5), [4, 5]);
}

#[test]
fn a_line_that_is_being_written_is_not_there_yet() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let directory = directory.path();
    append(directory, 1..=1);
    let mut file = OpenOptions::new()
        .append(true)
        .open(directory.join(journal::FILE))
        .expect("there");
    file.write_all(b"{\"seq\":2,").expect("room");
    let mut reader = reader(directory, 0);
    assert_eq!(read(&mut reader, 2), [1]);
    file.write_all(b"\"time\":\"\"}\n").expect("room");
    assert_eq!(read(&mut reader, 2), [2]);
}

#[test]
fn what_is_no_event_is_passed_over() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let directory = directory.path();
    append(directory, 1..=1);
    let mut file = OpenOptions::new()
        .append(true)
        .open(directory.join(journal::FILE))
        .expect("there");
    file.write_all(b"\n\0\0\0\nnonsense\n{\"seq\":99999999999999999999999}\n")
        .expect("room");
    append(directory, 2..=2);
    assert_eq!(read(&mut reader(directory, 0), 2), [1, 2]);
}

#[test]
fn a_line_longer_than_a_chunk_is_read_and_one_without_end_is_an_error() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let directory = directory.path();
    let long = format!("{{\"seq\":1,\"x\":\"{}\"}}\n", "x".repeat(3 * CHUNK));
    fs::write(directory.join(journal::FILE), &long).expect("writable");
    append(directory, 2..=2);
    assert_eq!(read(&mut reader(directory, 0), 2), [1, 2]);
    fs::write(directory.join(journal::FILE), "x".repeat(2 * LINE_MAX)).expect("writable");
    assert!(reader(directory, 0).read(1).is_err());
}

#[test]
fn a_removed_file_ends_the_reading_without_an_error() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let directory = directory.path();
    append(directory, 1..=2);
    let mut reader = reader(directory, 0);
    assert_eq!(read(&mut reader, 1), [1]);
    fs::remove_file(directory.join(journal::FILE)).expect("there");
    assert_eq!(read(&mut reader, 3), [2]);
    append(directory, 3..=3);
    assert_eq!(read(&mut reader, 3), [3]);
}

/// What happens between two readings.
#[derive(Clone, Debug)]
enum Step {
    Append(u64),
    Rotate,
    Read,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (1..40_u64).prop_map(Step::Append),
        1 => Just(Step::Rotate),
        3 => Just(Step::Read),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// At most one rotation between two readings: then nothing may be missing.
    #[test]
    fn no_rotation_makes_a_hole_or_a_repetition(steps in prop::collection::vec(step(), 1..40), after in 0..30_u64) {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let directory = directory.path();
        append(directory, 1..=1);
        let mut reader = reader(directory, after);
        let (mut written, mut seen, mut rotated) = (1, Vec::new(), false);
        for step in steps {
            match step {
                Step::Append(count) => {
                    append(directory, written + 1..=written + count);
                    written += count;
                }
                Step::Rotate if !rotated => {
                    rotate(directory);
                    rotated = true;
                }
                Step::Rotate => {}
                Step::Read => {
                    seen.extend(read(&mut reader, written));
                    rotated = false;
                }
            }
        }
        seen.extend(read(&mut reader, written));
        prop_assert_eq!(seen, (after + 1..=written).collect::<Vec<_>>());
    }
}
