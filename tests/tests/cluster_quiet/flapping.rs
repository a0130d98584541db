//! A path that is lost again and again.

use anyhow::{Result, ensure};
use heartbeat_tests::lab::event::{PATH_FLAPPING, PATH_LOST, PATH_RESTORED};
use heartbeat_tests::lab::feed::Feed;
use heartbeat_tests::lab::{Lab, interrupt};
use heartbeat_tests::suite::{Test, in_running_lab};

use super::{A, B, C, LIMIT, PRIVATE, QUIET, log_length, log_since, lose_once, losses_told, plan};

pub const TESTS: &[Test] = &[(
    "a path that is lost five times is called flapping once, and further losses are recorded without a line each",
    flapping,
)];

/// So many losses of a path within ten minutes are flapping.
const FLAPS: usize = 5;
/// And more of them, which are told in a low voice.
const MORE: usize = 4;

fn flapping() -> Result<()> {
    in_running_lab(plan(), |lab| {
        let mut feed = Feed::from_now(lab)?;
        let mark = log_length(lab, A)?;
        for _ in 0..FLAPS - 1 {
            lose_once(lab, &mut feed, B, A, PRIVATE)?;
        }
        interrupt::sleep(QUIET)?;
        feed.read()?;
        ensure!(
            feed.said(A, PATH_FLAPPING, B).count() == 0,
            "four losses are called flapping"
        );
        let single = losses_told(&log_since(lab, A, mark)?, "'node-b'");
        ensure!(
            single == FLAPS - 1,
            "{single} lines tell of {} losses",
            FLAPS - 1
        );
        lose_once(lab, &mut feed, B, A, PRIVATE)?;
        let told = feed.wait_for_event(A, PATH_FLAPPING, B, LIMIT)?;
        ensure!(
            told.severity == "warning" && told.network.as_deref() == Some("Private Network"),
            "{told} is {}",
            told.severity
        );
        flaps_on(lab, &mut feed)
    })
}

/// More losses of the flapping path, and one of another.
fn flaps_on(lab: &Lab, feed: &mut Feed) -> Result<()> {
    interrupt::sleep(QUIET)?;
    let mark = log_length(lab, A)?;
    for _ in 0..MORE {
        lose_once(lab, feed, B, A, PRIVATE)?;
    }
    lose_once(lab, feed, C, A, PRIVATE)?;
    interrupt::sleep(QUIET)?;
    feed.read()?;
    let flapping = lab.plan().path(A, B, PRIVATE);
    for id in [PATH_LOST, PATH_RESTORED] {
        let kept = feed.about(&flapping, id).count();
        ensure!(
            kept == FLAPS + MORE,
            "{kept} records of {id} for {} losses",
            FLAPS + MORE
        );
    }
    let log = log_since(lab, A, mark)?;
    let told = losses_told(&log, "'node-b'");
    ensure!(
        told == 0,
        "{told} lines tell of single losses of a flapping path:\n{log}"
    );
    ensure!(
        losses_told(&log, "'node-c'") == 1,
        "the loss of another path is not told:\n{log}"
    );
    let flapping = feed.said(A, PATH_FLAPPING, B).count();
    ensure!(flapping == 1, "it was called flapping {flapping} times");
    let others = feed
        .events()
        .iter()
        .filter(|event| event.id == PATH_FLAPPING);
    ensure!(others.count() == 1, "another path is called flapping");
    Ok(())
}
