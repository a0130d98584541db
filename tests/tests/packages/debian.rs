//! The Debian package: judged, installed, upgraded under a running agent, removed and purged.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use heartbeat_tests::hosts::debian::done;
use heartbeat_tests::lab::cast::{A, B};
use heartbeat_tests::lab::event::{AGENT_RESTARTING, NODE_LEFT, PATH_LOST};
use heartbeat_tests::lab::feed::Feed;
use heartbeat_tests::lab::objects::Objects;
use heartbeat_tests::lab::requirements::is_installed;
use heartbeat_tests::lab::{Lab, wait};
use heartbeat_tests::suite::{NotInstalled, Test, in_lab};

use super::books::Books;
use super::root::{Root, package};
use super::{LIMIT, plan};

pub const TESTS: &[Test] = &[
    ("lintian finds no error and nothing to warn of", lintian),
    ("two builds of one commit are the same bytes", reproducible),
    (
        "an installed agent runs as its unit says, is upgraded without a lost arrival, and is removed without a trace",
        life,
    ),
];

fn lintian() -> Result<()> {
    if !is_installed("lintian") {
        return Err(NotInstalled("lintian").into());
    }
    let mut judge = Command::new("lintian");
    judge.args([
        "--allow-root",
        "--fail-on",
        "error,warning",
        "--tag-display-limit",
        "0",
    ]);
    done(judge.arg(package(1)?)).map(drop)
}

fn reproducible() -> Result<()> {
    let first = fs::read(package(1)?)?;
    ensure!(first == fs::read(package(1)?)?, "they differ");
    Ok(())
}

fn life() -> Result<()> {
    let (old, new) = (package(1)?, package(2)?);
    let root = Root::make()?;
    install(&root, &old)?;
    in_lab(plan(), |lab| {
        lab.write_missing_files()?;
        root.give_lab(lab)?;
        for node in [A, B] {
            lab.start_agent_with(node, &root.agent(lab, node)?)?;
        }
        lab.wait_all_up()?;
        upgraded(lab, &root, &new)?;
        removed(lab, &root)
    })?;
    purged(&root)
}

/// As dpkg does it, without what the package depends on but what the root has.
fn install(root: &Root, package: &Path) -> Result<()> {
    let there = root.path("tmp/heartbeat-ebpf.deb");
    fs::copy(package, &there)?;
    root.run(&["dpkg", "--install", "/tmp/heartbeat-ebpf.deb"])?;
    let said = root.run(&["dpkg", "--verify", "heartbeat-ebpf"])?;
    ensure!(said.is_empty(), "{said}");
    Ok(())
}

fn upgraded(lab: &mut Lab, root: &Root, new: &Path) -> Result<()> {
    let (books, before) = (Books::open(lab, A)?, Objects::of(lab, A)?);
    let mut feed = Feed::from_now(lab)?;
    install(root, new)?;
    let version = root.run(&[
        "dpkg-query",
        "--show",
        "--showformat=${Version}",
        "heartbeat-ebpf",
    ])?;
    ensure!(version.ends_with("-2"), "{version}");
    // What `try-restart` does, which the package asks for where a service manager runs.
    lab.stop_agent(A)?;
    lab.start_agent_with(A, &root.agent(lab, A)?)?;
    lab.wait_all_up_again()?;
    let arrived = books.close(lab)?;
    ensure!(0.0 < arrived, "nothing arrived");
    let after = Objects::of(lab, A)?;
    let links = |objects: &Objects| -> Vec<(String, u32)> {
        let links = objects.attachments.iter();
        links.map(|(name, at)| (name.clone(), at.link)).collect()
    };
    // The maps of keys and of traces are each program's own.
    let kept = before.maps.intersection(&after.maps).count();
    ensure!(
        links(&before) == links(&after) && 0 < kept,
        "{before:?}\n{after:?}"
    );
    feed.read()?;
    let count = |id| feed.events().iter().filter(|event| event.id == id).count();
    ensure!(count(AGENT_RESTARTING) == 1, "{:?}", feed.events());
    ensure!(count(PATH_LOST) == 0, "{:?}", feed.events());
    println!("{arrived} heartbeats arrived during the upgrade, and none was lost");
    Ok(())
}

fn removed(lab: &mut Lab, root: &Root) -> Result<()> {
    let objects = Objects::of(lab, A)?;
    let mut feed = Feed::from_now(lab)?;
    let said = root.run_as(lab, A, &["dpkg", "--remove", "heartbeat-ebpf"])?;
    wait::until("the farewell to be told", LIMIT, || {
        feed.read()?;
        let mut told = feed.events().iter();
        Ok(told.any(|event| event.id == NODE_LEFT).then_some(()))
    })?;
    // The kernel frees what nobody holds any more when it finds the time.
    wait::until("the kernel to forget the agent's objects", LIMIT, || {
        Ok(objects.remaining()?.is_empty().then_some(()))
    })
    .with_context(|| said.clone())?;
    ensure!(lab.pins_of(A)?.is_empty(), "pins are left");
    for place in [
        "usr/sbin/heartbeat",
        "usr/lib/systemd/system/heartbeat-ebpf.service",
    ] {
        ensure!(!root.path(place).exists(), "{place} is left");
    }
    ensure!(
        root.path("etc/heartbeat-ebpf/cluster.toml").exists(),
        "the configuration is gone"
    );
    Ok(())
}

fn purged(root: &Root) -> Result<()> {
    fs::create_dir_all(root.path("var/lib/heartbeat-ebpf/node-a"))?;
    root.run(&["dpkg", "--purge", "heartbeat-ebpf"])?;
    let found = root.run(&["find", "/etc", "/usr", "/var/lib", "-name", "*heartbeat*"])?;
    ensure!(found.is_empty(), "left behind: {found}");
    Ok(())
}
