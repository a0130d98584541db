//! Nodes that come and go while the others run.

use anyhow::{Context, Result, ensure};
use heartbeat_tests::lab::Lab;
use heartbeat_tests::lab::event::{Event, PATH_LOST, PATH_RESTORED};
use heartbeat_tests::lab::feed::Feed;
use heartbeat_tests::lab::interrupt;
use heartbeat_tests::lab::plan::Node;
use heartbeat_tests::lab::transcript::{Expected, Path};
use heartbeat_tests::suite::{Test, in_lab, in_running_lab};

use super::{
    A, B, C, D, LIMIT, PAUSE, differs, must_say, operator, plan, reload, series, undisturbed,
    wait_for_difference, wait_until_told,
};

/// Interfaces of a node that the configuration adds.
const INTERFACE_ADDED: u32 = 1131;
/// Interfaces of a node that the configuration removes.
const INTERFACE_REMOVED: u32 = 1132;

pub const TESTS: &[Test] = &[
    (
        "a node is added to a running cluster node by node, and is heard for the first time when it runs",
        added,
    ),
    (
        "a node is removed from a running cluster node by node, with its series and without a 1123",
        removed,
    ),
];

const OLD: [Node; 3] = [A, B, C];

fn is_about_d(event: &Event) -> bool {
    event.peer.as_deref() == Some("node-d") || event.observer == "node-d"
}

fn added() -> Result<()> {
    in_lab(plan(4), |lab| {
        for node in OLD {
            lab.write_configuration(node, &plan(3))?;
            lab.spawn_agent(node)?;
        }
        for node in OLD {
            lab.wait_answering(node)?;
        }
        lab.wait_all_up()?;
        let mut feed = Feed::from_now(lab)?;
        add_to_first(lab, &mut feed)?;
        for node in [B, C] {
            lab.write_configuration(node, &plan(4))?;
            reload(lab, node)?;
            interrupt::sleep(PAUSE)?;
            undisturbed(&mut feed, |_| false)?;
        }
        wait_for_difference(lab, &[(A, B), (A, C), (B, C)], false)?;

        lab.start_agent(D)?;
        lab.wait_all_up()?;
        let of_d = lab.plan().all_networks().flat_map(|network| {
            let heard = lab.plan().paths_to(D, network);
            heard.chain(lab.plan().paths_from(D, network))
        });
        let expected: Vec<Expected> = of_d.map(first_heard).collect();
        feed.wait_for(&expected, LIMIT)?;
        feed.nothing_but(&expected, PAUSE)?;
        wait_for_difference(lab, &[(A, D), (B, D), (C, D)], false)
    })
}

fn first_heard(path: Path) -> Expected {
    Expected {
        path,
        ids: &[PATH_RESTORED],
    }
}

/// While only A knows of D, both sides say that they differ, and nothing is said of D's silence.
fn add_to_first(lab: &Lab, feed: &mut Feed) -> Result<()> {
    for (observer, peer) in [(A, B), (B, A)] {
        ensure!(
            !differs(lab, observer, peer)?,
            "{observer} and {peer} differ from the start"
        );
    }
    lab.write_configuration(A, &plan(4))?;
    must_say(&reload(lab, A)?, &["node-d", "added"])?;
    must_say(&operator(lab, A)?.message, &["reload", "uid 0"])?;
    for other in [B, C] {
        wait_until_told(feed, A, other)?;
        wait_for_difference(lab, &[(A, other)], true)?;
    }
    ensure!(!differs(lab, B, C)?, "node-b and node-c differ");
    tell_of_interfaces(feed, A, INTERFACE_ADDED)?;
    let label = lab.plan().label(super::PRIVATE);
    let state = [("peer", "node-d"), ("network", label), ("state", "unknown")];
    let unknown = lab.metrics(A)?.value("heartbeat_path_state", &state)?;
    ensure!(unknown == 1.0, "the path to the new node is not unknown");
    undisturbed(feed, |_| false)
}

/// One event for each of D's interfaces, and none about others.
fn tell_of_interfaces(feed: &mut Feed, observer: Node, id: u32) -> Result<()> {
    feed.wait_for_event(observer, id, D, LIMIT)
        .with_context(|| format!("{observer} tells of node-d's interfaces"))?;
    interrupt::sleep(PAUSE)?;
    feed.read()?;
    let told = feed.said(observer, id, D).count();
    ensure!(told == 2, "{observer} told {told} times {id} of node-d");
    let other = feed
        .events()
        .iter()
        .find(|event| event.id == id && !is_about_d(event));
    ensure!(
        other.is_none(),
        "an interface has changed that did not: {other:?}"
    );
    Ok(())
}

fn removed() -> Result<()> {
    in_running_lab(plan(4), |lab| {
        let before = series(lab, A, &[("peer", "node-d")])?;
        ensure!(0 < before, "node-a exports nothing of node-d");
        let mut feed = Feed::from_now(lab)?;
        ensure!(
            lab.leave_agent(D)? == Some(0),
            "`heartbeat leave` did not end the agent with status 0"
        );
        for node in OLD {
            lab.write_configuration(node, &plan(3))?;
            must_say(&reload(lab, node)?, &["node-d", "removed"])?;
            tell_of_interfaces(&mut feed, node, INTERFACE_REMOVED)?;
            let left = series(lab, node, &[("peer", "node-d")])?;
            ensure!(left == 0, "{node} still exports {left} series of node-d");
        }
        undisturbed(&mut feed, |_| false)?;
        wait_for_difference(lab, &[(A, B), (A, C), (B, C)], false)?;
        still_watched(lab, &mut feed)
    })
}

/// The paths that stayed are judged as before.
fn still_watched(lab: &Lab, feed: &mut Feed) -> Result<()> {
    let network = super::PUBLIC;
    let cut = lab.plan().path(A, C, network);
    let fault = lab.drop_between(C, A, network)?;
    feed.wait_for(&Expected::lost([cut.clone()]), LIMIT)?;
    ensure!(0 < fault.heal()?.dropped, "the switch dropped nothing");
    feed.wait_for(&Expected::lost_and_restored([cut.clone()]), LIMIT)?;
    let lost = feed.first(&cut, PATH_LOST)?;
    ensure!(
        0 < lost.evidence("last_arrival_ns")?,
        "{lost} has no last arrival"
    );
    Ok(())
}
