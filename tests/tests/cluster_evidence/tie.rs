//! Two nodes that no longer hear each other on one network, and somebody who knows which of them is cut off.

use std::time::Duration;

use anyhow::Result;
use heartbeat_tests::lab::account::Account;
use heartbeat_tests::lab::cast::{A, B, PRIVATE};
use heartbeat_tests::lab::cut::Deaf;
use heartbeat_tests::lab::event::{
    INTERFACE_FAILED, INTERFACE_UNREACHABLE, INTERFACE_UP, MEMBER_JOINED, NETWORK_PARTITIONED,
    NETWORK_UP, PATH_LOST, PATH_RESTORED,
};
use heartbeat_tests::lab::fault::Fault;
use heartbeat_tests::lab::feed::Feed;
use heartbeat_tests::lab::plan::{Node, Plan};
use heartbeat_tests::lab::transcript::Path;
use heartbeat_tests::lab::{Lab, interrupt};
use heartbeat_tests::suite::{Test, in_lab};

pub const TESTS: &[Test] = &[
    (
        "of two nodes the one that the witness does not answer has the interface at fault",
        one_is_cut_off,
    ),
    (
        "a witness that answers both leaves it open where the fault is",
        both_are_answered,
    ),
    (
        "a witness that answers nobody leaves it open as well",
        nobody_is_answered,
    ),
];

const INTERVAL: Duration = Duration::from_millis(200);
/// Two agents share two cores with whatever else runs: what is told has to be right, not quick.
const SETTLE: Duration = Duration::from_millis(800);
const LIMIT: Duration = Duration::from_secs(20);
/// Longer than a state takes to settle.
const QUIET: Duration = Duration::from_secs(2);
const BOTH: [Node; 2] = [A, B];
const WITNESS: &str = "10.77.1.254";

fn one_is_cut_off() -> Result<()> {
    let told = |account: &mut Account| {
        account.interface(INTERFACE_FAILED, &BOTH, B, PRIVATE);
    };
    let mended = |account: &mut Account| {
        account.interface(INTERFACE_UP, &BOTH, B, PRIVATE);
    };
    check(|lab| lab.break_wire(B, PRIVATE), told, mended)
}

fn both_are_answered() -> Result<()> {
    let fault = |lab: &Lab| lab.cut(&[A], &[B], Deaf::Both, [PRIVATE]);
    check(fault, nobody_knows, all_is_well)
}

fn nobody_is_answered() -> Result<()> {
    check(|lab| lab.network_down(PRIVATE), nobody_knows, all_is_well)
}

fn nobody_knows(account: &mut Account) {
    for node in BOTH {
        account.interface(INTERFACE_UNREACHABLE, &BOTH, node, PRIVATE);
    }
    account.network(NETWORK_PARTITIONED, &BOTH, PRIVATE);
}

fn all_is_well(account: &mut Account) {
    for node in BOTH {
        account.interface(INTERFACE_UP, &BOTH, node, PRIVATE);
    }
    account.network(NETWORK_UP, &BOTH, PRIVATE);
}

/// The fault costs both paths on the network, and beside that brings exactly what is told; its end the same.
fn check(
    fault: impl FnOnce(&Lab) -> Result<Fault>,
    told: impl FnOnce(&mut Account),
    mended: impl FnOnce(&mut Account),
) -> Result<()> {
    let plan = Plan::nodes(2)
        .two_networks()
        .timing(INTERVAL, 3)
        .settle(SETTLE)
        .witness(WITNESS);
    in_lab(plan, |lab| {
        lab.add_witness(PRIVATE, WITNESS)?;
        agree(lab)?;
        let paths: Vec<Path> = BOTH
            .into_iter()
            .flat_map(|node| lab.plan().paths_to(node, PRIVATE).collect::<Vec<_>>())
            .collect();
        let mut feed = Feed::whole(lab)?;
        let mut account = Account::new(lab.plan());
        let fault = fault(lab)?;
        told(account.paths(PATH_LOST, paths.clone()));
        feed.wait_for_account(&account, LIMIT, QUIET)?;
        fault.heal()?;
        mended(account.paths(PATH_RESTORED, paths));
        feed.wait_for_account(&account, LIMIT, QUIET)
    })
}

/// Starts the agents and waits until each has told that node-b is a member: node-a breaks ties, and may have begun
/// without it.
fn agree(lab: &mut Lab) -> Result<()> {
    let mut feed = Feed::whole(lab)?;
    lab.start_agents()?;
    lab.wait_all_up()?;
    for observer in BOTH {
        feed.wait_for_event(observer, MEMBER_JOINED, B, LIMIT)?;
    }
    // What started together is told until it has settled.
    interrupt::sleep(QUIET)?;
    Ok(())
}
