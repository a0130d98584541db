//! Who may talk to an agent, and about what.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

use anyhow::{Result, ensure};
use heartbeat_tests::lab::Lab;
use heartbeat_tests::suite::{Test, in_lab, in_running_lab};

use crate::ground::{A, B, configure, plan, run, text};
use crate::people::{GROUP, NOBODY, run_as_nobody, start_agent_with_group};

pub const TESTS: &[Test] = &[
    (
        "whoever may not open the socket is told who he is and who may",
        kept_out_by_mode,
    ),
    (
        "whoever gets past the socket's mode is kept out by the kernel's word",
        kept_out_by_credentials,
    ),
    (
        "members of the group look, and root orders",
        members_and_root,
    ),
];

const ORDERS: [&[&str]; 5] = [
    &["reload"],
    &["leave"],
    &["send", "--to", "node-b"],
    &["maintenance", "on", "--for", "1h", "--why", "a test"],
    &["maintenance", "off"],
];

fn kept_out_by_mode() -> Result<()> {
    in_running_lab(plan(), |lab| {
        let mode = fs::metadata(lab.files().socket(A))?.mode() & 0o777;
        ensure!(mode == 0o660, "the socket's mode is {mode:o}");
        let output = run_as_nobody(lab, &lab.files().socket(A), &[], &["status"])?;
        refused(
            &output,
            &[
                "you are nobody (uid 65534)",
                "members of the group heartbeat-ebpf",
                "sudo",
            ],
        )
    })
}

fn kept_out_by_credentials() -> Result<()> {
    in_running_lab(plan(), |lab| {
        let socket = lab.files().socket(A);
        fs::set_permissions(&socket, Permissions::from_mode(0o666))?;
        let looks: [&[&str]; 3] = [&["status"], &["events"], &["maintenance", "show"]];
        for command in looks.iter().chain(&ORDERS) {
            let output = run_as_nobody(lab, &socket, &[], command)?;
            refused(
                &output,
                &[
                    "you are nobody (uid 65534, process",
                    "only root and members of the group",
                ],
            )?;
        }
        // A witness that the socket was open: the same as root.
        let output = run(lab, &["status"])?;
        ensure!(output.status.code() == Some(0), "{}", text(&output.stderr));
        lab.check_agents()
    })
}

fn members_and_root() -> Result<()> {
    in_lab(plan(), |lab| {
        configure(lab, "")?;
        let mut agent = start_agent_with_group(lab, A)?;
        let socket = fs::metadata(lab.files().socket(A))?;
        ensure!(
            (socket.mode() & 0o777, socket.gid()) == (0o660, GROUP),
            "the socket is {:o} of group {}",
            socket.mode(),
            socket.gid()
        );
        look_as_member(lab)?;
        for order in ORDERS {
            let output = as_member(lab, order)?;
            refused(
                &output,
                &[
                    "you are nobody (uid 65534, process",
                    &format!("`heartbeat {}` is for root", order[0]),
                ],
            )?;
        }
        agent.check_running()?;
        let reload = run(lab, &["reload"])?;
        ensure!(
            !text(&reload.stderr).contains("is for root"),
            "root is taken for somebody else: {}",
            text(&reload.stderr)
        );
        Ok(())
    })
}

fn look_as_member(lab: &Lab) -> Result<()> {
    let status = as_member(lab, &["status", "--brief"])?;
    ensure!(
        text(&status.stdout)
            == format!("node-a: 0 of 2 paths up, {B} never heard, node-c never heard\n"),
        "{} {}",
        text(&status.stdout),
        text(&status.stderr)
    );
    ensure!(status.status.code() == Some(1), "{:?}", status.status);
    let events = as_member(lab, &["events"])?;
    ensure!(
        events.status.success() && text(&events.stderr) == "no events yet\n",
        "{}",
        text(&events.stderr)
    );
    let maintenance = as_member(lab, &["maintenance", "show"])?;
    ensure!(
        text(&maintenance.stdout) == "no maintenance\n",
        "{}",
        text(&maintenance.stderr)
    );
    Ok(())
}

fn as_member(lab: &Lab, arguments: &[&str]) -> Result<std::process::Output> {
    run_as_nobody(lab, &lab.files().socket(A), &[NOBODY, GROUP], arguments)
}

fn refused(output: &std::process::Output, words: &[&str]) -> Result<()> {
    let said = text(&output.stderr);
    ensure!(
        output.status.code() == Some(2),
        "ended with {:?}: {said}",
        output.status
    );
    ensure!(output.stdout.is_empty(), "{}", text(&output.stdout));
    for word in words {
        ensure!(said.contains(word), "{said:?} does not say {word:?}");
    }
    Ok(())
}
