//! Which way a message takes, and that it comes once and whole.

use anyhow::{Context as _, Result, ensure};
use heartbeat_tests::lab::cast::{A, B, C, PRIVATE, PUBLIC};
use heartbeat_tests::lab::cut::Deaf;
use heartbeat_tests::suite::{Test, in_agreed_lab};

use crate::ground::{Attached, Receiver, deliver, frames, long_text, plan, receive};

pub const TESTS: &[Test] = &[
    (
        "a long message goes in pieces over the preferred network and comes whole",
        long,
    ),
    (
        "the network of a stream of messages is cut, and the next ones take the other",
        cut,
    ),
    (
        "everybody who receives gets each message, and what comes before waits",
        everybody,
    ),
];

/// Bytes of a long message, and datagrams that it takes at the least.
const LONG: usize = 60 * 1024;
const PIECES: f64 = 50.0;

fn long() -> Result<()> {
    in_agreed_lab(plan(), |lab| {
        let text = long_text(LONG);
        let before = [frames(lab, B, PRIVATE)?, frames(lab, B, PUBLIC)?];
        deliver(lab, A, B, text.as_bytes())?;
        let private = frames(lab, B, PRIVATE)? - before[0];
        let public = frames(lab, B, PUBLIC)? - before[1];
        ensure!(
            PIECES <= private && public < PIECES,
            "{private} datagrams came by the preferred network, {public} by the other"
        );
        ensure!(receive(lab, B, 1)? == [("node-a".to_owned(), text)]);
        Ok(())
    })
}

fn cut() -> Result<()> {
    const BEFORE: usize = 5;
    const MESSAGES: usize = 25;
    in_agreed_lab(plan(), |lab| {
        let receiver = Receiver::start(lab, B, "stream", MESSAGES)?;
        let mut fault = None;
        for number in 0..MESSAGES {
            if number == BEFORE {
                fault = Some(lab.cut(&[A], &[B], Deaf::Both, [PRIVATE])?);
            }
            deliver(lab, A, B, format!("message {number}").as_bytes())?;
        }
        let came = receiver.wait_for_end()?;
        let sent: Vec<_> = (0..MESSAGES)
            .map(|number| ("node-a".to_owned(), format!("message {number}")))
            .collect();
        ensure!(came == sent, "{came:?}");
        let healed = fault.context("nothing was cut")?.heal()?;
        ensure!(0 < healed.dropped, "the switch dropped nothing");
        Ok(())
    })
}

fn everybody() -> Result<()> {
    in_agreed_lab(plan(), |lab| {
        deliver(lab, A, B, b"early")?;
        let (mut one, waiting) = Attached::to(lab, B)?;
        ensure!(waiting == 1, "{waiting} messages waited");
        ensure!(one.next()? == ("node-a".to_owned(), "early".to_owned()));
        let (mut two, waiting) = Attached::to(lab, B)?;
        ensure!(waiting == 0, "{waiting} messages were handed out again");
        deliver(lab, C, B, b"late")?;
        let late = ("node-c".to_owned(), "late".to_owned());
        ensure!(one.next()? == late && two.next()? == late);
        Ok(())
    })
}
