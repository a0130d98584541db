//! A network that is lost with all its paths at one node, or with some of them.

use anyhow::{Result, ensure};
use heartbeat_tests::lab::event::PATH_LOST;
use heartbeat_tests::lab::feed::Feed;
use heartbeat_tests::lab::plan::Plan;
use heartbeat_tests::lab::transcript::{Expected, Path};
use heartbeat_tests::lab::{Lab, interrupt};
use heartbeat_tests::suite::{Test, in_running_lab};

use super::{A, B, C, INTERVAL, LIMIT, PUBLIC, QUIET, log_length, log_since, losses_told};

pub const TESTS: &[Test] = &[(
    "a network that is lost as a whole is one line in the log, and one record for each path",
    whole_network,
)];

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
