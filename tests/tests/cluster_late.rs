//! What is told of paths before they are lost, and that nothing is told of healthy ones.
//!
//! A machine that is short of CPU is late for true, so no story asks for silence from paths that it strains; it asks
//! for it from those beside them, and counts what came there.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use heartbeat_tests::lab::cast::{A, B, C, PRIVATE, PUBLIC};
use heartbeat_tests::lab::event::{Event, PATH_LATE, PATH_LOST};
use heartbeat_tests::lab::feed::Feed;
use heartbeat_tests::lab::plan::{Network, Node, Plan};
use heartbeat_tests::lab::{Lab, interrupt, requirements};
use heartbeat_tests::suite::{Suite, Test, in_running_lab};
use serde_json::Value;

/// What may pass until a warning comes, on a busy machine.
const LIMIT: Duration = Duration::from_secs(40);
/// How long healthy paths are watched.
const WATCHED: Duration = Duration::from_secs(20);

const TESTS: &[Test] = &[
    (
        "a path that loses every tenth heartbeat is told once at both its ends, and is not lost",
        every_tenth_is_lost,
    ),
    (
        "a peer whose agent halts again and again is told to be late on all its networks",
        halting_agent,
    ),
    ("healthy paths are warned of by nobody", healthy),
];

fn main() -> ExitCode {
    Suite {
        missing: requirements::missing_for_agents,
        threads: 1,
        tests: &[TESTS],
    }
    .run()
}

fn every_tenth_is_lost() -> Result<()> {
    let plan = Plan::nodes(3)
        .two_networks()
        .timing(Duration::from_millis(100), 3);
    in_running_lab(plan, |lab| {
        let (to_b, to_a) = (
            lab.plan().path(A, B, PRIVATE),
            lab.plan().path(B, A, PRIVATE),
        );
        let before = arrivals(lab, A, C, PRIVATE)?;
        let mut feed = Feed::all(lab)?;
        let fault = lab.drop_one_of(10, B, A, PRIVATE)?;
        let losing = feed.wait_for_path(&to_b, PATH_LATE, LIMIT)?;
        says(&losing, "losing", "path")?;
        ensure!(
            3 <= losing.evidence("lost")?,
            "{losing}: {}",
            losing.message
        );
        let unheard = feed.wait_for_path(&to_a, PATH_LATE, LIMIT)?;
        says(&unheard, "unheard", "path")?;
        interrupt::sleep(Duration::from_secs(5))?;
        feed.read()?;
        ensure!(
            warnings(&feed).len() == 2,
            "more is told than the two ends: {:?}",
            feed.events()
        );
        no_loss(&feed)?;
        is_shown(lab)?;
        ensure!(
            10 <= fault.heal()?.dropped,
            "the switch dropped next to nothing"
        );
        let came = arrivals(lab, A, C, PRIVATE)? - before;
        ensure!(
            50.0 <= came,
            "only {came} heartbeats of node-c were to judge"
        );
        Ok(())
    })
}

/// Status and metrics of A say what its path to B suffers, and the exit status is that of a cluster that is well.
fn is_shown(lab: &Lab) -> Result<()> {
    let labels = [
        ("peer", "node-b"),
        ("network", lab.plan().label(PRIVATE)),
        ("kind", "losing"),
    ];
    let shown = lab.metrics(A)?.value("heartbeat_path_late", &labels)?;
    ensure!(shown == 1.0, "the metrics show {shown}");
    let (status, code) = lab.status(A)?;
    ensure!(
        code == 0,
        "a path that loses makes the status end with {code}"
    );
    let paths = status["paths"].as_array().context("there are paths")?;
    let strained = |path: &&Value| !path["strains"].as_array().is_none_or(Vec::is_empty);
    let strained: Vec<&Value> = paths.iter().filter(strained).collect();
    ensure!(
        strained.len() == 1 && strained[0]["peer"] == "node-b",
        "the status shows as strained: {strained:?}"
    );
    Ok(())
}

/// B's agent stands still for longer than an interval and for less than A's patience, so that some rounds come late
/// and none is lost. It knows that it was late itself, so it warns of nobody.
fn halting_agent() -> Result<()> {
    let (interval, halt) = (Duration::from_millis(300), Duration::from_millis(400));
    let plan = Plan::nodes(2).two_networks().timing(interval, 3);
    in_running_lab(plan, |lab| {
        let paths = [PRIVATE, PUBLIC].map(|network| lab.plan().path(A, B, network));
        let mut feed = Feed::all(lab)?;
        for _ in 0..15 {
            lab.pause_agent(B)?;
            interrupt::sleep(halt)?;
            lab.resume_agent(B)?;
            interrupt::sleep(interval * 3)?;
        }
        for path in &paths {
            let late = feed.wait_for_path(path, PATH_LATE, LIMIT)?;
            says(&late, "late", "peer")?;
            let gap = Duration::from_nanos(late.evidence("largest_gap_ns")?);
            ensure!(interval * 3 / 2 < gap, "{late}: the largest gap is {gap:?}");
        }
        no_loss(&feed)?;
        let of_b = warnings(&feed)
            .into_iter()
            .filter(|event| event.observer != "node-a");
        ensure!(of_b.count() == 0, "node-b accuses: {:?}", feed.events());
        Ok(())
    })
}

fn healthy() -> Result<()> {
    in_running_lab(Plan::nodes(3).two_networks(), |lab| {
        let before = arrivals(lab, A, B, PUBLIC)?;
        let mut feed = Feed::all(lab)?;
        interrupt::sleep(WATCHED)?;
        feed.read()?;
        ensure!(warnings(&feed).is_empty(), "warned: {:?}", feed.events());
        let came = arrivals(lab, A, B, PUBLIC)? - before;
        ensure!(14.0 <= came, "only {came} heartbeats came in {WATCHED:?}");
        Ok(())
    })
}

fn says(event: &Event, strain: &str, spread: &str) -> Result<()> {
    let (said, extent) = (&event.evidence["strain"], &event.evidence["spread"]);
    ensure!(
        said == strain && extent == spread && event.severity == "info",
        "{event} is {said} on this {extent}: {}",
        event.message
    );
    Ok(())
}

fn warnings(feed: &Feed) -> Vec<&Event> {
    let late = |event: &&Event| event.id == PATH_LATE;
    feed.events().iter().filter(late).collect()
}

fn no_loss(feed: &Feed) -> Result<()> {
    let lost = feed.events().iter().find(|event| event.id == PATH_LOST);
    ensure!(lost.is_none(), "a path was lost: {lost:?}");
    Ok(())
}

fn arrivals(lab: &Lab, observer: Node, peer: Node, network: Network) -> Result<f64> {
    let peer = peer.to_string();
    let labels = [("peer", &*peer), ("network", lab.plan().label(network))];
    lab.metrics(observer)?
        .value("heartbeat_arrivals_total", &labels)
}
