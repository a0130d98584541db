//! Clusters that come apart: three against two, and one against one.

use anyhow::{Result, ensure};
use heartbeat_tests::lab::event::{
    INTERFACE_UNREACHABLE, INTERFACE_UP, MEMBER_JOINED, MEMBER_REMOVED, NETWORK_PARTITIONED,
    NETWORK_UP, PATH_LOST, PATH_RESTORED, QUORUM_LOST,
};
use heartbeat_tests::lab::plan::Plan;
use heartbeat_tests::suite::Test;

use super::{
    A, ALL, B, C, D, E, INTERVAL, LOST_AFTER, Node, REGROUP_LATE, SETTLE, Story, paths, plan, tell,
};

pub const TESTS: &[Test] = &[
    (
        "of three and two nodes that do not hear each other the three go on, and the two know it",
        three_and_two,
    ),
    (
        "of two nodes that do not hear each other the one with the tie breaker goes on",
        one_and_one,
    ),
    (
        "another tie breaker lets the other one go on",
        other_tie_breaker,
    ),
];

const THREE: [Node; 3] = [A, B, C];
const TWO: [Node; 2] = [D, E];

impl Story<'_> {
    /// Nodes that say that their side has no quorum any more do not act by any view.
    fn are_not_quorate(&self, nodes: &[Node]) -> Result<()> {
        for node in nodes {
            let view = self.lab.view(*node)?;
            ensure!(!view.quorate, "{node} still acts by {view}");
        }
        Ok(())
    }

    /// Both sides say this of all paths that cross.
    fn paths_across(&mut self, id: u32, sides: [&[Node]; 2]) {
        let plan = self.lab.plan();
        let [one, other] = sides;
        let across = [paths(plan, one, other), paths(plan, other, one)].concat();
        self.account.paths(id, across);
    }

    /// Each of these nodes says this of the interfaces of each of those.
    fn interfaces_of(&mut self, id: u32, observers: &[Node], nodes: &[Node]) {
        for node in nodes {
            self.account.interfaces(id, observers, *node);
        }
    }
}

fn three_and_two() -> Result<()> {
    tell(plan(5), |story| {
        let split = story.lab.split(&THREE)?;
        story.paths_across(PATH_LOST, [&THREE, &TWO]);
        story.interfaces_of(INTERFACE_UNREACHABLE, &THREE, &TWO);
        story.interfaces_of(INTERFACE_UNREACHABLE, &TWO, &THREE);
        for node in TWO {
            story.account.node(MEMBER_REMOVED, &THREE, node);
            story.account.node(QUORUM_LOST, &[node], node);
        }
        story.comes_to(&THREE)?;
        story.are_not_quorate(&TWO)?;
        ensure!(0 < split.heal()?.dropped, "the switches dropped nothing");
        story.paths_across(PATH_RESTORED, [&THREE, &TWO]);
        story.interfaces_of(INTERFACE_UP, &THREE, &TWO);
        story.interfaces_of(INTERFACE_UP, &TWO, &THREE);
        for node in TWO {
            story.account.node(MEMBER_JOINED, &THREE, node);
            story.account.node(MEMBER_JOINED, &[node], node);
        }
        // Whoever joins first sees the other join, and whoever joins with it or after it does or does not.
        story.account.node_perhaps(MEMBER_JOINED, D, E);
        story.account.node_perhaps(MEMBER_JOINED, E, D);
        story.comes_to(&ALL)
    })
}

fn one_and_one() -> Result<()> {
    one_goes_on(two_nodes(), A, B)
}

fn other_tie_breaker() -> Result<()> {
    one_goes_on(two_nodes().tie_breaker("node-b"), B, A)
}

fn two_nodes() -> Plan {
    Plan::nodes(2)
        .two_networks()
        .timing(INTERVAL, LOST_AFTER)
        .regroup_after(REGROUP_LATE)
        .settle(SETTLE)
}

/// Neither knows whose side is at fault, so both interfaces are unreachable on both networks to both. Who is left
/// has nobody to miss any more once the other is removed.
fn one_goes_on(plan: Plan, winner: Node, loser: Node) -> Result<()> {
    tell(plan, |story| {
        let both = [winner, loser];
        let split = story.lab.split(&[winner])?;
        story.paths_across(PATH_LOST, [&[winner], &[loser]]);
        story.interfaces_of(INTERFACE_UNREACHABLE, &both, &both);
        story.interfaces_of(INTERFACE_UP, &[winner], &[winner]);
        for network in story.lab.plan().all_networks() {
            story.account.network(NETWORK_PARTITIONED, &both, network);
            story.account.network(NETWORK_UP, &[winner], network);
        }
        story.account.node(MEMBER_REMOVED, &[winner], loser);
        story.account.node(QUORUM_LOST, &[loser], loser);
        story.comes_to(&[winner])?;
        story.are_not_quorate(&[loser])?;
        ensure!(0 < split.heal()?.dropped, "the switches dropped nothing");
        story.paths_across(PATH_RESTORED, [&[winner], &[loser]]);
        story.interfaces_of(INTERFACE_UP, &both, &[loser]);
        story.interfaces_of(INTERFACE_UP, &[loser], &[winner]);
        for network in story.lab.plan().all_networks() {
            story.account.network(NETWORK_UP, &[loser], network);
        }
        story.account.node(MEMBER_JOINED, &both, loser);
        story.comes_to(&both)
    })
}
