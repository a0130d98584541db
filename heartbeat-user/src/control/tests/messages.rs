use std::io::{BufRead as _, BufReader};

use super::*;
use crate::message::inbox::Arrived;
use crate::message::parcel::BODY_MAX;

fn put(served: &Served, words: &[&str]) {
    for word in words {
        let parcel = Arrived {
            from: "node-b".to_owned(),
            at: Duration::ZERO,
            body: word.as_bytes().to_vec(),
        };
        served.inbox.put(parcel).expect("room");
    }
}

fn receive(served: &Served, count: u64) -> BufReader<Client> {
    let mut client = served.connect();
    let request = format!("{{\"command\":\"receive\",\"count\":{count}}}\n");
    client.write_all(request.as_bytes()).expect("read");
    BufReader::new(client)
}

fn line(client: &mut BufReader<Client>) -> String {
    let mut line = String::new();
    client.read_line(&mut line).expect("an answer in time");
    line
}

fn message(body: &str) -> String {
    format!(
        "{{\"from\":\"node-b\",\"time\":\"1970-01-01T00:00:00.000000Z\",\"body\":\"{body}\"}}\n"
    )
}

#[test]
fn what_is_sent_is_answered_by_what_became_of_it() {
    let served = Served::start(refuse);
    for (request, expected) in [
        (
            r#"{"command":"send","to":"node-b","body":"hello"}"#,
            "{\"line\":\"node-b has it\"}\n{\"done\":1}\n",
        ),
        (
            r#"{"command":"send","to":"node-c","base64":"/wA="}"#,
            "{\"undelivered\":\"node-c says nothing\"}\n",
        ),
        (
            r#"{"command":"send","to":"node-z","body":""}"#,
            "{\"error\":\"no node is called so\"}\n",
        ),
    ] {
        assert_eq!(served.ask(format!("{request}\n").as_bytes()), expected);
    }
    let neither = served.ask(b"{\"command\":\"send\",\"to\":\"node-b\"}\n");
    assert!(neither.contains("\\\"base64\\\""), "{neither}");
    assert_eq!(
        served.stop(),
        [
            "to node-b: 5 bytes",
            "to node-c: 2 bytes",
            "to node-z: 0 bytes"
        ]
    );
}

#[test]
fn the_longest_message_fits_a_request() {
    let served = Served::start(refuse);
    let body = encode(&vec![0xff; BODY_MAX]);
    let request = format!("{{\"command\":\"send\",\"to\":\"node-b\",\"base64\":\"{body}\"}}\n");
    let answer = served.ask(request.as_bytes());
    assert!(answer.contains("\"done\""), "{answer}");
    assert_eq!(served.stop(), [format!("to node-b: {BODY_MAX} bytes")]);
}

#[test]
fn messages_wait_for_whoever_receives_and_no_more_are_handed_out_than_wanted() {
    let served = Served::start(refuse);
    put(&served, &["one", "two", "three"]);
    let mut first = receive(&served, 2);
    assert!(line(&mut first).starts_with("{\"receiving\":"));
    assert_eq!(line(&mut first), message("one"));
    assert_eq!(line(&mut first), message("two"));
    assert_eq!(line(&mut first), "{\"done\":2}\n");
    assert_eq!(line(&mut first), "");
    let mut second = receive(&served, 2);
    assert!(line(&mut second).starts_with("{\"receiving\":"));
    assert_eq!(line(&mut second), message("three"));
    put(&served, &["four"]);
    assert_eq!(line(&mut second), message("four"));
    assert_eq!(line(&mut second), "{\"done\":2}\n");
    assert_eq!(served.inbox.waiting(), 0);
}

#[test]
fn everybody_who_receives_gets_each_message_and_is_told_nothing_at_the_end() {
    let served = Served::start(refuse);
    let mut receivers = [receive(&served, 9), receive(&served, 9)];
    for receiver in &mut receivers {
        assert_eq!(line(receiver), "{\"receiving\":0}\n");
    }
    put(&served, &["one"]);
    for receiver in &mut receivers {
        assert_eq!(line(receiver), message("one"));
    }
    served.stop();
    for receiver in &mut receivers {
        assert_eq!(line(receiver), "", "the answer is not complete");
    }
}

#[test]
fn what_nobody_reads_stays_and_bars_no_other_way() {
    let served = Served::start(refuse);
    let long = "x".repeat(BODY_MAX);
    let mut stuck = receive(&served, 99);
    assert_eq!(line(&mut stuck), "{\"receiving\":0}\n");
    put(&served, &[long.as_str(); 20]);
    let mut quick = receive(&served, 20);
    let waiting = line(&mut quick);
    assert!(waiting.starts_with("{\"receiving\":"), "{waiting}");
    drop(stuck);
    let left = served.ask(STATUS);
    assert!(left.contains("\"paths\""), "{left}");
    drop(quick);
    assert!(0 < served.inbox.waiting(), "somebody read all of them");
}
