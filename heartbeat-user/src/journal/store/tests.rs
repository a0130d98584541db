use heartbeat_core::event::EventKind;
use heartbeat_core::flapping::Voice;

use super::*;
use crate::journal::{Batch, Journal};
use crate::record::{Evidence, Record};

fn telling() -> Telling {
    let record = Record {
        peer: Some("node-b".to_owned()),
        network: Some("Private Network".to_owned()),
        evidence: Evidence {
            missed: Some(2),
            ..Evidence::default()
        },
        ..Record::plain(
            EventKind::PathLost,
            "node-a",
            "The node lost communication.".to_owned(),
            clock::wall(),
        )
    };
    Telling::new(record, Voice::Loud)
}

fn batch() -> Batch {
    Batch {
        tellings: vec![telling()],
        afterwards: None,
    }
}

fn seqs(directory: &Path, file: &str) -> Vec<u64> {
    let text = fs::read_to_string(directory.join(file)).unwrap_or_default();
    text.lines()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).expect("JSON")["seq"]
                .as_u64()
                .expect("a number")
        })
        .collect()
}

#[test]
fn numbers_go_on_across_restarts_without_holes() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    for _ in 0..3 {
        let journal = Journal::open(directory.path(), 1 << 20).expect("writable");
        journal.tell(batch());
        journal.tell(batch());
        let told = journal.told();
        journal.close();
        let lost = told.counts().find(|(kind, _)| *kind == EventKind::PathLost);
        assert_eq!(lost, Some((EventKind::PathLost, 2)));
    }
    assert_eq!(seqs(directory.path(), FILE), [1, 2, 3, 4, 5, 6]);
}

#[test]
fn a_torn_last_line_is_cut_off_and_loses_no_older_event() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut store = Store::open(directory.path(), 1 << 20).expect("writable");
    store.append(&mut [telling(), telling()]);
    let path = directory.path().join(FILE);
    let mut torn = OpenOptions::new().append(true).open(&path).expect("there");
    torn.write_all(b"{\"seq\":3,\"ti").expect("room");
    let mut store = Store::open(directory.path(), 1 << 20).expect("mended");
    store.append(&mut [telling()]);
    assert_eq!(seqs(directory.path(), FILE), [1, 2, 3]);
}

#[test]
fn the_file_is_rotated_and_the_numbers_go_on() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut store = Store::open(directory.path(), 2_000).expect("writable");
    for _ in 0..20 {
        store.append(&mut [telling()]);
    }
    let (old, new) = (
        seqs(directory.path(), OLD_FILE),
        seqs(directory.path(), FILE),
    );
    assert!(!old.is_empty() && !new.is_empty());
    assert_eq!(new.last(), Some(&20));
    assert_eq!(old.last().map(|seq| seq + 1), new.first().copied());
    drop(store);
    fs::write(directory.path().join(FILE), "").expect("writable");
    let store = Store::open(directory.path(), 2_000).expect("writable");
    assert_eq!(
        store.next_seq,
        old.last().expect("not empty") + 1,
        "an empty new file: the old one tells"
    );
}

#[test]
fn events_that_the_disk_refused_are_written_when_it_takes_them_again() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut store = Store::open(directory.path(), 1 << 20).expect("writable");
    let good = std::mem::replace(
        &mut store.file,
        OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .expect("there"),
    );
    store.append(&mut [telling()]);
    assert!(store.failing);
    store.file = good;
    store.append(&mut [telling()]);
    assert!(!store.failing);
    assert_eq!(seqs(directory.path(), FILE), [1, 2]);
}

#[test]
fn a_disk_that_takes_events_again_gets_them_without_waiting_for_the_next() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut store = Store::open(directory.path(), 1 << 20).expect("writable");
    let full = OpenOptions::new().write(true).open("/dev/full");
    let good = std::mem::replace(&mut store.file, full.expect("there"));
    store.append(&mut [telling(), telling()]);
    assert_eq!((store.failing, store.synced()), (true, 0));
    store.file = good;
    store.append(&mut []);
    assert_eq!((store.synced(), store.failing), (2, false));
    assert_eq!(seqs(directory.path(), FILE), [1, 2]);
}

#[test]
fn a_rotation_that_got_half_way_is_finished_later() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut store = Store::open(directory.path(), 2).expect("writable");
    store.append(&mut [telling()]);
    let (file, old) = (directory.path().join(FILE), directory.path().join(OLD_FILE));
    fs::rename(file, old).expect("there");
    store.append(&mut [telling()]);
    assert!(!store.failing);
    assert_eq!(seqs(directory.path(), OLD_FILE), [1]);
    assert_eq!(seqs(directory.path(), FILE), [2]);
}

#[test]
fn the_newest_event_on_the_disk_is_known_at_once_and_later() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    for before in [0, 1] {
        let journal = Journal::open(directory.path(), 1 << 20).expect("writable");
        let synced = journal.synced();
        assert_eq!(*synced.borrow(), before);
        journal.tell(batch());
        journal.close();
        assert_eq!(*synced.borrow(), before + 1);
        assert!(synced.has_changed().is_err(), "closed with the journal");
    }
}
