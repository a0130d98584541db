//! Who is a member: nodes that go, that come back, that can't hear each other, and clusters that come apart.
//!
//! Every story says all that the agents may tell, and ends in one view that all its members act by. What is told of
//! a removal has an order: what is wrong with a node's interfaces comes before that it was removed.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use heartbeat_tests::lab::account::Account;
pub use heartbeat_tests::lab::cast::{A, B, C, D, E, PRIVATE};
use heartbeat_tests::lab::feed::Feed;
use heartbeat_tests::lab::plan::{Node, Plan};
use heartbeat_tests::lab::transcript::Path;
use heartbeat_tests::lab::{Lab, requirements};
use heartbeat_tests::suite::{Suite, in_agreed_lab};

mod announced;
mod forming;
mod pairs;
mod silent;
mod split;

const INTERVAL: Duration = Duration::from_millis(100);
const LOST_AFTER: u32 = 3;
const REGROUP_AFTER: u32 = 6;
/// The same where states have to settle before a node is removed, on a busy machine too.
const REGROUP_LATE: u32 = 12;
/// Longer than the tools of a busy machine take to mend three networks.
const SETTLE: Duration = Duration::from_millis(300);
/// What may pass until something happens on a busy machine.
const LIMIT: Duration = Duration::from_secs(15);
/// How long nothing else may come: many times as long as a regroup takes.
const QUIET: Duration = Duration::from_secs(2);
const ALL: [Node; 5] = [A, B, C, D, E];

fn main() -> ExitCode {
    Suite {
        missing: requirements::missing_for_agents,
        threads: 3,
        tests: &[
            forming::TESTS,
            silent::TESTS,
            announced::TESTS,
            split::TESTS,
            pairs::TESTS,
        ],
    }
    .run()
}

fn plan(nodes: usize) -> Plan {
    Plan::nodes(nodes)
        .three_networks()
        .timing(INTERVAL, LOST_AFTER)
        .regroup_after(REGROUP_AFTER)
        .settle(SETTLE)
}

/// A story while it is told.
struct Story<'a> {
    lab: &'a mut Lab,
    feed: Feed,
    account: Account,
}

/// Tells a story that begins with one view of all nodes, and ends so.
fn tell(plan: Plan, story: impl FnOnce(&mut Story<'_>) -> Result<()>) -> Result<()> {
    in_agreed_lab(plan, |lab| {
        let mut story_of_lab = Story {
            feed: Feed::whole(lab)?,
            account: Account::new(lab.plan()),
            lab,
        };
        story(&mut story_of_lab)?;
        story_of_lab.lab.wait_all_well(LIMIT).map(drop)
    })
}

impl Story<'_> {
    /// Waits until the account is told, nothing else, and these nodes act by one view of them alone.
    fn comes_to(&mut self, members: &[Node]) -> Result<()> {
        self.feed.wait_for_account(&self.account, LIMIT, QUIET)?;
        self.lab.wait_for_view(members, LIMIT).map(drop)
    }
}

/// The paths on which these nodes hear those, on all networks.
fn paths(plan: &Plan, observers: &[Node], peers: &[Node]) -> Vec<Path> {
    let mut paths = Vec::new();
    for network in plan.all_networks() {
        for observer in observers {
            let others = peers.iter().filter(|peer| *peer != observer);
            paths.extend(others.map(|peer| plan.path(*observer, *peer, network)));
        }
    }
    paths
}
