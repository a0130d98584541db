use super::*;

const NOON: SystemTime = SystemTime::UNIX_EPOCH;

fn line(seq: u64, id: u32, peer: &str, network: &str, more: &str) -> Line {
    let text = format!(
        r#"{{"seq":{seq},"time":"2026-11-22T12:04:17.154000Z","id":{id},"name":"Name","observer":"node-a","peer":"{peer}","network":"{network}","message":"It happened.",{more}}}"#
    );
    Line::parse(&text).expect("an event")
}

fn lost(seq: u64, peer: &str, network: &str) -> Line {
    line(
        seq,
        1123,
        peer,
        network,
        r#""cause":"lost on the way","evidence":{"missed":2,"last_arrival_ns":1000000000,"deadline_ns":3550000000,"judged_ns":3550200000,"class":"lost-to-us","certainty":"likely","findings":{"silence_ns":2550000000,"interval_ns":1200000000,"detection_ns":2550000000,"echo":"unanswered","unanswered":0,"elsewhere":{"heard":1,"silent":0,"answering":0,"idle":0,"unanswered":0},"company":{"heard":1,"silent":0},"own":{"absent_ns":0,"interface_down_ns":0,"late_ns":100000,"sender_late_ns":0,"waited_ns":0,"paused_ns":0,"dropped":0,"unsent":0,"refused":0},"peer_interface":"sound","views":{"hear_peer":1,"miss_peer":0,"hear_us":1,"miss_us":0}},"trail":[[100,1,7,0],[500000000,2,8,0],[1000000000,3,9,4]]}"#,
    )
}

fn restored(seq: u64, blip: bool) -> Line {
    let more = format!(
        r#""cause":"lost on the way, 'node-c' to 'node-a' only","evidence":{{"arrival_ns":4000000000,"outage_ns":3000000000,"blip":{blip},"judged_ns":4000000000,"class":"lost-to-us","certainty":"sure"}}"#
    );
    line(seq, 1122, "node-c", "Private Network", &more)
}

fn advice_of(lines: &[Line]) -> String {
    advice::of(&Case::of(lines, 0, NOON))
}

#[test]
fn the_newest_that_fits_is_explained_and_a_number_takes_any() {
    let lines = [
        lost(1, "node-b", "Public Network"),
        lost(2, "node-c", "Private Network"),
        line(3, 1135, "node-c", "", r#""evidence":{}"#),
    ];
    let find = |wanted: Wanted| find(&lines, &wanted);
    assert_eq!(find(Wanted::default()), Some(1));
    let by_key = Wanted {
        network: Some("public".to_owned()),
        ..Wanted::default()
    };
    assert_eq!(find(by_key), Some(0));
    let by_number = Wanted {
        seq: Some(3),
        ..Wanted::default()
    };
    assert_eq!(find(by_number), Some(2));
    let nobody = Wanted {
        peer: Some("node-x".to_owned()),
        ..Wanted::default()
    };
    assert_eq!(find(nobody.clone()), None);
    assert!(nothing(&lines, &nobody).contains("events 1 to 3 are kept"));
}

#[test]
fn what_goes_on_or_led_to_a_verdict_is_to_be_acted_on_and_a_blip_to_be_ignored() {
    let loss = || lost(1, "node-c", "Private Network");
    assert!(advice_of(&[loss()]).contains("goes on"));
    let failed = line(2, 1127, "node-c", "Private Network", r#""evidence":{}"#);
    let verdict = advice_of(&[loss(), failed, restored(3, true)]);
    assert!(verdict.starts_with("act: 1127"), "{verdict}");
    assert!(advice_of(&[loss(), restored(2, true)]).starts_with("ignore"));
    assert!(advice_of(&[loss(), restored(2, false)]).starts_with("watch"));
}

#[test]
fn the_screen_has_the_arithmetic_of_the_deadline_and_what_was_found() {
    let lines = [lost(1, "node-c", "Private Network")];
    let sheet = sheet::of(&Case::of(&lines, 0, NOON));
    for part in [
        "1123 Name  node-c on Private Network, seen by node-a",
        "CAUSE        lost on the way",
        "12:04:14.603 last arrival seq 9, its loop 4 ms old",
        "deadline     2.55 s after it; judged 0.2 ms later; own lateness 0.1 ms",
        "AGAINST      node-c was heard on 1 other network(s)",
        "UNKNOWN",
        "NEXT         heartbeat diagnose --peer node-c --network \"Private Network\"",
    ] {
        assert!(sheet.contains(part), "{part} is missing in\n{sheet}");
    }
    assert!(
        sheet.lines().all(|line| line.chars().count() <= 100),
        "{sheet}"
    );
}
