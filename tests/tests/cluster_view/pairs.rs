//! Two nodes that do not hear each other on one network, while both hear all others.

use anyhow::{Result, ensure};
use heartbeat_tests::lab::Lab;
use heartbeat_tests::lab::cut::Deaf;
use heartbeat_tests::lab::event::{
    INTERFACE_UNREACHABLE, INTERFACE_UP, NETWORK_PARTITIONED, NETWORK_UP, PATH_LOST, PATH_RESTORED,
};
use heartbeat_tests::lab::plan::{Network, Plan};
use heartbeat_tests::lab::transcript::Path;
use heartbeat_tests::suite::Test;

use super::{A, ALL, B, C, CLIENT, PUBLIC, check, one_network, plan};

pub const TESTS: &[Test] = &[
    (
        "a pair that is cut both ways is two interfaces and a partitioned network",
        both_ways,
    ),
    (
        "a pair that is cut one way is the same, because nobody can answer",
        one_way,
    ),
    (
        "a pair that is cut one way on a network that only clients use is told as well",
        one_way_of_clients,
    ),
];

fn both_ways() -> Result<()> {
    cut(Deaf::Both, PUBLIC)
}

fn one_way() -> Result<()> {
    cut(Deaf::Second, PUBLIC)
}

fn one_way_of_clients() -> Result<()> {
    cut(Deaf::Second, CLIENT)
}

fn cut_paths(plan: &Plan, deaf: Deaf, network: Network) -> Vec<Path> {
    let (of_c, of_b) = (plan.path(C, B, network), plan.path(B, C, network));
    match deaf {
        Deaf::Second => vec![of_c],
        Deaf::Both => vec![of_c, of_b],
    }
}

fn cut(deaf: Deaf, network: Network) -> Result<()> {
    check(
        plan(),
        |lab| lab.cut(&[B], &[C], deaf, [network]),
        |plan, account| {
            account
                .paths(PATH_LOST, cut_paths(plan, deaf, network))
                .interface(INTERFACE_UNREACHABLE, &ALL, B, network)
                .interface(INTERFACE_UNREACHABLE, &ALL, C, network)
                .network(NETWORK_PARTITIONED, &ALL, network);
        },
        |lab| {
            both_unreachable(lab, network)?;
            one_network(lab, network, "partitioned")
        },
        |plan, account| {
            account
                .paths(PATH_RESTORED, cut_paths(plan, deaf, network))
                .interface(INTERFACE_UP, &ALL, B, network)
                .interface(INTERFACE_UP, &ALL, C, network)
                .network(NETWORK_UP, &ALL, network);
        },
    )
}

fn both_unreachable(lab: &Lab, network: Network) -> Result<()> {
    for observer in ALL {
        for (node, wanted) in [(A, "up"), (B, "unreachable"), (C, "unreachable")] {
            let held = lab.interface_state(observer, node, network)?;
            ensure!(
                held == wanted,
                "{observer} holds the interface of {node} to be {held}"
            );
        }
    }
    Ok(())
}
