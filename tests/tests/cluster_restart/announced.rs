//! An agent that says that it restarts, or that it leaves.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use heartbeat_ebpf::wire::{Kind, flags};
use heartbeat_tests::lab::event::{AGENT_RESTARTING, NODE_LEFT, PATH_LOST};
use heartbeat_tests::lab::feed::Feed;
use heartbeat_tests::lab::plan::{Node, Plan};
use heartbeat_tests::lab::tap::Tap;
use heartbeat_tests::lab::transcript::{Expected, Path};
use heartbeat_tests::lab::{Lab, wait};
use heartbeat_tests::suite::{Test, in_running_lab};

use super::{A, B, LIMIT, PRIVATE, QUIET, plan};

pub const TESTS: &[Test] = &[
    (
        "peers wait for an agent that said it restarts, and no longer than the grace",
        grace,
    ),
    (
        "without authentication nobody believes a farewell",
        unbelieved,
    ),
    (
        "a node that left is not lost, and is restored when it comes back",
        leave,
    ),
];

/// Many detection times, and enough for a busy machine to look at all peers meanwhile.
const GRACE: Duration = Duration::from_secs(4);

fn all_paths_to(plan: &Plan, node: Node) -> Vec<Path> {
    plan.all_networks()
        .flat_map(|network| plan.paths_to(node, network))
        .collect()
}

/// How many paths to the node are in this state at its peers.
fn paths_in_state(lab: &Lab, node: Node, state: &str) -> Result<usize> {
    let mut count = 0;
    for peer in lab.plan().peers(node) {
        let metrics = lab.metrics(peer)?;
        let labels = [("peer", &*node.to_string()), ("state", state)];
        let paths = metrics.matching("heartbeat_path_state", &labels);
        count += paths.filter(|sample| sample.value == 1.0).count();
    }
    Ok(count)
}

fn wait_for_state(lab: &Lab, node: Node, state: &str) -> Result<()> {
    let all = all_paths_to(lab.plan(), node).len();
    wait::until(&format!("all paths to {node} to be {state}"), LIMIT, || {
        Ok((paths_in_state(lab, node, state)? == all).then_some(()))
    })
}

/// Every peer said this of the node once.
fn said_once(lab: &Lab, feed: &Feed, id: u32, node: Node) -> Result<()> {
    for peer in lab.plan().peers(node) {
        let said: Vec<_> = feed.said(peer, id, node).collect();
        ensure!(said.len() == 1, "{peer} said {id} {} times", said.len());
        ensure!(said[0].network.is_none(), "{}: names a network", said[0]);
    }
    Ok(())
}

/// To the others, which miss nothing, all is well.
fn peers_are_well(lab: &Lab, node: Node) -> Result<()> {
    for peer in lab.plan().peers(node) {
        let (status, code) = lab.status(peer)?;
        ensure!(code == 0, "{peer} says {code} instead of 0: {status}");
    }
    Ok(())
}

fn grace() -> Result<()> {
    in_running_lab(plan().restart_grace(GRACE), |lab| {
        let paths = all_paths_to(lab.plan(), B);
        let tap = Tap::listen(lab.switch(PRIVATE), B, A)?;
        let mut feed = Feed::from_now(lab)?;
        ensure!(lab.stop_agent(B)? == Some(0), "SIGTERM is no success");
        wait_for_state(lab, B, "restarting")?;
        peers_are_well(lab, B)?;
        feed.wait_for(&Expected::lost(paths.clone()), LIMIT)?;
        said_once(lab, &feed, AGENT_RESTARTING, B)?;
        waited(&feed, &tap, &paths)?;
        lab.start_agent(B)?;
        let back = Expected::lost_and_restored(paths);
        feed.wait_for(&back, LIMIT)?;
        feed.nothing_but(&back, QUIET)?;
        said_once(lab, &feed, AGENT_RESTARTING, B)
    })
}

/// The loss was told when the grace was over, and not before.
fn waited(feed: &Feed, tap: &Tap, paths: &[Path]) -> Result<()> {
    let heartbeats = tap.passed(Kind::Heartbeat);
    let last = heartbeats.last().context("the switch saw no heartbeats")?;
    ensure!(
        last.flags & flags::RESTARTING != 0,
        "the last heartbeat does not say that the agent restarts: {last:?}"
    );
    for path in paths {
        let told_ns = feed.first(path, PATH_LOST)?.evidence("emitted_ns")?;
        let waited = Duration::from_nanos(told_ns.saturating_sub(last.stamp_ns));
        ensure!(
            // The first of three farewells begins the grace.
            GRACE - Duration::from_millis(100) <= waited && waited <= GRACE + LIMIT,
            "{path}: lost {waited:?} after the farewell"
        );
    }
    Ok(())
}

fn unbelieved() -> Result<()> {
    let plan = Plan {
        authentication: false,
        ..plan().restart_grace(GRACE)
    };
    in_running_lab(plan, |lab| {
        let paths = all_paths_to(lab.plan(), B);
        let tap = Tap::listen(lab.switch(PRIVATE), B, A)?;
        let mut feed = Feed::from_now(lab)?;
        ensure!(lab.stop_agent(B)? == Some(0), "SIGTERM is no success");
        feed.wait_for(&Expected::lost(paths.clone()), LIMIT)?;
        let last = tap.passed(Kind::Heartbeat).pop();
        let last = last.context("the switch saw no heartbeats")?;
        ensure!(last.flags & flags::RESTARTING != 0, "nothing was announced");
        for path in &paths {
            let told_ns = feed.first(path, PATH_LOST)?.evidence("emitted_ns")?;
            let waited = Duration::from_nanos(told_ns.saturating_sub(last.stamp_ns));
            ensure!(waited < GRACE, "{path}: waited {waited:?} all the same");
        }
        for peer in lab.plan().peers(B) {
            let said = feed.said(peer, AGENT_RESTARTING, B).count();
            ensure!(said == 0, "{peer} believes that node-b restarts");
        }
        Ok(())
    })
}

fn leave() -> Result<()> {
    in_running_lab(plan(), |lab| {
        let paths = all_paths_to(lab.plan(), B);
        let mut feed = Feed::from_now(lab)?;
        ensure!(lab.leave_agent(B)? == Some(0), "leaving is no success");
        for peer in lab.plan().peers(B) {
            feed.wait_for_event(peer, NODE_LEFT, B, LIMIT)?;
        }
        feed.nothing_but(&[], 5 * lab.plan().detection_time())?;
        wait_for_state(lab, B, "left")?;
        peers_are_well(lab, B)?;
        lab.start_agent(B)?;
        let back = Expected::restored(paths);
        feed.wait_for(&back, LIMIT)?;
        feed.nothing_but(&back, QUIET)?;
        said_once(lab, &feed, NODE_LEFT, B)?;
        lab.wait_all_up()
    })
}
