//! The two hooks, with the events and the status of a real agent.
//!
//! Pacemaker does not run in a lab: what stands for `attrd_updater` writes down how it was called, and nothing else is
//! stood in for.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use heartbeat_tests::lab::cast::{A, B, PRIVATE};
use heartbeat_tests::lab::feed::Feed;
use heartbeat_tests::lab::transcript::Expected;
use heartbeat_tests::lab::{Lab, binary};
use heartbeat_tests::suite::{Test, in_agreed_lab, in_running_lab};

use super::{LIMIT, plan, share};

pub const TESTS: &[Test] = &[
    (
        "Pacemaker's attribute follows the number of paths that are up",
        pacemaker,
    ),
    (
        "keepalived's track script fails while a path is lost, and not for want of an agent",
        keepalived,
    ),
];

/// A folder of programs that a hook finds first: the agent of this lab, and a recorder.
fn programs(lab: &Lab) -> Result<PathBuf> {
    let folder = lab.name().directory().join("programs");
    fs::create_dir_all(&folder)?;
    let socket = lab.files().socket(A);
    let agent = format!(
        "exec {} \"$@\" --socket {}",
        binary::find()?.display(),
        socket.display()
    );
    program(&folder.join("heartbeat"), &agent)?;
    let recorder = format!("echo \"$*\" >> {}", folder.join("recorded").display());
    program(&folder.join("attrd_updater"), &recorder)?;
    Ok(folder)
}

fn program(place: &Path, line: &str) -> Result<()> {
    fs::write(place, format!("#!/bin/sh\n{line}\n"))?;
    fs::set_permissions(place, Permissions::from_mode(0o755)).context("make a program")
}

fn path(folder: &Path) -> String {
    format!("{}:/usr/sbin:/usr/bin:/sbin:/bin", folder.display())
}

fn pacemaker() -> Result<()> {
    in_agreed_lab(plan(), |lab| {
        let folder = programs(lab)?;
        let recorded = |lab: &Lab| -> Result<Vec<String>> {
            let hook = share("hooks/pacemaker-attribute");
            let output = lab
                .heartbeat(A)?
                .args(["events", "--socket"])
                .arg(lab.files().socket(A))
                .arg("--cursor")
                .arg(folder.join("cursor"))
                .arg("--exec")
                .arg(hook)
                .env("PATH", path(&folder))
                .output()?;
            let said = String::from_utf8_lossy(&output.stderr);
            ensure!(output.status.success() && said.is_empty(), "{said}");
            let text = fs::read_to_string(folder.join("recorded")).unwrap_or_default();
            Ok(text.lines().map(str::to_owned).collect())
        };
        let call = |up| format!("--name heartbeat-paths-up --update {up} --delay 5s");
        let first = recorded(lab)?;
        ensure!(first == [call(1)], "{first:?}");
        let mut feed = Feed::from_now(lab)?;
        let to_b = lab.plan().path(A, B, PRIVATE);
        let fault = lab.drop_between(B, A, PRIVATE)?;
        feed.wait_for(&Expected::lost([to_b]), LIMIT)?;
        let second = recorded(lab)?;
        ensure!(second == [call(1), call(0)], "{second:?}");
        fault.heal()?;
        Ok(())
    })
}

fn keepalived() -> Result<()> {
    in_running_lab(plan(), |lab| {
        let folder = programs(lab)?;
        let tracked = |lab: &Lab, least: &str| -> Result<Option<i32>> {
            let mut script = lab.node(A).command(share("hooks/keepalived-track"))?;
            let output = script.arg(least).env("PATH", path(&folder)).output()?;
            let said = String::from_utf8_lossy(&output.stderr);
            ensure!(said.is_empty(), "{said}");
            Ok(output.status.code())
        };
        ensure!(tracked(lab, "1")? == Some(0), "it fails while all is well");
        let mut feed = Feed::from_now(lab)?;
        let to_b = lab.plan().path(A, B, PRIVATE);
        let fault = lab.drop_between(B, A, PRIVATE)?;
        feed.wait_for(&Expected::lost([to_b]), LIMIT)?;
        ensure!(
            tracked(lab, "1")? == Some(1),
            "the only path is lost, and it does not fail"
        );
        ensure!(
            tracked(lab, "0")? == Some(0),
            "no path is asked for, and it fails"
        );
        fault.heal()?;
        lab.stop_agent(A)?;
        ensure!(
            tracked(lab, "1")? == Some(0),
            "it fails for want of an agent"
        );
        Ok(())
    })
}
