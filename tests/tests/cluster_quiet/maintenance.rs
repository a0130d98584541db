//! Work that was announced: a flag on its events, and nothing more.

use std::process::Output;

use anyhow::{Result, ensure};
use heartbeat_tests::lab::event::{Event, OPERATOR, PATH_LOST, PATH_RESTORED};
use heartbeat_tests::lab::feed::Feed;
use heartbeat_tests::lab::transcript::Expected;
use heartbeat_tests::lab::{Lab, wait};
use heartbeat_tests::suite::{Test, in_running_lab};

use super::{A, B, C, LIMIT, PRIVATE, PUBLIC, lose_once, plan};

pub const TESTS: &[Test] = &[
    (
        "events in maintenance say so, and only those of its peer",
        maintenance_of_peer,
    ),
    (
        "events in maintenance say so, and only those of its network",
        maintenance_of_network,
    ),
    (
        "maintenance survives a restart, keeps status at 0, and is over when it is called off",
        maintenance_goes_on,
    ),
    ("maintenance ends by itself", maintenance_ends),
];

/// `heartbeat maintenance ...` at node A.
fn maintenance(lab: &Lab, arguments: &[&str]) -> Result<String> {
    let Output {
        status,
        stdout,
        stderr,
    } = lab.ask_agent(A, &[&["maintenance"], arguments].concat())?;
    ensure!(
        status.success(),
        "maintenance {} was refused: {}",
        arguments.join(" "),
        String::from_utf8_lossy(&stderr)
    );
    Ok(String::from_utf8_lossy(&stdout).into_owned())
}

fn gauge(lab: &Lab) -> Result<f64> {
    lab.metrics(A)?.value("heartbeat_maintenance", &[])
}

/// Losses that A tells: maintenance or not, for each path.
fn flags(feed: &Feed, id: u32) -> Vec<(String, String, bool)> {
    let told = feed
        .events()
        .iter()
        .filter(|event| event.id == id && event.observer == "node-a");
    let mut flags: Vec<_> = told.map(flag).collect();
    flags.sort();
    flags
}

fn flag(event: &Event) -> (String, String, bool) {
    let text = |field: &Option<String>| field.clone().unwrap_or_default();
    (text(&event.peer), text(&event.network), event.maintenance)
}

/// Loses and restores A's paths to B and C on both networks during a maintenance of this scope, and returns the
/// flags that A's 1123 had. Its 1122 must have the same.
fn flags_within(lab: &Lab, scope: &[&str]) -> Result<Vec<(String, String, bool)>> {
    let mut feed = Feed::from_now(lab)?;
    ensure!(gauge(lab)? == 0.0, "maintenance is on from the start");
    let on = [&["on", "--for", "1h", "--why", "new switch"], scope].concat();
    maintenance(lab, &on)?;
    ensure!(gauge(lab)? == 1.0, "the gauge does not show maintenance");
    let told = feed.wait_for_event(A, OPERATOR, A, LIMIT)?;
    for word in ["new switch", "uid 0"] {
        ensure!(
            told.message.contains(word),
            "{told} does not say {word:?}: {}",
            told.message
        );
    }
    for (peer, network) in [(B, PRIVATE), (C, PRIVATE), (B, PUBLIC), (C, PUBLIC)] {
        lose_once(lab, &mut feed, peer, A, network)?;
    }
    // What another node tells of A is not A's maintenance.
    lose_once(lab, &mut feed, A, B, PRIVATE)?;
    let elsewhere = lab.plan().path(B, A, PRIVATE);
    ensure!(
        !feed.first(&elsewhere, PATH_LOST)?.maintenance,
        "node-b tells of maintenance at node-a"
    );
    let flags = flags(&feed, PATH_LOST);
    ensure!(
        flags == self::flags(&feed, PATH_RESTORED),
        "the 1122 have other flags than the 1123"
    );
    Ok(flags)
}

fn expected(in_maintenance: impl Fn(&str, &str) -> bool) -> Vec<(String, String, bool)> {
    let mut flags = Vec::new();
    for peer in ["node-b", "node-c"] {
        for network in ["Private Network", "Public Network"] {
            let flag = in_maintenance(peer, network);
            flags.push((peer.to_owned(), network.to_owned(), flag));
        }
    }
    flags
}

fn maintenance_of_peer() -> Result<()> {
    in_running_lab(plan(), |lab| {
        let flags = flags_within(lab, &["--peer", "node-b"])?;
        ensure!(
            flags == expected(|peer, _| peer == "node-b"),
            "flags of a maintenance of node-b: {flags:?}"
        );
        Ok(())
    })
}

fn maintenance_of_network() -> Result<()> {
    in_running_lab(plan(), |lab| {
        let flags = flags_within(lab, &["--network", "public"])?;
        ensure!(
            flags == expected(|_, network| network == "Public Network"),
            "flags of a maintenance of the public network: {flags:?}"
        );
        Ok(())
    })
}

fn maintenance_goes_on() -> Result<()> {
    in_running_lab(plan(), |lab| {
        maintenance(
            lab,
            &[
                "on",
                "--for",
                "1h",
                "--why",
                "new switch",
                "--peer",
                "node-b",
            ],
        )?;
        lab.restart_agent(A)?;
        lab.wait_all_up()?;
        ensure!(gauge(lab)? == 1.0, "a restart ended the maintenance");
        let shown = maintenance(lab, &["show"])?;
        ensure!(
            shown.contains("new switch") && shown.contains("node-b"),
            "it is not shown: {shown}"
        );
        let path = lab.plan().path(A, B, PRIVATE);
        let mut feed = Feed::from_now(lab)?;
        let _fault = lab.drop_between(B, A, PRIVATE)?;
        feed.wait_for(&Expected::lost([path.clone()]), LIMIT)?;
        ensure!(
            feed.first(&path, PATH_LOST)?.maintenance,
            "after a restart events do not say that there is maintenance"
        );
        ensure!(
            lab.status(A)?.1 == 0,
            "a path lost in maintenance is told by the exit status"
        );
        maintenance(lab, &["off", "--peer", "node-b"])?;
        ensure!(gauge(lab)? == 0.0, "it goes on after it was called off");
        ensure!(
            lab.status(A)?.1 == 1,
            "a lost path is not told by the exit status once maintenance is over"
        );
        let shown = maintenance(lab, &["show"])?;
        ensure!(!shown.contains("new switch"), "it is still shown: {shown}");
        Ok(())
    })
}

fn maintenance_ends() -> Result<()> {
    in_running_lab(plan(), |lab| {
        maintenance(lab, &["on", "--for", "3s", "--why", "a short look"])?;
        ensure!(gauge(lab)? == 1.0, "the gauge does not show maintenance");
        wait::until("the end of the maintenance", LIMIT, || {
            Ok((gauge(lab)? == 0.0).then_some(()))
        })?;
        let mut feed = Feed::from_now(lab)?;
        lose_once(lab, &mut feed, B, A, PRIVATE)?;
        let path = lab.plan().path(A, B, PRIVATE);
        ensure!(
            !feed.first(&path, PATH_LOST)?.maintenance,
            "an event after its end says that there is maintenance"
        );
        Ok(())
    })
}
