//! One node's cable.

use std::time::Duration;

use anyhow::{Result, ensure};
use heartbeat_tests::lab::account::Account;
use heartbeat_tests::lab::event::{
    INTERFACE_FAILED, INTERFACE_UP, LOCAL_INTERFACE_FAILED, PATH_LOST, PATH_RESTORED,
};
use heartbeat_tests::lab::feed::Feed;
use heartbeat_tests::lab::interrupt;
use heartbeat_tests::lab::plan::{Network, Node, Plan};
use heartbeat_tests::lab::transcript::Path;
use heartbeat_tests::suite::{Test, in_agreed_lab};

use super::{
    ALL, B, CLIENT, INTERVAL, LIMIT, PRIVATE, QUIET, check, one_interface, one_network, plan,
};

pub const TESTS: &[Test] = &[
    (
        "a cable out of one node is that node's interface, by the word of all, and the network is up",
        cable_out,
    ),
    (
        "it is the same on a network that only clients use",
        cable_of_clients,
    ),
    (
        "a cable that flaps faster than a state settles is told by paths and by its own node alone",
        flapping,
    ),
];

/// Every path that begins or ends at the node.
fn all_paths_of(plan: &Plan, node: Node, network: Network) -> Vec<Path> {
    let (to, from) = (plan.paths_to(node, network), plan.paths_from(node, network));
    to.chain(from).collect()
}

fn cable_out() -> Result<()> {
    cable_out_on(PRIVATE)
}

fn cable_of_clients() -> Result<()> {
    cable_out_on(CLIENT)
}

fn cable_out_on(network: Network) -> Result<()> {
    check(
        plan().settle(SETTLE),
        |lab| lab.pull_cable(B, network),
        |plan, account| {
            account
                .interface(LOCAL_INTERFACE_FAILED, &[B], B, network)
                .paths(PATH_LOST, all_paths_of(plan, B, network))
                .interface(INTERFACE_FAILED, &ALL, B, network);
        },
        |lab| {
            one_interface(lab, B, network, "failed")?;
            one_network(lab, network, "up")
        },
        |plan, account| {
            account
                .paths(PATH_RESTORED, all_paths_of(plan, B, network))
                .interface(INTERFACE_UP, &ALL, B, network);
        },
    )
}

/// The kernel may keep a carrier that is back to itself for a second, at one end, and asks for lost addresses once
/// a second: meanwhile a node hears others that do not hear it, which is no failed interface any more.
const SETTLE: Duration = Duration::from_secs(4);
/// Pulled for longer than a path lives, and back before the state has settled.
const OUT: Duration = Duration::from_millis(600);
/// One more makes a path flapping (334308), which is another story.
const TIMES: usize = 4;

fn flapping() -> Result<()> {
    in_agreed_lab(plan().settle(SETTLE), |lab| {
        let paths = all_paths_of(lab.plan(), B, PRIVATE);
        let before = lab.view(B)?;
        let mut feed = Feed::whole(lab)?;
        let mut account = Account::new(lab.plan());
        for _ in 0..TIMES {
            let cable = lab.pull_cable(B, PRIVATE)?;
            interrupt::sleep(OUT)?;
            cable.heal()?;
            account
                .interface(LOCAL_INTERFACE_FAILED, &[B], B, PRIVATE)
                .paths(PATH_LOST, paths.clone())
                .paths(PATH_RESTORED, paths.clone());
            feed.wait_for_account(&account, LIMIT, 3 * INTERVAL)?;
        }
        feed.wait_for_account(&account, LIMIT, SETTLE + QUIET)?;
        let after = lab.wait_all_well(LIMIT)?;
        ensure!(after == before, "the view was {before}, and is {after}");
        Ok(())
    })
}
