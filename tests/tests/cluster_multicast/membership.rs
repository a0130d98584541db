//! The kernel is the member, not the agent: a group is heard while no agent runs, and left only by `detach`.

use anyhow::{Result, ensure};
use heartbeat_tests::lab::feed::Feed;
use heartbeat_tests::lab::transcript::{Expected, Path};
use heartbeat_tests::lab::{Lab, interrupt};
use heartbeat_tests::suite::{Test, in_running_lab};

use super::{
    A, B, C, FOUR, INTERVAL, LIMIT, SIX, WATCH, plan, sends_to_group, sum, wait_all_multicast,
};

pub const TESTS: &[Test] = &[
    (
        "membership survives the agent's death, and what comes to the group meanwhile is heard",
        killed,
    ),
    (
        "a lost peer that comes back is heard by the group, and all send to it again",
        comes_back,
    ),
    ("detach leaves the groups", detached),
];

/// The detection time is long here, so that nobody leaves the group because of the dead agent.
fn killed() -> Result<()> {
    in_running_lab(plan(3, "auto").timing(INTERVAL, 60), |lab| {
        wait_all_multicast(lab)?;
        let mut feed = Feed::from_now(lab)?;
        let groups = [FOUR, SIX].map(|network| lab.groups(A, network));
        let count =
            |name| -> Result<[f64; 2]> { Ok([sum(lab, A, name, FOUR)?, sum(lab, A, name, SIX)?]) };
        let (heard, lost) = (
            count("heartbeat_arrivals_total")?,
            count("heartbeat_heartbeats_lost_total")?,
        );
        lab.kill_agent(A)?;
        for (network, before) in [FOUR, SIX].into_iter().zip(groups) {
            let (before, now) = (before?, lab.groups(A, network)?);
            ensure!(
                !before.is_empty() && before == now,
                "node-a was in {before:?}, and with its agent killed in {now:?}"
            );
            sends_to_group(lab, B, network)?;
        }
        lab.start_agent(A)?;
        let count =
            |name| -> Result<[f64; 2]> { Ok([sum(lab, A, name, FOUR)?, sum(lab, A, name, SIX)?]) };
        let (more, missing) = (
            count("heartbeat_arrivals_total")?,
            count("heartbeat_heartbeats_lost_total")?,
        );
        for network in [0, 1] {
            let heard = more[network] - heard[network];
            let due = 2.0 * 2.0 * WATCH.as_secs_f64() / INTERVAL.as_secs_f64();
            ensure!(
                0.75 * due <= heard,
                "only {heard} heartbeats were heard while no agent ran"
            );
        }
        ensure!(
            missing == lost,
            "heartbeats were lost while no agent ran: {lost:?} before, {missing:?} after"
        );
        wait_all_multicast(lab)?;
        feed.nothing_but(&[], WATCH)
    })
}

fn comes_back() -> Result<()> {
    in_running_lab(plan(3, "auto"), |lab| {
        wait_all_multicast(lab)?;
        let mut feed = Feed::from_now(lab)?;
        let paths: Vec<Path> = lab
            .plan()
            .all_networks()
            .flat_map(|network| lab.plan().paths_to(C, network))
            .collect();
        lab.kill_agent(C)?;
        let lost = Expected::lost(paths.clone());
        feed.wait_for(&lost, LIMIT)?;
        feed.nothing_but(&lost, 10 * INTERVAL)?;
        lab.start_agent(C)?;
        let restored = Expected::lost_and_restored(paths);
        feed.wait_for(&restored, LIMIT)?;
        wait_all_multicast(lab)?;
        for node in [A, C] {
            sends_to_group(lab, node, FOUR)?;
        }
        feed.nothing_but(&restored, WATCH)
    })
}

fn detached() -> Result<()> {
    in_running_lab(plan(3, "auto"), |lab| {
        wait_all_multicast(lab)?;
        lab.stop_agent(A)?;
        interrupt::sleep(INTERVAL)?;
        let is_member = |lab: &Lab| -> Result<[bool; 2]> {
            Ok([
                !lab.groups(A, FOUR)?.is_empty(),
                !lab.groups(A, SIX)?.is_empty(),
            ])
        };
        ensure!(is_member(lab)? == [true; 2], "stopping left the groups");
        let file = lab.files().configuration(A).display().to_string();
        let done = lab.run_heartbeat(A, &["detach", "--config", &file, "--node", "node-a"])?;
        ensure!(
            done.status.success(),
            "detach: {}",
            String::from_utf8_lossy(&done.stderr)
        );
        ensure!(is_member(lab)? == [false; 2], "detach left memberships");
        Ok(())
    })
}
