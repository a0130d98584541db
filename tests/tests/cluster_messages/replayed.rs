//! Recordings of messages, played again.

use std::time::Duration;

use anyhow::{Result, ensure};
use heartbeat_ebpf::wire::Kind;
use heartbeat_tests::lab::Lab;
use heartbeat_tests::lab::cast::{A, B, PRIVATE};
use heartbeat_tests::lab::recording::{Recorder, Recording};
use heartbeat_tests::lab::wait;
use heartbeat_tests::suite::{Test, in_agreed_lab};

use crate::ground::{LIMIT, datagrams, deliver, deliver_to_member, plan, receive};

pub const TESTS: &[Test] = &[
    (
        "a recording of messages is counted and delivers nothing twice",
        same_run,
    ),
    (
        "a recording is for the run of its receiver that it was sent to",
        next_run,
    ),
];

const PACE: Duration = Duration::from_millis(1);
const MESSAGES: [&str; 3] = ["one", "two", "three"];

/// Records while messages go from node-a to node-b, which receives them.
fn record(lab: &Lab) -> Result<Recording> {
    let recorder = Recorder::listen(lab.switch(PRIVATE), A, B)?;
    for message in MESSAGES {
        deliver(lab, A, B, message.as_bytes())?;
    }
    let recording = recorder.end()?;
    let recorded = recording.count(Kind::Message);
    ensure!(MESSAGES.len() <= recorded, "{recorded} messages recorded");
    let came = receive(lab, B, MESSAGES.len())?;
    let sent = MESSAGES.map(|message| ("node-a".to_owned(), message.to_owned()));
    ensure!(came == sent, "{came:?}");
    Ok(recording)
}

/// Plays a recording, waits until all its messages were refused so, and shows that none came to anybody.
fn play(lab: &Lab, recording: &Recording, verdicts: &[&str]) -> Result<()> {
    let count = || -> Result<f64> {
        let counts = verdicts.iter().map(|verdict| datagrams(lab, B, verdict));
        counts.sum()
    };
    let before = count()?;
    recording.play(lab.switch(PRIVATE), PACE)?;
    let expected = recording.count(Kind::Message) as f64;
    wait::until("all messages of the recording to be refused", LIMIT, || {
        Ok((before + expected <= count()?).then_some(()))
    })?;
    deliver_to_member(lab, A, B, b"after it")?;
    let came = receive(lab, B, 1)?;
    ensure!(
        came == [("node-a".to_owned(), "after it".to_owned())],
        "{came:?}"
    );
    Ok(())
}

fn same_run() -> Result<()> {
    in_agreed_lab(plan(), |lab| {
        let recording = record(lab)?;
        play(lab, &recording, &["duplicate", "replay"])
    })
}

fn next_run() -> Result<()> {
    in_agreed_lab(plan(), |lab| {
        let recording = record(lab)?;
        lab.restart_agent(B)?;
        lab.wait_all_up()?;
        play(lab, &recording, &["other_run"])
    })
}
