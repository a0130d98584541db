//! What an operator is not told twice: flapping paths, announced maintenance, a network lost as a whole.
//!
//! A log that repeats itself is not read, and an alarm about work that was announced wakes somebody for nothing. But
//! nothing may be dropped: whatever is said in fewer words is in the events, one record each. So every story counts
//! both, lines and records, and shows beside it that what is not meant is told as ever.

use std::fs;
use std::process::{ExitCode, Output};
use std::time::Duration;

use anyhow::{Result, ensure};
use heartbeat_tests::lab::event::{Event, OPERATOR, PATH_FLAPPING, PATH_LOST, PATH_RESTORED};
use heartbeat_tests::lab::feed::Feed;
use heartbeat_tests::lab::plan::{Network, Node, Plan};
use heartbeat_tests::lab::transcript::{Expected, Path};
use heartbeat_tests::lab::{Lab, interrupt, requirements, wait};
use heartbeat_tests::suite::{Suite, Test, in_running_lab};

const A: Node = Node(0);
const B: Node = Node(1);
const C: Node = Node(2);
const PRIVATE: Network = Network(0);
const PUBLIC: Network = Network(1);

const INTERVAL: Duration = Duration::from_millis(100);
/// What may pass until something happens on a busy machine.
const LIMIT: Duration = Duration::from_secs(10);
/// A line about a loss may wait so long for others.
const QUIET: Duration = Duration::from_secs(1);
/// So many losses of a path within ten minutes are flapping.
const FLAPS: usize = 5;
/// And more of them, which are told in a low voice.
const MORE: usize = 4;

const TESTS: &[Test] = &[
    (
        "a path that is lost five times is called flapping once, and further losses are recorded without a line each",
        flapping,
    ),
    (
        "a network that is lost as a whole is one line in the log, and one record for each path",
        whole_network,
    ),
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

fn main() -> ExitCode {
    Suite {
        missing: requirements::missing_for_agents,
        threads: 1,
        tests: &[TESTS],
    }
    .run()
}

fn plan() -> Plan {
    Plan::nodes(3).two_networks().timing(INTERVAL, 3)
}

/// The node's log from some length on.
fn log_since(lab: &Lab, node: Node, mark: usize) -> Result<String> {
    let text = fs::read_to_string(lab.files().log(node))?;
    Ok(text.get(mark..).unwrap_or_default().to_owned())
}

fn log_length(lab: &Lab, node: Node) -> Result<usize> {
    Ok(fs::read_to_string(lab.files().log(node))?.len())
}

/// Lines that tell of a loss and have this word.
fn losses_told(log: &str, word: &str) -> usize {
    let lines = log.lines();
    lines
        .filter(|line| line.contains(" 1123 ") && line.contains(word))
        .count()
}

/// Cuts a path and heals it, so that it is lost and restored once.
fn lose_once(lab: &Lab, feed: &mut Feed, from: Node, to: Node, network: Network) -> Result<()> {
    let path = lab.plan().path(to, from, network);
    let before = [PATH_LOST, PATH_RESTORED].map(|id| feed.about(&path, id).count());
    let fault = lab.drop_between(from, to, network)?;
    wait_for_next(feed, &path, PATH_LOST, before[0])?;
    ensure!(0 < fault.heal()?.dropped, "the switch dropped nothing");
    wait_for_next(feed, &path, PATH_RESTORED, before[1])
}

/// Waits until more than `before` events with this number are about the path.
fn wait_for_next(feed: &mut Feed, path: &Path, id: u32, before: usize) -> Result<()> {
    wait::until(&format!("the next {id} of {path}"), LIMIT, || {
        feed.read()?;
        Ok((before < feed.about(path, id).count()).then_some(()))
    })
}

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

fn whole_network() -> Result<()> {
    let plan = Plan::nodes(4).two_networks().timing(INTERVAL, 3);
    in_running_lab(plan, |lab| {
        let all: Vec<Path> = lab
            .plan()
            .all_nodes()
            .flat_map(|node| lab.plan().paths_to(node, PUBLIC))
            .collect();
        let mut feed = Feed::from_now(lab)?;
        let mark = log_length(lab, A)?;
        let fault = lab.network_down(PUBLIC)?;
        let lost = Expected::lost(all.clone());
        feed.wait_for(&lost, LIMIT)?;
        feed.nothing_but(&lost, QUIET)?;
        let log = log_since(lab, A, mark)?;
        let told = losses_told(&log, "");
        ensure!(told == 1, "{told} lines tell of one network:\n{log}");
        ensure!(
            losses_told(&log, "Public Network") == 1,
            "the line does not name the network:\n{log}"
        );
        let records = lab.plan().paths_from(A, PUBLIC);
        for path in records {
            ensure!(
                feed.about(&path, PATH_LOST).count() == 1,
                "there is no record of {path}"
            );
        }
        fault.heal()?;
        feed.wait_for(&Expected::lost_and_restored(all), LIMIT)?;
        part_of_network(lab)
    })
}

/// Two of three paths are two lines: that is not the network.
fn part_of_network(lab: &Lab) -> Result<()> {
    interrupt::sleep(QUIET)?;
    let mut feed = Feed::from_now(lab)?;
    let mark = log_length(lab, A)?;
    let _faults = [
        lab.drop_between(B, A, PUBLIC)?,
        lab.drop_between(C, A, PUBLIC)?,
    ];
    let lost = Expected::lost([B, C].map(|peer| lab.plan().path(A, peer, PUBLIC)));
    feed.wait_for(&lost, LIMIT)?;
    feed.nothing_but(&lost, QUIET)?;
    let log = log_since(lab, A, mark)?;
    for peer in ["'node-b'", "'node-c'"] {
        ensure!(
            losses_told(&log, peer) == 1,
            "the loss of {peer} is not told in a line of its own:\n{log}"
        );
    }
    Ok(())
}

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
