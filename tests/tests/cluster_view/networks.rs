//! A switch that forwards nothing any more, while every carrier is there.

use anyhow::{Result, ensure};
use heartbeat_tests::lab::account::Account;
use heartbeat_tests::lab::event::{
    INTERFACE_UNREACHABLE, INTERFACE_UP, NETWORK_DOWN, NETWORK_UP, PATH_LOST, PATH_RESTORED,
};
use heartbeat_tests::lab::plan::{Network, Plan};
use heartbeat_tests::lab::transcript::Path;
use heartbeat_tests::suite::Test;

use super::{ALL, CLIENT, PRIVATE, check, one_network, plan};

pub const TESTS: &[Test] = &[
    (
        "a dead switch is a network that is down, and no interface is blamed for it",
        dead_switch,
    ),
    (
        "a dead switch of clients is told, and counts for nothing",
        dead_switch_of_clients,
    ),
];

fn dead_switch() -> Result<()> {
    dead(PRIVATE)
}

fn dead_switch_of_clients() -> Result<()> {
    dead(CLIENT)
}

fn all_paths(plan: &Plan, network: Network) -> Vec<Path> {
    let nodes = plan.all_nodes();
    nodes
        .flat_map(|node| plan.paths_to(node, network))
        .collect()
}

fn all_interfaces(account: &mut Account, id: u32, network: Network) {
    for node in ALL {
        account.interface(id, &ALL, node, network);
    }
}

fn dead(network: Network) -> Result<()> {
    check(
        plan(),
        |lab| lab.network_down(network),
        |plan, account| {
            account
                .paths(PATH_LOST, all_paths(plan, network))
                .network(NETWORK_DOWN, &ALL, network);
            all_interfaces(account, INTERFACE_UNREACHABLE, network);
        },
        |lab| {
            let held = lab.interface_state(ALL[0], ALL[1], network)?;
            ensure!(held == "unreachable", "an interface is held to be {held}");
            one_network(lab, network, "down")
        },
        |plan, account| {
            account
                .paths(PATH_RESTORED, all_paths(plan, network))
                .network(NETWORK_UP, &ALL, network);
            all_interfaces(account, INTERFACE_UP, network);
        },
    )
}
