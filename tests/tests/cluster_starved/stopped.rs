//! Agents that are stopped by a signal, one after the other.

use anyhow::{Context, Result, ensure};
use heartbeat_tests::lab::clock::monotonic_ns;
use heartbeat_tests::lab::event::PATH_LOST;
use heartbeat_tests::lab::feed::Feed;
use heartbeat_tests::lab::plan::Node;
use heartbeat_tests::lab::tap::Tap;
use heartbeat_tests::lab::transcript::{Expected, Path};
use heartbeat_tests::lab::{Lab, interrupt, wait};
use heartbeat_tests::suite::{Test, in_running_lab};

use super::{
    INTERVAL, LIMIT, PRIVATE, PUBLIC, QUIET, STOP, arrivals, is_told_truly, longest, plan,
};

pub const TESTS: &[Test] = &[(
    "an agent that is stopped for a while accuses nobody, is all that others report, and tells of cuts truly",
    stopped_in_turn,
)];

/// One turn for each node, and what must be told of it.
fn stopped_in_turn() -> Result<()> {
    in_running_lab(plan(), |lab| {
        for stopped in lab.plan().all_nodes() {
            let mut others = lab.plan().peers(stopped);
            let healthy = [others.next(), others.next()].map(|node| node.expect("three nodes"));
            stop_one(lab, stopped, healthy)
                .with_context(|| format!("while {stopped} was stopped"))?;
        }
        Ok(())
    })
}

/// Stops the agent of one node. Meanwhile its path to `near` is cut on the private network, and that from `far` to
/// `near` on the public one; the first comes back only after the agent goes on.
fn stop_one(lab: &mut Lab, stopped: Node, [near, far]: [Node; 2]) -> Result<()> {
    let plan = lab.plan().clone();
    let own = plan.path(stopped, near, PRIVATE);
    let theirs = plan.path(near, far, PUBLIC);
    let own_tap = Tap::listen(lab.switch(PRIVATE), near, stopped)?;
    let their_tap = Tap::listen(lab.switch(PUBLIC), far, near)?;
    let mut feed = Feed::from_now(lab)?;
    let before = arrivals(lab)?[stopped.0];
    lab.pause_agent(stopped)?;
    interrupt::sleep(STOP / 5)?;
    let own_cut = lab.drop_between(near, stopped, PRIVATE)?;
    let their_cut = lab.drop_between(far, near, PUBLIC)?;
    interrupt::sleep(STOP / 5 * 2)?;
    their_cut.heal()?;
    interrupt::sleep(STOP / 5 * 2)?;
    let resumed_ns = monotonic_ns();
    lab.resume_agent(stopped)?;
    wait_for_lost(&mut feed, &own)?;
    own_cut.heal()?;

    let about_stopped = plan
        .all_networks()
        .flat_map(|network| plan.paths_to(stopped, network));
    let expected = Expected::lost_and_restored(about_stopped.chain([own.clone(), theirs.clone()]));
    feed.wait_for(&expected, LIMIT)?;
    feed.nothing_but(&expected, QUIET)?;
    is_told_truly(&feed, &theirs, &longest(their_tap)?)?;
    let silence = longest(own_tap)?;
    is_told_truly(&feed, &own, &silence)?;
    ensure!(
        silence.start_ns < resumed_ns,
        "the cut came after the agent went on"
    );
    let judged_ns = feed.first(&own, PATH_LOST)?.evidence("judged_ns")?;
    ensure!(
        resumed_ns <= judged_ns,
        "a stopped agent judged at {judged_ns}"
    );
    // Two peers on two networks, less the one path that was cut.
    let due = 3.0 * STOP.as_secs_f64() / INTERVAL.as_secs_f64();
    let heard = arrivals(lab)?[stopped.0] - before;
    ensure!(
        0.75 * due <= heard,
        "{stopped} heard only {heard} of {due} heartbeats while its agent was stopped"
    );
    Ok(())
}

/// Waits for this event, whatever else comes.
fn wait_for_lost(feed: &mut Feed, path: &Path) -> Result<()> {
    wait::until(&format!("a 1123 of {path}"), LIMIT, || {
        feed.read()?;
        Ok(feed.about(path, PATH_LOST).next().map(drop))
    })
}
