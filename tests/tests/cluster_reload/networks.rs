//! Networks that come, go and are renamed while the others run.

use anyhow::{Result, ensure};
use heartbeat_tests::lab::event::PATH_RESTORED;
use heartbeat_tests::lab::feed::Feed;
use heartbeat_tests::lab::plan::{Network, Plan};
use heartbeat_tests::lab::{Lab, interrupt, wait};
use heartbeat_tests::suite::{Test, in_lab, in_running_lab};

use super::{
    A, B, C, INTERVAL, LIMIT, LOST_AFTER, PAUSE, PRIVATE, PUBLIC, must_say, path_value, plan,
    reload, roll_out, series, undisturbed, wait_for_difference, wait_up,
};

const NETWORK_ADDED: u32 = 1133;
const NETWORK_REMOVED: u32 = 1134;

pub const TESTS: &[Test] = &[
    (
        "a network is added to a running cluster and removed again, node by node",
        added_and_removed,
    ),
    (
        "a network gets another label, and its paths go on under it",
        renamed,
    ),
];

fn one_network() -> Plan {
    Plan::nodes(3)
        .network("private", "Private Network")
        .timing(INTERVAL, LOST_AFTER)
}

fn added_and_removed() -> Result<()> {
    in_lab(plan(3), |lab| {
        for node in [A, B, C] {
            lab.write_configuration(node, &one_network())?;
        }
        lab.start_agents()?;
        for (observer, peer) in pairs(lab) {
            wait_up(lab, (observer, peer, PRIVATE))?;
        }
        let mut feed = Feed::from_now(lab)?;
        let label = lab.plan().label(PUBLIC);
        let is_of_public =
            |event: &heartbeat_tests::lab::event::Event| event.network.as_deref() == Some(label);
        for node in [A, B, C] {
            lab.write_configuration(node, &plan(3))?;
            must_say(&reload(lab, node)?, &[label, "added"])?;
            interrupt::sleep(PAUSE)?;
            undisturbed(&mut feed, is_of_public)?;
        }
        for (observer, peer) in pairs(lab) {
            wait_up(lab, (observer, peer, PUBLIC))?;
        }
        wait_for_difference(lab, &[(A, B), (A, C), (B, C)], false)?;
        feed.read()?;
        told_once(lab, &feed, NETWORK_ADDED)?;

        for node in [A, B, C] {
            lab.write_configuration(node, &one_network())?;
            must_say(&reload(lab, node)?, &[label, "removed"])?;
            let left = series(lab, node, &[("network", label)])?;
            ensure!(left == 0, "{node} still exports {left} series of {label}");
            interrupt::sleep(PAUSE)?;
            undisturbed(&mut feed, is_of_public)?;
        }
        told_once(lab, &feed, NETWORK_REMOVED)?;
        wait_for_difference(lab, &[(A, B), (A, C), (B, C)], false)
    })
}

/// All ordered pairs of the nodes.
fn pairs(lab: &Lab) -> Vec<(super::Node, super::Node)> {
    let plan = lab.plan();
    let peers = |node| plan.peers(node).map(move |peer| (node, peer));
    plan.all_nodes().flat_map(peers).collect()
}

/// Every node told this of the public network, and of no other.
fn told_once(lab: &Lab, feed: &Feed, id: u32) -> Result<()> {
    for node in lab.plan().all_nodes() {
        let of_node = |event: &&heartbeat_tests::lab::event::Event| {
            event.id == id && event.observer == node.to_string()
        };
        let networks: Vec<_> = feed
            .events()
            .iter()
            .filter(of_node)
            .map(|event| event.network.clone().unwrap_or_default())
            .collect();
        ensure!(
            networks == [lab.plan().label(PUBLIC)],
            "{node} told {id} of {networks:?}"
        );
    }
    Ok(())
}

fn renamed() -> Result<()> {
    in_running_lab(plan(3), |lab| {
        let new = "Backbone";
        let old = lab.plan().label(PRIVATE);
        let arrivals = path_value(lab, "heartbeat_arrivals_total", (A, B, PRIVATE))?;
        let mut feed = Feed::from_now(lab)?;
        roll_out(lab, &mut feed, &[A, B, C], |lab, node| {
            lab.rewrite(node, |text| text.replace(old, new))
        })?;
        ensure!(
            series(lab, A, &[("network", old)])? == 0,
            "series of the old label are left"
        );
        let labels = [("peer", "node-b"), ("network", new)];
        let value = |name: &str| lab.metrics(A)?.value(name, &labels);
        ensure!(
            arrivals <= value("heartbeat_arrivals_total")?,
            "the path's counters did not go on"
        );
        ensure!(value("heartbeat_path_up")? == 1.0, "the path is not up");
        let mark = lab.events(A).mark()?;
        let fault = lab.drop_between(B, A, Network(0))?;
        lab.events(A)
            .wait("a 1123 under the new label", mark, LIMIT, |event| {
                event.is(1123, "node-b", new)
            })?;
        fault.heal()?;
        wait::until("a 1122 under the new label", LIMIT, || {
            let restored = lab.events(A).since(mark)?;
            let mut restored = restored.iter();
            Ok(restored
                .find(|event| event.is(PATH_RESTORED, "node-b", new))
                .map(drop))
        })
    })
}
