use super::*;

fn at(ms: u64) -> Timestamp {
    Timestamp::from_ns(ms * 1_000_000).expect("not zero")
}

fn telling(kind: EventKind, seq: u64, peer: &str, voice: Voice) -> Telling {
    let record = Record {
        seq,
        peer: Some(peer.to_owned()),
        network: Some("Private".to_owned()),
        ..Record::plain(kind, "node-a", "Text.".to_owned(), Duration::ZERO)
    };
    Telling {
        company: 2,
        patience: Duration::from_millis(100),
        ..Telling::new(record, voice)
    }
}

fn lost(seq: u64, peer: &str) -> Telling {
    telling(EventKind::PathLost, seq, peer, Voice::Loud)
}

#[test]
fn a_network_lost_as_a_whole_is_one_line() {
    let mut announcer = Announcer::default();
    assert_eq!(announcer.take(at(1000), lost(7, "node-b")), []);
    let lines = announcer.take(at(1080), lost(8, "node-c"));
    assert_eq!(lines.len(), 1);
    assert!(
        lines[0]
            .1
            .contains("seq 7 to 8: network 'Private' is lost as a whole")
    );
    assert_eq!(announcer.deadline(), None);
    assert_eq!(announcer.due(at(9000)), []);
}

#[test]
fn a_loss_that_stays_alone_is_told_an_interval_later() {
    let mut announcer = Announcer::default();
    assert_eq!(announcer.take(at(1000), lost(7, "node-b")), []);
    assert_eq!(announcer.deadline(), Some(at(1200)));
    assert_eq!(announcer.due(at(1199)), []);
    let lines = announcer.due(at(1200));
    assert_eq!(
        lines,
        [(Level::Warn, "1123 PathLost seq 7: Text.".to_owned())]
    );
}

#[test]
fn what_follows_a_loss_is_told_after_it() {
    let mut announcer = Announcer::default();
    announcer.take(at(1000), lost(7, "node-b"));
    let back = telling(EventKind::PathRestored, 8, "node-b", Voice::Loud);
    let lines = announcer.take(at(1010), back);
    assert!(lines[0].1.starts_with("1123") && lines[1].1.starts_with("1122"));
    announcer.take(at(1020), lost(9, "node-b"));
    assert_eq!(announcer.finish().len(), 1);
}

#[test]
fn a_flapping_path_is_summarised_once_a_minute() {
    let mut announcer = Announcer::default();
    for seq in 1..=20 {
        let low = telling(EventKind::PathLost, seq, "node-b", Voice::Low);
        assert_eq!(announcer.take(at(1000 + seq), low), []);
    }
    assert_eq!(announcer.due(at(60_000)), []);
    let lines = announcer.due(at(61_001));
    assert_eq!(lines.len(), 1);
    assert!(
        lines[0].1.contains("20 more events, the last is seq 20"),
        "{}",
        lines[0].1
    );
}

#[test]
fn a_run_that_ends_leaves_nothing_unsaid() {
    let mut announcer = Announcer::default();
    assert_eq!(announcer.finish(), []);
    announcer.take(at(1000), lost(1, "node-c"));
    announcer.take(
        at(1001),
        telling(EventKind::PathLost, 2, "node-b", Voice::Low),
    );
    let lines = announcer.finish();
    assert_eq!(lines.len(), 2);
    assert!(lines[0].1.starts_with("1123 PathLost seq 1"));
    assert!(lines[1].1.contains("1 more events, the last is seq 2"));
    assert_eq!(announcer.finish(), []);
}
