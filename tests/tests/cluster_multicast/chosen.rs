//! Who goes over to the group, and who does not.

use anyhow::{Result, ensure};
use heartbeat_tests::lab::event::MULTICAST_FAILED;
use heartbeat_tests::lab::feed::Feed;
use heartbeat_tests::lab::interrupt;
use heartbeat_tests::lab::plan::Network;
use heartbeat_tests::lab::{Lab, wait};
use heartbeat_tests::suite::{Test, in_lab, in_running_lab};

use super::{
    A, B, C, DUE_MIN, FOUR, LIMIT, SIX, WATCH, plan, sends_to_group, sends_to_peers, sum,
    wait_all_multicast,
};

pub const TESTS: &[Test] = &[
    (
        "three nodes go over to the group, IPv4 and IPv6, without a lost heartbeat",
        three_nodes,
    ),
    (
        "two nodes stay with unicast unless told otherwise",
        two_nodes,
    ),
    (
        "switched off for the cluster, nobody sends to a group or is in one",
        off,
    ),
    (
        "switched off for one network, only the other has a group",
        off_for_one_network,
    ),
    (
        "switched off in a running cluster, unicast is back and nobody is accused",
        off_by_reload,
    ),
];

fn three_nodes() -> Result<()> {
    in_running_lab(plan(3, "auto"), |lab| {
        let mut feed = Feed::from_now(lab)?;
        let lost = lost(lab)?;
        wait_all_multicast(lab)?;
        for network in [FOUR, SIX] {
            sends_to_group(lab, A, network)?;
            is_heard(lab, network)?;
        }
        feed.nothing_but(&[], WATCH)?;
        let lost = self::lost(lab)? - lost;
        ensure!(lost == 0.0, "{lost} heartbeats were lost by the change");
        ensure!(
            feed.events()
                .iter()
                .all(|event| event.id != MULTICAST_FAILED),
            "the group failed where nothing was wrong"
        );
        Ok(())
    })
}

/// Heartbeats lost on all paths of all nodes.
fn lost(lab: &Lab) -> Result<f64> {
    let mut lost = 0.0;
    for node in lab.plan().all_nodes() {
        for network in lab.plan().all_networks() {
            lost += sum(lab, node, "heartbeat_heartbeats_lost_total", network)?;
        }
    }
    Ok(lost)
}

/// Every node hears its peers, each heartbeat once.
fn is_heard(lab: &Lab, network: Network) -> Result<()> {
    let counters = |name| -> Result<Vec<f64>> {
        let nodes = lab.plan().all_nodes();
        nodes.map(|node| sum(lab, node, name, network)).collect()
    };
    let before = counters("heartbeat_arrivals_total")?;
    let duplicates = counters("heartbeat_duplicates_total")?;
    interrupt::sleep(WATCH)?;
    for (before, after) in before.iter().zip(counters("heartbeat_arrivals_total")?) {
        let heard = after - before;
        ensure!(
            2.0 * DUE_MIN as f64 <= heard,
            "a node heard only {heard} heartbeats in {WATCH:?}"
        );
    }
    ensure!(
        duplicates == counters("heartbeat_duplicates_total")?,
        "the copy of a heartbeat is counted as a duplicate"
    );
    Ok(())
}

fn two_nodes() -> Result<()> {
    in_running_lab(plan(2, "auto"), |lab| {
        interrupt::sleep(WATCH)?;
        for network in [FOUR, SIX] {
            ensure!(
                lab.sending(A, network)? == "unicast",
                "two nodes send to a group by themselves"
            );
            sends_to_peers(lab, A, network)?;
        }
        Ok(())
    })?;
    in_running_lab(plan(2, "on"), |lab| {
        let mut feed = Feed::from_now(lab)?;
        wait_all_multicast(lab)?;
        sends_to_group(lab, A, FOUR)?;
        feed.nothing_but(&[], WATCH)
    })
}

fn off() -> Result<()> {
    in_running_lab(plan(3, "off"), |lab| {
        interrupt::sleep(WATCH)?;
        for network in [FOUR, SIX] {
            sends_to_peers(lab, A, network)?;
            no_groups(lab, network)?;
        }
        Ok(())
    })
}

fn no_groups(lab: &Lab, network: Network) -> Result<()> {
    for node in lab.plan().all_nodes() {
        let groups = lab.groups(node, network)?;
        ensure!(groups.is_empty(), "{node} is in {groups:?}");
    }
    Ok(())
}

fn off_for_one_network() -> Result<()> {
    in_lab(plan(3, "auto"), |lab| {
        for node in lab.plan().all_nodes() {
            lab.rewrite(node, |text| {
                let label = "label = \"Network Six\"\n";
                text.replace(label, &format!("{label}multicast = \"off\"\n"))
            })?;
        }
        lab.start_agents()?;
        lab.wait_all_up()?;
        let mut feed = Feed::from_now(lab)?;
        for node in lab.plan().all_nodes() {
            lab.wait_sending(node, FOUR, "multicast")?;
            ensure!(
                !lab.groups(node, FOUR)?.is_empty(),
                "{node} is not in the group of the other network"
            );
        }
        sends_to_group(lab, A, FOUR)?;
        sends_to_peers(lab, A, SIX)?;
        no_groups(lab, SIX)?;
        feed.nothing_but(&[], WATCH)
    })
}

fn off_by_reload() -> Result<()> {
    in_running_lab(plan(3, "auto"), |lab| {
        wait_all_multicast(lab)?;
        let mut feed = Feed::from_now(lab)?;
        for node in [A, B, C] {
            lab.rewrite(node, |text| {
                text.replace("multicast = \"auto\"", "multicast = \"off\"")
            })?;
            let output = lab.reload_agent(node)?;
            ensure!(
                output.status.success(),
                "the reload of {node} was refused: {}",
                String::from_utf8_lossy(&output.stderr)
            );
            interrupt::sleep(WATCH)?;
        }
        for network in [FOUR, SIX] {
            sends_to_peers(lab, A, network)?;
            wait::until("all nodes to leave the group", LIMIT, || {
                Ok(no_groups(lab, network).is_ok().then_some(()))
            })?;
        }
        feed.nothing_but(&[], WATCH)
    })
}
