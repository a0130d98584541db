//! Nodes that fall silent without a word: killed, without power, frozen.

use std::time::Duration;

use anyhow::{Result, ensure};
use heartbeat_tests::lab::event::{
    AGENT_RESUMED, AGENT_STALLED, INTERFACE_UNREACHABLE, INTERFACE_UP, MEMBER_JOINED,
    MEMBER_REMOVED, PATH_LOST, PATH_RESTORED, QUORUM_LOST,
};
use heartbeat_tests::lab::interrupt;
use heartbeat_tests::suite::Test;

use super::{A, ALL, B, C, D, E, Node, PRIVATE, Story, paths, plan, tell};

pub const TESTS: &[Test] = &[
    (
        "a node without power is removed by all others, and is a member again when it has booted",
        power,
    ),
    (
        "a killed agent whose host answers is removed after a longer silence, and comes back",
        killed,
    ),
    ("an agent that is frozen for a while stays a member", frozen),
    (
        "an agent that is frozen for too long is removed, says so itself, and joins again",
        frozen_for_long,
    ),
];

/// Who is left.
const OTHERS: [Node; 4] = [A, B, C, D];
/// The silence after which a host that answers is believed no longer.
const STALLED: Duration = Duration::from_secs(2);
/// Longer than a path lives, shorter than that.
const WHILE: Duration = Duration::from_millis(1200);

impl Story<'_> {
    /// What the others say of E, which they do not hear any more.
    fn e_falls_silent(&mut self) {
        self.account
            .paths(PATH_LOST, paths(self.lab.plan(), &OTHERS, &[E]))
            .interfaces(INTERFACE_UNREACHABLE, &OTHERS, E);
    }

    /// What they say when they hear it again.
    fn e_is_heard(&mut self) {
        self.account
            .paths(PATH_RESTORED, paths(self.lab.plan(), &OTHERS, &[E]))
            .interfaces(INTERFACE_UP, &OTHERS, E);
    }

    /// The silence of E before each removal, by the observer's stamps.
    fn silences(&self) -> Result<Vec<Duration>> {
        let silence = |observer: Node| {
            let path = self.lab.plan().path(observer, E, PRIVATE);
            let last_ns = self
                .feed
                .first(&path, PATH_LOST)?
                .evidence("last_arrival_ns")?;
            let mut removed = self.feed.said(observer, MEMBER_REMOVED, E);
            let removed = removed.next().expect("the account has it");
            let at_ns = removed.evidence("judged_ns")?;
            Ok(Duration::from_nanos(at_ns.saturating_sub(last_ns)))
        };
        OTHERS.into_iter().map(silence).collect()
    }
}

fn power() -> Result<()> {
    tell(plan(5), |story| {
        let off = story.lab.power_off(E)?;
        story.e_falls_silent();
        story.account.node(MEMBER_REMOVED, &OTHERS, E);
        story.comes_to(&OTHERS)?;
        let suspicion = story.lab.plan().suspicion_time();
        for silence in story.silences()? {
            ensure!(
                suspicion - story.lab.plan().interval <= silence,
                "removed after a silence of {silence:?} already"
            );
        }
        story.lab.power_on(E, off)?;
        story.e_is_heard();
        let plan = story.lab.plan().clone();
        story
            .account
            .paths(PATH_RESTORED, paths(&plan, &[E], &OTHERS))
            .node(MEMBER_JOINED, &ALL, E);
        story.comes_to(&ALL)
    })
}

fn killed() -> Result<()> {
    tell(plan(5).stalled_after(STALLED), |story| {
        story.lab.kill_agent(E)?;
        story.e_falls_silent();
        story.account.node(AGENT_STALLED, &OTHERS, E);
        story.account.node(MEMBER_REMOVED, &OTHERS, E);
        story.comes_to(&OTHERS)?;
        for silence in story.silences()? {
            ensure!(
                STALLED - story.lab.plan().interval <= silence,
                "removed after a silence of {silence:?}, though the host answered"
            );
        }
        story.lab.start_agent(E)?;
        story.e_is_heard();
        story.account.node(AGENT_RESUMED, &OTHERS, E);
        story.account.node(MEMBER_JOINED, &ALL, E);
        story.comes_to(&ALL)
    })
}

fn frozen() -> Result<()> {
    tell(plan(5), |story| {
        story.lab.pause_agent(E)?;
        interrupt::sleep(WHILE)?;
        story.e_falls_silent();
        story.account.node(AGENT_STALLED, &OTHERS, E);
        story.comes_to_all_but_frozen()?;
        story.lab.resume_agent(E)?;
        story.e_is_heard();
        story.account.node(AGENT_RESUMED, &OTHERS, E);
        story.comes_to(&ALL)
    })
}

impl Story<'_> {
    /// The account is told; whoever runs holds the frozen node to be a member.
    fn comes_to_all_but_frozen(&mut self) -> Result<()> {
        let (limit, quiet) = (super::LIMIT, super::QUIET);
        self.feed.wait_for_account(&self.account, limit, quiet)?;
        for observer in OTHERS {
            let view = self.lab.view(observer)?;
            ensure!(
                view.quorate && view.members == ALL.into_iter().collect(),
                "{observer}: {view}"
            );
        }
        Ok(())
    }
}

fn frozen_for_long() -> Result<()> {
    tell(plan(5).stalled_after(STALLED), |story| {
        story.lab.pause_agent(E)?;
        story.e_falls_silent();
        story.account.node(AGENT_STALLED, &OTHERS, E);
        story.account.node(MEMBER_REMOVED, &OTHERS, E);
        story.comes_to(&OTHERS)?;
        story.lab.resume_agent(E)?;
        story.e_is_heard();
        story.account.node(AGENT_RESUMED, &OTHERS, E);
        story
            .account
            .node(QUORUM_LOST, &[E], E)
            .node(MEMBER_JOINED, &ALL, E);
        story.comes_to(&ALL)
    })
}
