//! What has to be seen at the intervals of real clusters, and takes its time: half a minute of silence, a
//! minute of losses. These stories run beside each other, each in a lab of its own.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, ensure};
use heartbeat_tests::lab::cast::{A, B, C, D, PRIVATE};
use heartbeat_tests::lab::clock::monotonic_ns;
use heartbeat_tests::lab::event::{PATH_LOST, PATH_RESTORED};
use heartbeat_tests::lab::feed::Feed;
use heartbeat_tests::lab::plan::Plan;
use heartbeat_tests::lab::transcript::{Expected, Path};
use heartbeat_tests::lab::{Lab, interrupt, requirements};
use heartbeat_tests::suite::{Suite, Test, in_running_lab};

const INTERVAL: Duration = Duration::from_millis(1200);

const TESTS: &[Test] = &[
    (
        "a node dropped at one switch is reported once by each other node, 2.4 s to 2.65 s later",
        dropped_at_one_switch,
    ),
    (
        "a minute without every other heartbeat is no 1123, and each one is counted as lost",
        every_other_heartbeat,
    ),
    (
        "an agent stopped for 30 s tells afterwards exactly what happened meanwhile",
        stopped_agent,
    ),
];

fn main() -> ExitCode {
    Suite {
        missing: requirements::missing_for_agents,
        threads: 3,
        tests: &[TESTS],
    }
    .run()
}

fn ns(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).expect("the durations here are short")
}

/// Whether two moments are at most two intervals apart.
fn is_near(one_ns: u64, other_ns: u64) -> bool {
    one_ns.abs_diff(other_ns) <= ns(2 * INTERVAL)
}

fn dropped_at_one_switch() -> Result<()> {
    in_running_lab(Plan::nodes(3).two_networks(), |lab| {
        let paths: Vec<Path> = lab.plan().paths_to(B, PRIVATE).collect();
        let mut feed = Feed::from_now(lab)?;
        let fault = lab.drop_from(B, PRIVATE)?;
        let lost = Expected::lost(paths.clone());
        feed.wait_for(&lost, Duration::from_secs(6))?;
        feed.nothing_but(&lost, 3 * INTERVAL)?;
        for path in &paths {
            let event = feed.first(path, PATH_LOST)?;
            let silence_ns = event.evidence("judged_ns")? - event.evidence("last_arrival_ns")?;
            ensure!(
                (2_400_000_000..=2_650_000_000).contains(&silence_ns),
                "{event} was judged after {silence_ns} ns"
            );
        }
        let healed = fault.heal()?;
        ensure!(0 < healed.dropped, "the switch dropped nothing");
        let restored = Expected::lost_and_restored(paths.clone());
        feed.wait_for(&restored, Duration::from_secs(4))?;
        feed.nothing_but(&restored, 2 * INTERVAL)?;
        paths
            .iter()
            .try_for_each(|path| outage_is_true(&feed, path, healed.at_ns))
    })
}

/// The outage of a path ended with the first heartbeat after it was healed.
fn outage_is_true(feed: &Feed, path: &Path, healed_ns: u64) -> Result<()> {
    let last_arrival_ns = feed.first(path, PATH_LOST)?.evidence("last_arrival_ns")?;
    let event = feed.first(path, PATH_RESTORED)?;
    let outage_ns = event.evidence("outage_ns")?;
    let end_ns = last_arrival_ns + outage_ns;
    // The rule goes shortly before the stamp is taken; the next heartbeat comes at most an interval later.
    let latest_ns = healed_ns + ns(INTERVAL) + 300_000_000;
    ensure!(
        (healed_ns - 100_000_000..=latest_ns).contains(&end_ns),
        "{event} says that the outage lasted {outage_ns} ns, until {end_ns}; it was healed at {healed_ns}"
    );
    Ok(())
}

fn every_other_heartbeat() -> Result<()> {
    in_running_lab(Plan::nodes(3).two_networks(), |lab| {
        let before = lost_of_b(lab)?;
        let mut feed = Feed::from_now(lab)?;
        let fault = lab.drop_every_other(B, A, PRIVATE)?;
        feed.nothing_but(&[], Duration::from_secs(60))?;
        let dropped = fault.heal()?.dropped;
        // A loss shows with the next heartbeat.
        feed.nothing_but(&[], 2 * INTERVAL)?;
        let lost = lost_of_b(lab)? - before;
        ensure!(
            20 <= dropped,
            "the switch dropped only {dropped} heartbeats in a minute"
        );
        ensure!(
            (lost - dropped as f64).abs() <= 2.0,
            "{dropped} were dropped, {lost} counted as lost"
        );
        Ok(())
    })
}

fn lost_of_b(lab: &Lab) -> Result<f64> {
    let labels = [("peer", "node-b"), ("network", lab.plan().label(PRIVATE))];
    lab.metrics(A)?
        .value("heartbeat_heartbeats_lost_total", &labels)
}

/// While the agent of A is stopped, B sends on, C is cut from A for good, and D for ten seconds.
fn stopped_agent() -> Result<()> {
    in_running_lab(Plan::nodes(4).two_networks(), |lab| {
        let plan = lab.plan().clone();
        let arrivals = arrivals_of_b(lab)?;
        let mut feed = Feed::from_now(lab)?;
        lab.pause_agent(A)?;
        let stopped_ns = monotonic_ns();
        interrupt::sleep(Duration::from_secs(5))?;
        let (cut_c, cut_d) = (
            lab.drop_between(C, A, PRIVATE)?,
            lab.drop_between(D, A, PRIVATE)?,
        );
        let (c_cut_ns, d_cut_ns) = (cut_c.since_ns(), cut_d.since_ns());
        interrupt::sleep(Duration::from_secs(10))?;
        let d_healed_ns = cut_d.heal()?.at_ns;
        interrupt::sleep(Duration::from_secs(15))?;
        let resumed_ns = monotonic_ns();
        lab.resume_agent(A)?;

        let (to_c, to_d) = (plan.path(A, C, PRIVATE), plan.path(A, D, PRIVATE));
        let others = plan
            .all_networks()
            .flat_map(|network| plan.paths_to(A, network));
        let mut expected = Expected::lost_and_restored(others.chain([to_d.clone()]));
        expected.extend(Expected::lost([to_c.clone()]));
        feed.wait_for(&expected, Duration::from_secs(5))?;
        feed.nothing_but(&expected, 3 * INTERVAL)?;

        for (path, cut_ns) in [(&to_c, c_cut_ns), (&to_d, d_cut_ns)] {
            let event = feed.first(path, PATH_LOST)?;
            let last_ns = event.evidence("last_arrival_ns")?;
            ensure!(
                (stopped_ns..resumed_ns).contains(&last_ns) && is_near(last_ns, cut_ns),
                "{event}: last arrival {last_ns}, cut at {cut_ns}, stop {stopped_ns} to {resumed_ns}"
            );
            ensure!(
                resumed_ns <= event.evidence("judged_ns")?,
                "{event} was judged by a stopped agent"
            );
        }
        let event = feed.first(&to_d, PATH_RESTORED)?;
        let (outage_ns, true_ns) = (event.evidence("outage_ns")?, d_healed_ns - d_cut_ns);
        ensure!(
            is_near(outage_ns, true_ns),
            "{event}: outage {outage_ns} ns, in truth {true_ns} ns"
        );
        let grown = arrivals_of_b(lab)? - arrivals;
        ensure!(
            24.0 <= grown,
            "the kernel stamped only {grown} heartbeats of node-b in 30 s"
        );
        ensure!(0 < cut_c.dropped()?, "the switch dropped nothing of node-c");
        Ok(())
    })
}

fn arrivals_of_b(lab: &Lab) -> Result<f64> {
    let labels = [("peer", "node-b"), ("network", lab.plan().label(PRIVATE))];
    lab.metrics(A)?.value("heartbeat_arrivals_total", &labels)
}
