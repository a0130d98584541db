//! Two nodes that do not hear each other on any network, while all others hear both.
//!
//! No view can have both. Which of them stays is decided once: a node that is in and out by turns would be worse
//! than either.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use heartbeat_tests::lab::cut::Deaf;
use heartbeat_tests::lab::event::{
    INTERFACE_UNREACHABLE, INTERFACE_UP, MEMBER_JOINED, MEMBER_REMOVED, NETWORK_PARTITIONED,
    NETWORK_UP, PATH_LOST, PATH_RESTORED, QUORUM_LOST,
};
use heartbeat_tests::lab::interrupt;
use heartbeat_tests::suite::{Test, is_long};

use super::{A, B, C, D, Node, QUIET, REGROUP_LATE, Story, paths, plan, tell};

pub const TESTS: &[Test] = &[
    (
        "of two nodes that do not hear each other at all one stays a member",
        both_ways,
    ),
    (
        "a node that can't hear one other is removed once, and then nothing changes",
        one_way,
    ),
];

/// All but the one that goes: of two sets of three votes the one with the lower numbers.
const STAY: [Node; 3] = [A, B, D];
const FOUR: [Node; 4] = [A, B, C, D];
/// How long nothing may change.
const LONG: Duration = Duration::from_secs(60);
/// The same where somebody has the time, with `cargo xtask test --long`.
const LONGER: Duration = Duration::from_secs(600);

fn both_ways() -> Result<()> {
    tell(plan(4).regroup_after(REGROUP_LATE), |story| {
        let cut = story.cut(Deaf::Both)?;
        ensure!(0 < cut.heal()?.dropped, "the switches dropped nothing");
        story.mended(Deaf::Both)
    })
}

fn one_way() -> Result<()> {
    tell(plan(4).regroup_after(REGROUP_LATE), |story| {
        let before = story.lab.view(A)?.epoch;
        let cut = story.cut(Deaf::Second)?;
        let mut epochs = story.epochs_for(QUIET)?;
        let limit = if is_long() { LONGER } else { LONG };
        let settled = story.epochs_for(limit)?;
        ensure!(settled.len() == 1, "it went on changing: {settled:?}");
        epochs.extend(settled);
        let last = epochs.last().copied().unwrap_or_default();
        ensure!(
            last <= before + 2,
            "from view {before} to {last} for one fault"
        );
        story.comes_to(&STAY)?;
        ensure!(0 < cut.heal()?.dropped, "the switches dropped nothing");
        story.mended(Deaf::Second)
    })
}

impl Story<'_> {
    fn cut(&mut self, deaf: Deaf) -> Result<heartbeat_tests::lab::fault::Fault> {
        let networks = self.lab.plan().all_networks();
        let cut = self.lab.cut(&[B], &[C], deaf, networks)?;
        self.cut_paths(PATH_LOST, deaf);
        for network in self.lab.plan().all_networks() {
            for node in [B, C] {
                self.account
                    .interface(INTERFACE_UNREACHABLE, &FOUR, node, network);
            }
            self.account
                .network(NETWORK_PARTITIONED, &FOUR, network)
                .network(NETWORK_UP, &STAY, network)
                .interface(INTERFACE_UP, &STAY, B, network);
        }
        self.account
            .node(MEMBER_REMOVED, &STAY, C)
            .node(QUORUM_LOST, &[C], C);
        self.comes_to(&STAY)?;
        Ok(cut)
    }

    fn mended(&mut self, deaf: Deaf) -> Result<()> {
        self.cut_paths(PATH_RESTORED, deaf);
        for network in self.lab.plan().all_networks() {
            self.account
                .interface(INTERFACE_UP, &FOUR, C, network)
                .interface(INTERFACE_UP, &[C], B, network)
                .network(NETWORK_UP, &[C], network);
        }
        self.account.node(MEMBER_JOINED, &FOUR, C);
        self.comes_to(&FOUR)
    }

    fn cut_paths(&mut self, id: u32, deaf: Deaf) {
        let plan = self.lab.plan().clone();
        self.account.paths(id, paths(&plan, &[C], &[B]));
        match deaf {
            Deaf::Second => {}
            Deaf::Both => {
                self.account.paths(id, paths(&plan, &[B], &[C]));
            }
        }
    }

    /// Every number of a view that those who stay export within this time.
    fn epochs_for(&self, time: Duration) -> Result<BTreeSet<u64>> {
        let end = Instant::now() + time;
        let mut epochs = BTreeSet::new();
        while Instant::now() < end {
            for node in STAY {
                epochs.insert(self.lab.view(node)?.epoch);
            }
            interrupt::sleep(Duration::from_millis(200))?;
        }
        Ok(epochs)
    }
}
