//! A running cluster that is given new configurations, node by node, and goes on as if nothing had been.
//!
//! While a change is rolled out the nodes disagree, and whoever is judged by the wrong one of two configurations is
//! accused. So every story changes one node after the other, takes its time in between, and has to end without a
//! 1122 or 1123 but on the paths that it changed itself. That something changed at all is asserted too.

use std::process::{ExitCode, Output};
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use heartbeat_tests::lab::cast::{A, B, C, D, PRIVATE, PUBLIC};
use heartbeat_tests::lab::event::{CONFIG_DIFFERS, Event, OPERATOR};
use heartbeat_tests::lab::feed::Feed;
use heartbeat_tests::lab::metrics::Labels;
use heartbeat_tests::lab::plan::{Network, Node, Plan};
use heartbeat_tests::lab::transcript::is_judged;
use heartbeat_tests::lab::{Lab, interrupt, requirements, wait};
use heartbeat_tests::suite::Suite;

mod addresses;
mod keys;
mod networks;
mod nodes;
mod refused;
mod timing;

const INTERVAL: Duration = Duration::from_millis(100);
const LOST_AFTER: u32 = 3;
/// What may pass until something happens on a busy machine.
const LIMIT: Duration = Duration::from_secs(10);
/// Between the reload of one node and that of the next; a false 1123 has time to come.
const PAUSE: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    Suite {
        missing: requirements::missing_for_agents,
        threads: 3,
        tests: &[
            nodes::TESTS,
            networks::TESTS,
            addresses::TESTS,
            timing::TESTS,
            refused::TESTS,
            keys::TESTS,
        ],
    }
    .run()
}

/// So many nodes on two networks, at a tenth of a second.
fn plan(nodes: usize) -> Plan {
    Plan::nodes(nodes)
        .two_networks()
        .timing(INTERVAL, LOST_AFTER)
}

/// `heartbeat reload`, which must go well; what it printed.
fn reload(lab: &Lab, node: Node) -> Result<String> {
    let output = lab.reload_agent(node)?;
    ensure!(
        output.status.success(),
        "the reload of {node} was refused: {}",
        said(&output)
    );
    let successful = lab
        .metrics(node)?
        .value("heartbeat_config_last_reload_successful", &[])?;
    ensure!(
        successful == 1.0,
        "{node} exports {successful} after a reload that went well"
    );
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Both of a command's outputs.
fn said(output: &Output) -> String {
    let both = [output.stdout.clone(), output.stderr.clone()].concat();
    String::from_utf8_lossy(&both).into_owned()
}

/// Errors unless the text has all of these words.
fn must_say(text: &str, words: &[&str]) -> Result<()> {
    let missing: Vec<_> = words.iter().filter(|word| !text.contains(**word)).collect();
    ensure!(missing.is_empty(), "it does not say {missing:?}: {text}");
    Ok(())
}

/// Errors if a path was lost or restored that has no part in the change.
fn undisturbed(feed: &mut Feed, has_part: impl Fn(&Event) -> bool) -> Result<()> {
    feed.read()?;
    let disturbed = feed
        .events()
        .iter()
        .find(|event| is_judged(event) && !has_part(event));
    match disturbed {
        None => Ok(()),
        Some(event) => bail!("the change brought {event}"),
    }
}

/// Changes one node after the other and reloads it; after each nothing may have been disturbed.
fn roll_out(
    lab: &Lab,
    feed: &mut Feed,
    nodes: &[Node],
    change: impl Fn(&Lab, Node) -> Result<()>,
) -> Result<()> {
    for node in nodes {
        change(lab, *node)?;
        reload(lab, *node)?;
        interrupt::sleep(PAUSE)?;
        undisturbed(feed, |_| false)?;
    }
    Ok(())
}

/// The value of `heartbeat_config_differs` that `observer` exports of `peer`.
fn differs(lab: &Lab, observer: Node, peer: Node) -> Result<bool> {
    let labels = [("peer", &*peer.to_string())];
    let value = lab
        .metrics(observer)?
        .value("heartbeat_config_differs", &labels)?;
    Ok(value == 1.0)
}

/// Waits until both sides of every pair of these nodes say that they have the same configuration, or not.
fn wait_for_difference(lab: &Lab, pairs: &[(Node, Node)], wanted: bool) -> Result<()> {
    for (one, other) in pairs {
        for (observer, peer) in [(*one, *other), (*other, *one)] {
            let what = format!("{observer} to export {wanted} of {peer}'s configuration");
            wait::until(&what, LIMIT, || {
                Ok((differs(lab, observer, peer)? == wanted).then_some(()))
            })?;
        }
    }
    Ok(())
}

/// Waits until both nodes have told that the other runs another configuration.
fn wait_until_told(feed: &mut Feed, one: Node, other: Node) -> Result<()> {
    for (observer, peer) in [(one, other), (other, one)] {
        let event = feed.wait_for_event(observer, CONFIG_DIFFERS, peer, LIMIT)?;
        ensure!(
            event.severity == "warning" && event.network.is_none(),
            "{event} is {} and of {:?}",
            event.severity,
            event.network
        );
    }
    Ok(())
}

/// The newest event of an operator that the node tells of itself.
fn operator(lab: &Lab, node: Node) -> Result<Event> {
    let events = lab.events(node).all()?;
    let newest = events.into_iter().rev().find(|event| event.id == OPERATOR);
    match newest {
        Some(event) => Ok(event),
        None => bail!("{node} has told of no operator"),
    }
}

/// One metric of a path.
fn path_value(lab: &Lab, name: &str, path: (Node, Node, Network)) -> Result<f64> {
    let (observer, peer, network) = path;
    let labels = [
        ("peer", &*peer.to_string()),
        ("network", lab.plan().label(network)),
    ];
    lab.metrics(observer)?.value(name, &labels)
}

/// Waits until a path is up.
fn wait_up(lab: &Lab, path: (Node, Node, Network)) -> Result<()> {
    let (observer, peer, network) = path;
    let network = lab.plan().label(network);
    wait::until(
        &format!("{observer} to hear {peer} on {network}"),
        LIMIT,
        || Ok((path_value(lab, "heartbeat_path_up", path)? == 1.0).then_some(())),
    )
}

/// How many series of any name the node exports with these labels.
fn series(lab: &Lab, node: Node, labels: Labels<'_>) -> Result<usize> {
    let text = lab.metrics(node)?.text;
    let carries = |line: &&str| {
        labels
            .iter()
            .all(|(name, value)| line.contains(&format!("{name}=\"{value}\"")))
    };
    Ok(text.lines().filter(carries).count())
}
