use std::time::Duration;

use std::fs;

use expect_test::expect;
use heartbeat_core::node::Pause;

use crate::recording::samples::{Recorded, Sample, TEXT, replayed};

/// A recording of one input, with this in its place.
fn with(line: &str) -> String {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("recording");
    let mut recorded = Recorded::new(&file);
    recorded.tell(1, &Sample::Paused(Pause::Suspended, Duration::from_secs(1)));
    recorded.close();
    let text = fs::read_to_string(&file).expect("the file");
    let paused = r#"{"paused":{"by":"suspended","ahead":1000000000}}"#;
    assert!(text.contains(paused), "{text}");
    said(&text.replace(paused, line))
}

fn said(text: &str) -> String {
    match replayed(text.as_bytes()) {
        Ok((replay, _, ending)) => format!("{ending:?} after {} inputs", replay.inputs()),
        Err(error) => format!("{error:#}"),
    }
}

#[test]
fn what_no_agent_has_told_its_core_is_refused() {
    let facts = r#"{"path":4,"lost":0,"reordered":0,"duplicates":0,"incarnation":3,"armed":false,"armed_for_candidate":true}"#;
    let arrival = format!(r#"{{"place":0,"heard":[7,0,1,1,1,0],"facts":{facts}}}"#);
    let lines = [
        r#"{"paused":{"by":"suspended","ahead":1000000000}}"#.to_owned(),
        format!(r#"{{"sweep":{{"count":1,"arrivals":[{arrival}]}}}}"#),
        r#"{"sweep":{"gaps":[{"path":4,"start":1,"end":2,"arrivals":3,"before":[1,2,3,0],"after":[1,3,4,0]}]}}"#.to_owned(),
        r#"{"sweep":{"gaps":[{"path":0,"start":2,"end":2,"arrivals":3,"before":[1,2,3,0],"after":[1,3,4,0]}]}}"#.to_owned(),
        r#"{"soundness":{"network":2,"state":"sound"}}"#.to_owned(),
        r#"{"message":{"from":0,"incarnation":1,"bytes":""}}"#.to_owned(),
        r#"{"message":{"from":9,"incarnation":1,"bytes":""}}"#.to_owned(),
        r#"{"message":{"from":2,"incarnation":1,"bytes":"0x"}}"#.to_owned(),
        r#"{"message":{"from":2,"incarnation":1,"bytes":"000"}}"#.to_owned(),
        r#"{"message":{"from":2,"incarnation":1,"bytes":"00"}}"#.to_owned(),
    ];
    expect![[r#"
        Said(Stopped) after 1 inputs
        line 2: path 4 of 4, counted from 0
        line 2: path 4 of 4, counted from 0
        line 2: a gap that does not end after it began
        line 2: network 2 of 2, counted from 0
        line 2: a message of a node that is not configured
        line 2: a message of a node that is not configured
        line 2: a message that cannot be read
        line 2: a message that cannot be read
        line 2: a message that cannot be read"#]]
    .assert_eq(&lines.map(|line| with(&line)).join("\n"));
}

#[test]
fn a_configuration_with_a_mistake_or_without_the_node_is_refused() {
    let json = |text: &str| serde_json::to_string(text).expect("JSON");
    let configure = |text: &str| with(&format!(r#"{{"configure":{{"text":{}}}}}"#, json(text)));
    let without_node_a = TEXT.replace("id = 1\n# Literal", "id = 9\n# Literal");
    assert_eq!(configure(TEXT), "Said(Stopped) after 1 inputs");
    let mistaken = configure(&TEXT.replace("[membership]", "[members]"));
    assert!(
        mistaken.starts_with("line 2: recorded configuration:")
            && mistaken.contains(": members: unknown key"),
        "{mistaken}"
    );
    assert_eq!(
        configure(&without_node_a),
        "line 2: node 1 is not in its own configuration"
    );
}
