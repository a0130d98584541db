//! The command line itself: every command explains itself, and nothing that one may type makes it panic.

use std::process::Command;

use anyhow::{Result, ensure};
use heartbeat_tests::lab::binary;
use heartbeat_tests::suite::Test;

use crate::ground::text;

pub const TESTS: &[Test] = &[
    ("every command's help has an example", examples),
    (
        "wrong usage ends with 2 and says what is right",
        wrong_usage,
    ),
    (
        "an agent that is not there is told by 3, with what to do",
        no_agent,
    ),
];

const COMMANDS: [&[&str]; 13] = [
    &["check"],
    &["run"],
    &["status"],
    &["events"],
    &["diagnose"],
    &["reload"],
    &["leave"],
    &["maintenance", "on"],
    &["maintenance", "off"],
    &["maintenance", "show"],
    &["key", "generate"],
    &["detach"],
    &[],
];

fn examples() -> Result<()> {
    for command in COMMANDS.iter().filter(|command| !command.is_empty()) {
        let output = Command::new(binary::find()?)
            .args(*command)
            .arg("--help")
            .output()?;
        let help = text(&output.stdout);
        let first = format!("heartbeat {}", command.join(" "));
        ensure!(
            output.status.success() && help.contains("Example") && help.contains(&first),
            "{help}"
        );
    }
    Ok(())
}

fn wrong_usage() -> Result<()> {
    let cases: [(&[&str], &str); 14] = [
        (&["dance"], "unrecognized"),
        (&["status", "--json", "--brief"], "cannot be used with"),
        (&["status", "--watch", "--json"], "cannot be used with"),
        (&["status", "--watch"], "heartbeat events --follow"),
        (&["events", "--since", "yesterday"], "2026-11-22"),
        (&["events", "--since", ""], "10m"),
        (&["events", "--cursor", "/"], "not the name of a file"),
        (&["events", "--cursor", "/dev/null/x"], "/dev/null/x"),
        (&["events", "--exec"], "value is required"),
        (&["maintenance", "on"], "--for"),
        (&["maintenance", "on", "--for", "1h"], "--why"),
        (&["maintenance", "on", "--for", "99d", "--why", "x"], "30d"),
        (
            &["maintenance", "on", "--for", "\u{fffd}", "--why", "x"],
            "30d",
        ),
        (
            &["status", "--socket", &"x".repeat(200)],
            "name of a socket",
        ),
    ];
    for (arguments, hint) in cases {
        let output = Command::new(binary::find()?).args(arguments).output()?;
        let said = text(&output.stderr);
        ensure!(
            output.status.code() == Some(2) && said.contains(hint) && !said.contains("panicked"),
            "heartbeat {arguments:?} ended with {:?}: {said}",
            output.status
        );
    }
    Ok(())
}

fn no_agent() -> Result<()> {
    let commands: [&[&str]; 6] = [
        &["status"],
        &["events"],
        &["reload"],
        &["leave"],
        &["maintenance", "show"],
        &["maintenance", "off"],
    ];
    for command in commands {
        let output = Command::new(binary::find()?)
            .args(command)
            .args(["--socket", "/nonexistent/heartbeat.sock"])
            .output()?;
        let said = text(&output.stderr);
        ensure!(
            output.status.code() == Some(3) && said.contains("heartbeat run"),
            "heartbeat {command:?} ended with {:?}: {said}",
            output.status
        );
    }
    Ok(())
}
