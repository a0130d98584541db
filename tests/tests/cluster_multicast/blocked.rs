//! A group that fails where unicast works: back to unicast before anybody is lost, and a warning that says where.

use std::time::Duration;

use anyhow::{Result, ensure};
use heartbeat_tests::lab::event::MULTICAST_FAILED;
use heartbeat_tests::lab::feed::Feed;
use heartbeat_tests::lab::interrupt;
use heartbeat_tests::lab::plan::Network;
use heartbeat_tests::lab::{Lab, wait};
use heartbeat_tests::suite::{Test, in_lab, in_running_lab};

use super::{
    A, B, C, FOUR, LIMIT, SIX, WATCH, plan, sends_to_group, sends_to_peers, wait_all_multicast,
};

pub const TESTS: &[Test] = &[
    (
        "a node that the group does not reach keeps its peers at unicast from the start",
        blocked_from_the_start,
    ),
    (
        "a port that begins to drop an IPv4 group costs no 1123: its senders return to unicast and say so",
        blocked_four,
    ),
    (
        "a port that begins to drop an IPv6 group costs no 1123: its senders return to unicast and say so",
        blocked_six,
    ),
    (
        "a snooping bridge that forgets the members of an IPv4 group costs no 1123",
        forgotten_four,
    ),
    (
        "a snooping bridge that forgets the members of an IPv6 group costs no 1123",
        forgotten_six,
    ),
];

/// A and C are not confirmed by B and stay; B is confirmed by both and goes over, on the same network.
fn blocked_from_the_start() -> Result<()> {
    in_lab(plan(3, "auto"), |lab| {
        let fault = lab.block_groups_to(B, FOUR)?;
        lab.start_agents()?;
        lab.wait_all_up()?;
        let mut feed = Feed::from_now(lab)?;
        lab.wait_sending(B, FOUR, "multicast")?;
        for node in lab.plan().all_nodes() {
            lab.wait_sending(node, SIX, "multicast")?;
        }
        feed.nothing_but(&[], WATCH)?;
        for node in [A, C] {
            ensure!(
                lab.sending(node, FOUR)? == "unicast",
                "{node} went over to a group that node-b does not hear"
            );
        }
        ensure!(
            0 < fault.dropped()?,
            "the switch dropped no frame of the group"
        );
        Ok(())
    })
}

fn blocked_four() -> Result<()> {
    blocked(FOUR, SIX)
}

fn blocked_six() -> Result<()> {
    blocked(SIX, FOUR)
}

fn blocked(network: Network, other: Network) -> Result<()> {
    in_running_lab(plan(3, "auto"), |lab| {
        wait_all_multicast(lab)?;
        let mut feed = Feed::from_now(lab)?;
        let fault = lab.block_groups_to(B, network)?;
        for sender in [A, C] {
            let told = feed.wait_for_event(sender, MULTICAST_FAILED, B, LIMIT)?;
            ensure!(
                told.network.as_deref() == Some(lab.plan().label(network)),
                "{told} is about another network"
            );
            ensure!(told.severity == "warning", "{told} is {}", told.severity);
            lab.wait_sending(sender, network, "unicast")?;
            sends_to_peers(lab, sender, network)?;
        }
        sends_to_group(lab, A, other)?;
        ensure!(
            0 < fault.heal()?.dropped,
            "the switch dropped no frame of the group"
        );
        feed.nothing_but(&[], WATCH)?;
        ensure!(
            lab.sending(A, network)? == "unicast",
            "node-a went back to the group at once"
        );
        let about_others = feed
            .events()
            .iter()
            .find(|event| event.id == MULTICAST_FAILED && event.peer.as_deref() != Some("node-b"));
        ensure!(about_others.is_none(), "{about_others:?} is not true");
        Ok(())
    })
}

fn forgotten_four() -> Result<()> {
    forgotten(FOUR, SIX)
}

fn forgotten_six() -> Result<()> {
    forgotten(SIX, FOUR)
}

/// Nobody's group frames reach anybody any more.
fn forgotten(network: Network, other: Network) -> Result<()> {
    in_running_lab(plan(3, "auto"), |lab| {
        wait_all_multicast(lab)?;
        let mut feed = Feed::from_now(lab)?;
        let _fault = lab.stop_queries(network)?;
        is_forgotten(lab, network)?;
        for node in lab.plan().all_nodes() {
            lab.wait_sending(node, network, "unicast")?;
        }
        feed.nothing_but(&[], WATCH)?;
        for node in lab.plan().all_nodes() {
            let told = feed
                .events()
                .iter()
                .filter(|event| event.id == MULTICAST_FAILED && event.observer == node.to_string())
                .count();
            ensure!(
                (1..=2).contains(&told),
                "{node} told {told} times of its group"
            );
            sends_to_peers(lab, node, network)?;
        }
        sends_to_group(lab, A, other)
    })
}

/// The witness: the bridge has learned the group's members, and has none of them any more.
fn is_forgotten(lab: &Lab, network: Network) -> Result<()> {
    let groups = lab.groups(A, network)?;
    ensure!(groups.len() == 1, "node-a is in {groups:?}");
    let learned = || -> Result<bool> {
        let output = lab
            .switch(network)
            .command("bridge")?
            .args(["mdb", "show"])
            .output()?;
        Ok(String::from_utf8_lossy(&output.stdout).contains(&format!("grp {} ", groups[0])))
    };
    wait::until("the switch to learn the group's members", LIMIT, || {
        Ok(learned()?.then_some(()))
    })?;
    wait::until("the switch to forget the group's members", LIMIT, || {
        Ok((!learned()?).then_some(()))
    })?;
    interrupt::sleep(Duration::from_millis(500))?;
    Ok(())
}
