//! Heartbeats to a group: when they take the place of unicast, and when they give it back.
//!
//! A group may be lost where unicast is not: a switch that forgets its members, a port that filters. A cluster that
//! went over to the group for all that would accuse healthy nodes. So every story watches two things: who sends
//! what, counted at the switch, and that no path was lost or restored by the change.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, ensure};
use heartbeat_tests::lab::cast::{A, B, C};
use heartbeat_tests::lab::multicast::Sent;
use heartbeat_tests::lab::plan::{Network, Node, Plan};
use heartbeat_tests::lab::{Lab, interrupt, requirements};
use heartbeat_tests::suite::Suite;

mod blocked;
mod chosen;
mod membership;
mod switch;

/// An IPv4 network.
const FOUR: Network = Network(0);
/// An IPv6 network.
const SIX: Network = Network(1);

const INTERVAL: Duration = Duration::from_millis(100);
const LOST_AFTER: u32 = 3;
/// What may pass until something happens on a busy machine.
const LIMIT: Duration = Duration::from_secs(15);
/// How long senders are watched.
const WATCH: Duration = Duration::from_secs(2);
/// Heartbeats that are due in it to each peer, less what a busy machine costs.
const DUE_MIN: u64 = 14;

fn main() -> ExitCode {
    Suite {
        missing: requirements::missing_for_agents,
        threads: 3,
        tests: &[
            switch::TESTS,
            chosen::TESTS,
            membership::TESTS,
            blocked::TESTS,
        ],
    }
    .run()
}

/// So many nodes on a network of either family, which use multicast if `wish` lets them.
fn plan(nodes: usize, wish: &'static str) -> Plan {
    Plan::nodes(nodes)
        .network("four", "Network Four")
        .network_v6("six", "Network Six")
        .timing(INTERVAL, LOST_AFTER)
        .multicast(wish)
}

/// Waits until all nodes send to the group on both networks.
fn wait_all_multicast(lab: &Lab) -> Result<()> {
    for node in lab.plan().all_nodes() {
        for network in lab.plan().all_networks() {
            lab.wait_sending(node, network, "multicast")?;
        }
    }
    Ok(())
}

/// Heartbeats that the node sends on the network while it is watched.
fn sent(lab: &Lab, node: Node, network: Network) -> Result<Sent> {
    let counter = lab.count_sent(node, network)?;
    interrupt::sleep(WATCH)?;
    counter.read()
}

/// The node sends to the group and to nobody else.
fn sends_to_group(lab: &Lab, node: Node, network: Network) -> Result<()> {
    let sent = sent(lab, node, network)?;
    ensure!(
        DUE_MIN <= sent.group && sent.unicast == 0,
        "{node} sent {sent:?} on {} in {WATCH:?}",
        lab.plan().label(network)
    );
    Ok(())
}

/// The node sends to every peer and to no group.
fn sends_to_peers(lab: &Lab, node: Node, network: Network) -> Result<()> {
    let sent = sent(lab, node, network)?;
    let peers = u64::try_from(lab.plan().nodes - 1)?;
    ensure!(
        peers * DUE_MIN <= sent.unicast && sent.group == 0,
        "{node} sent {sent:?} on {} in {WATCH:?}",
        lab.plan().label(network)
    );
    Ok(())
}

/// Some counter of the paths on which `observer` hears others, added up.
fn sum(lab: &Lab, observer: Node, name: &str, network: Network) -> Result<f64> {
    let metrics = lab.metrics(observer)?;
    let labels = [("network", lab.plan().label(network))];
    let paths = metrics.matching(name, &labels);
    Ok(paths.map(|path| path.value).sum())
}
