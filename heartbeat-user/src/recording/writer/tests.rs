use std::time::Duration;

use std::os::unix::fs::{PermissionsExt as _, symlink};

use heartbeat_core::node::Pause;

use super::*;
use crate::recording::lines::Ending;
use crate::recording::samples::{Recorded, Sample, replayed};

fn create(path: &Path) -> Result<Writer> {
    Writer::create(path, u64::MAX, Arc::default(), Arc::default())
}

#[test]
fn an_earlier_recording_is_kept_beside_the_new_one() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("recording");
    for runs in 1..=3 {
        let mut recorded = Recorded::new(&file);
        for _ in 0..runs {
            recorded.tell(1, &Sample::Paused(Pause::Suspended, Duration::from_secs(1)));
        }
        recorded.close();
    }
    let inputs = |name: &str| {
        let bytes = fs::read(directory.path().join(name)).expect("a recording");
        let (replay, _, ending) = replayed(&bytes).expect("a whole one");
        assert_eq!(ending, Ending::Said(End::Stopped));
        replay.inputs()
    };
    assert_eq!((inputs("recording"), inputs("recording.1")), (3, 2));
    assert_eq!(fs::read_dir(directory.path()).expect("files").count(), 2);
    let mode = fs::metadata(&file).expect("the file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn what_is_no_recording_is_left_alone() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("recording");
    fs::write(&file, "root:x:0:0\n").expect("a file");
    let error = create(&file).err().expect("another's file");
    assert!(
        error
            .to_string()
            .contains("is no recording and is left alone"),
        "{error}"
    );
    assert_eq!(fs::read(&file).expect("the file"), b"root:x:0:0\n");

    fs::rename(&file, directory.path().join("recording.1")).expect("moved");
    fs::write(&file, "{\"at\":1,").expect("a torn recording");
    assert!(
        create(&file).is_err(),
        "the name for the earlier one is taken"
    );
    assert_eq!(fs::read(&file).expect("the file"), b"{\"at\":1,");

    fs::remove_file(&file).expect("removed");
    symlink("/dev/null", &file).expect("a link");
    assert!(create(&file).is_err(), "a link leads anywhere");
    assert!(create(&directory.path().join("none/recording")).is_err());
}

#[test]
fn a_recording_ends_where_the_file_would_grow_beyond_its_limit() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("recording");
    const BYTES_MAX: u64 = 20_000;
    let mut recorded = Recorded::at_most(&file, BYTES_MAX);
    for _ in 0..1000 {
        recorded.tell(1, &Sample::Paused(Pause::Suspended, Duration::from_secs(1)));
    }
    recorded.close();
    let bytes = fs::read(&file).expect("the file");
    assert!(
        (BYTES_MAX - 200..=BYTES_MAX).contains(&(bytes.len() as u64)),
        "{}",
        bytes.len()
    );
    let (_, _, ending) = replayed(&bytes).expect("a whole recording");
    assert_eq!(ending, Ending::Said(End::Limit));
}

#[test]
fn a_recording_ends_where_the_queue_would_overflow_and_what_was_before_is_whole() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("recording");
    let mut recorded = Recorded::new(&file);
    recorded.tell(1, &Sample::Paused(Pause::Suspended, Duration::from_secs(1)));
    let more_than_may_wait = "#".repeat(64 << 20);
    recorded.say(1, &more_than_may_wait);
    recorded.tell(1, &Sample::Paused(Pause::Suspended, Duration::from_secs(1)));
    recorded.close();
    let bytes = fs::read(&file).expect("the file");
    let (replay, _, ending) = replayed(&bytes).expect("a whole recording");
    assert_eq!(ending, Ending::Said(End::Overflow));
    assert_eq!(replay.inputs(), 1);
}

#[test]
fn a_disk_that_takes_no_more_ends_it_without_an_end() {
    let mut writer = Writer {
        file: BufWriter::new(
            OpenOptions::new()
                .write(true)
                .open("/dev/full")
                .expect("Linux has it"),
        ),
        ..create(
            &tempfile::tempdir()
                .expect("a directory")
                .path()
                .join("recording"),
        )
        .expect("a writer")
    };
    let line = Line {
        at: 1,
        what: What::Paused {
            by: Pause::Suspended,
            ahead: 1,
        },
    };
    let error = writer.begin(&line).expect_err("the disk is full");
    assert!(format!("{error:#}").contains("No space left"), "{error:#}");
}
