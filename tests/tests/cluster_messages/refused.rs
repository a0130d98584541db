//! What is not delivered, and the sentence that says why.

use anyhow::{Result, ensure};
use heartbeat_tests::lab::cast::{A, B, C};
use heartbeat_tests::lab::plan::Plan;
use heartbeat_tests::lab::wait;
use heartbeat_tests::suite::{Test, in_agreed_lab, in_running_lab};

use crate::ground::{
    INTERVAL, LIMIT, deliver, deliver_to_member, long_text, plan, receive, refused, send,
};

pub const TESTS: &[Test] = &[
    (
        "a message to nobody, to oneself or without a key is refused as wrong usage",
        wrong,
    ),
    (
        "a node that is no member gets nothing, and the sender is told",
        not_member,
    ),
    (
        "an agent that is stopped does not answer, and the message may come all the same",
        unanswered,
    ),
    (
        "when no room is left new messages are refused, and none that was taken is lost",
        full,
    ),
];

fn wrong() -> Result<()> {
    in_agreed_lab(plan(), |lab| {
        refused(
            lab,
            A,
            "node-z",
            2,
            &["no node is called 'node-z'", "heartbeat status"],
        )?;
        refused(lab, A, "node-a", 2, &["node-a is this node"])?;
        let text = long_text(64 * 1024 + 1);
        let output = send(lab, A, "node-b", text.as_bytes())?;
        ensure!(output.status.code() == Some(2), "{:?}", output.status);
        deliver(lab, A, B, &text.as_bytes()[1..])
    })?;
    let open = Plan {
        authentication: false,
        ..plan()
    };
    in_running_lab(open, |lab| {
        refused(lab, A, "node-b", 2, &["authentication = \"off\""])
    })
}

fn not_member() -> Result<()> {
    in_agreed_lab(plan(), |lab| {
        deliver(lab, A, C, b"still here")?;
        lab.leave_agent(C)?;
        wait::until("node-c to be no member", LIMIT, || {
            let output = send(lab, A, "node-c", b"in vain")?;
            ensure!(output.status.code() == Some(4), "{:?}", output.status);
            let said = String::from_utf8_lossy(&output.stderr);
            Ok(said.contains("no member").then_some(()))
        })?;
        refused(
            lab,
            A,
            "node-c",
            4,
            &["not delivered: node-c is no member", "heartbeat status"],
        )?;
        deliver(lab, A, B, b"B is one")
    })
}

fn unanswered() -> Result<()> {
    in_agreed_lab(plan(), |lab| {
        lab.pause_agent(B)?;
        let told = refused(
            lab,
            A,
            "node-b",
            4,
            &["node-b did not say within 5 s", "may have come, or not"],
        );
        lab.resume_agent(B)?;
        told?;
        ensure!(receive(lab, B, 1)? == [("node-a".to_owned(), "in vain".to_owned())]);
        deliver_to_member(lab, A, B, b"at last")?;
        ensure!(receive(lab, B, 1)? == [("node-a".to_owned(), "at last".to_owned())]);
        Ok(())
    })
}

fn full() -> Result<()> {
    const MESSAGES: usize = 64;
    let plan = plan().timing(2 * INTERVAL, 3);
    in_agreed_lab(plan, |lab| {
        let text = long_text(64 * 1024 - 8);
        let message = |number: usize| format!("{number:08}{text}");
        for number in 0..MESSAGES {
            deliver(lab, A, B, message(number).as_bytes())?;
        }
        refused(
            lab,
            C,
            "node-b",
            4,
            &["node-b has no room", "heartbeat receive"],
        )?;
        let came = receive(lab, B, MESSAGES)?;
        for (number, (from, body)) in came.iter().enumerate() {
            ensure!(
                from == "node-a" && *body == message(number),
                "message {number} came as another from {from}"
            );
        }
        deliver(lab, C, B, b"room again")
    })
}
