//! Faults that the nodes understand together: whose interface, which network, or nobody knows.
//!
//! Every story says all that five agents may tell, of their paths and of what they make of them, and that nobody's
//! membership is touched: what works on one network keeps the cluster together.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, ensure};
use heartbeat_tests::lab::account::Account;
pub use heartbeat_tests::lab::cast::{A, B, C, CLIENT, D, E, PRIVATE, PUBLIC};
use heartbeat_tests::lab::fault::Fault;
use heartbeat_tests::lab::feed::Feed;
use heartbeat_tests::lab::plan::{Network, Node, Plan};
use heartbeat_tests::lab::{Lab, requirements};
use heartbeat_tests::suite::{Suite, in_agreed_lab};

mod cables;
mod networks;
mod pairs;

const INTERVAL: Duration = Duration::from_millis(100);
const LOST_AFTER: u32 = 3;
const REGROUP_AFTER: u32 = 6;
/// Five agents and their events share two cores; what they say has to be exact, not quick.
const SETTLE: Duration = Duration::from_millis(400);
/// What may pass until something happens on a busy machine.
const LIMIT: Duration = Duration::from_secs(15);
/// How long nothing else may come, once a state has had time to settle.
const QUIET: Duration = Duration::from_secs(1);
const ALL: [Node; 5] = [A, B, C, D, E];

fn main() -> ExitCode {
    Suite {
        missing: requirements::missing_for_agents,
        threads: 2,
        tests: &[cables::TESTS, pairs::TESTS, networks::TESTS],
    }
    .run()
}

fn plan() -> Plan {
    Plan::nodes(ALL.len())
        .three_networks()
        .timing(INTERVAL, LOST_AFTER)
        .regroup_after(REGROUP_AFTER)
        .settle(SETTLE)
}

/// The fault has to bring exactly what `broken` adds to the account, and its end what `mended` adds. The view does
/// not change; `states` says how things stand while the fault lasts.
fn check(
    plan: Plan,
    fault: impl FnOnce(&Lab) -> Result<Fault>,
    broken: impl FnOnce(&Plan, &mut Account),
    states: impl FnOnce(&Lab) -> Result<()>,
    mended: impl FnOnce(&Plan, &mut Account),
) -> Result<()> {
    in_agreed_lab(plan, |lab| {
        let plan = lab.plan().clone();
        let before = lab.view(A)?;
        let quiet = plan.membership.settle.unwrap_or_default() + QUIET;
        let mut feed = Feed::whole(lab)?;
        let mut account = Account::new(&plan);
        let fault = fault(lab)?;
        broken(&plan, &mut account);
        feed.wait_for_account(&account, LIMIT, quiet)?;
        lab.check_agents()?;
        states(lab)?;
        fault.heal()?;
        mended(&plan, &mut account);
        feed.wait_for_account(&account, LIMIT, quiet)?;
        let after = lab.wait_all_well(LIMIT)?;
        ensure!(after == before, "the view was {before}, and is {after}");
        Ok(())
    })
}

/// How every node holds one node's interface to be, and everybody else's on that network to be up.
fn one_interface(lab: &Lab, node: Node, network: Network, state: &str) -> Result<()> {
    for observer in ALL {
        for of in ALL {
            let wanted = if of == node { state } else { "up" };
            let held = lab.interface_state(observer, of, network)?;
            ensure!(
                held == wanted,
                "{observer} holds the interface of {of} to be {held}"
            );
        }
    }
    Ok(())
}

/// How every node holds a network to be, and all others to be up.
fn one_network(lab: &Lab, network: Network, state: &str) -> Result<()> {
    for observer in ALL {
        for of in lab.plan().all_networks() {
            let wanted = if of == network { state } else { "up" };
            let held = lab.network_state(observer, of)?;
            ensure!(
                held == wanted,
                "{observer} holds {} to be {held}",
                lab.plan().label(of)
            );
        }
    }
    Ok(())
}
