//! The terms of a membership: all its times, in terms of the heartbeat.
//!
//! Detection of a dead node takes `regroup_after` heartbeats, and everything that follows must fit to that. A
//! promise ends one interval earlier, so that nobody who has missed so many heartbeats still waits for a promise
//! to end: a report may have come most of an interval after the last heartbeat. The awkward case is an
//! interval of 10 ms, at which the machines are slower than the protocol; hence the lower bounds.

use core::time::Duration;

use crate::clique;
use crate::config::{Authentication, Config, NetworkConfig, Quarantine, Role};
use crate::nodes::NodeIndex;
use crate::voters::Voters;

/// Intervals without a report after which what a node said is not used any more.
const STALE: u32 = 3;
/// The same of whom it hears.
const ROWS_STALE: u32 = 2;
/// Shortest time between two attempts at the same thing.
const ATTEMPT_MIN: Duration = Duration::from_millis(5);
/// Longest one.
const ATTEMPT_MAX: Duration = Duration::from_millis(50);

/// What a membership goes by.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Terms {
    /// This node.
    pub me: NodeIndex,
    /// How many nodes there are.
    pub nodes: usize,
    /// Who has how many votes.
    pub voters: Voters,
    /// Between two reports.
    pub interval: Duration,
    /// After a node's report no view without it is accepted for this long.
    pub promise: Duration,
    /// A promise that is held is given up so much earlier.
    pub margin: Duration,
    /// How long to wait for others to see what one node saw: as far as their verdicts of one fault lie apart.
    pub opening: Duration,
    /// What was said longer ago is not used.
    pub stale: Duration,
    /// What was said longer ago of whom somebody hears is not used: a node that stopped must not bear witness.
    pub rows_stale: Duration,
    /// Between two attempts at the same thing.
    pub attempt: Duration,
    /// How long a node is cautious after its own timing was bad: as long as suspicion takes.
    pub caution: Duration,
    /// When a node is kept out.
    pub quarantine: Option<Quarantine>,
    /// Steps that the search for the largest fully connected set may take.
    pub steps: u32,
}

impl Terms {
    /// As configured; `None` where nobody could be believed, or no network counts.
    pub fn new(config: &Config) -> Option<Self> {
        match config.authentication {
            Authentication::Key => {}
            Authentication::Off => return None,
        }
        let counting = || config.networks.iter().filter(|network| counts(network));
        let interval = counting().map(|network| network.timing.interval).min()?;
        let longest = counting().map(|network| network.timing.interval).max()?;
        let tolerance = counting()
            .map(|network| network.timing.tolerance(network.timing.interval))
            .max()?;
        let after = config.membership.regroup_after;
        Some(Terms {
            me: config.index_of(config.node)?,
            nodes: config.nodes.len(),
            voters: Voters::new(config),
            interval,
            promise: interval * after.saturating_sub(1),
            margin: tolerance.min(interval / 2),
            opening: longest + tolerance * 2,
            stale: interval * STALE,
            rows_stale: interval * ROWS_STALE + tolerance,
            attempt: (interval / 8).clamp(ATTEMPT_MIN, ATTEMPT_MAX),
            caution: longest * after + tolerance,
            quarantine: config.membership.quarantine,
            steps: clique::STEPS,
        })
    }
}

fn counts(network: &NetworkConfig) -> bool {
    match network.role {
        Role::Counts => true,
        Role::Client => false,
    }
}
