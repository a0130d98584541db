//! Nodes that say that they go.

use anyhow::{Result, ensure};
use heartbeat_tests::lab::event::{
    AGENT_RESTARTING, INTERFACE_UP, MEMBER_JOINED, NODE_LEFT, OPERATOR, PATH_RESTORED,
};
use heartbeat_tests::suite::Test;

use super::{A, ALL, B, C, D, E, Node, paths, plan, tell};

pub const TESTS: &[Test] = &[
    (
        "a node that leaves is no member any more, and nobody says that it was removed",
        leaves,
    ),
    (
        "an agent that restarts in time stays a member, and comes back as a new run",
        restarts,
    ),
];

const OTHERS: [Node; 4] = [A, B, C, D];

fn leaves() -> Result<()> {
    tell(plan(5), |story| {
        let status = story.lab.leave_agent(E)?;
        ensure!(
            status == Some(0),
            "`heartbeat leave` ended it with {status:?}"
        );
        story
            .account
            .node(OPERATOR, &[E], E)
            .node(NODE_LEFT, &OTHERS, E);
        story.comes_to(&OTHERS)?;
        story.lab.start_agent(E)?;
        let plan = story.lab.plan().clone();
        story
            .account
            .paths(PATH_RESTORED, paths(&plan, &OTHERS, &[E]))
            .interfaces(INTERFACE_UP, &OTHERS, E)
            .node(MEMBER_JOINED, &ALL, E);
        story.comes_to(&ALL)
    })
}

fn restarts() -> Result<()> {
    tell(plan(5), |story| {
        story.lab.restart_agent(E)?;
        story
            .account
            .node(AGENT_RESTARTING, &OTHERS, E)
            .node(MEMBER_JOINED, &ALL, E);
        story.comes_to(&ALL)
    })
}
