//! Times of the model: few, short, and multiples of one step.
//!
//! What matters is how the times of the protocol lie to each other, not how long they are. A promise ends before
//! suspicion begins; a host that answers is waited for longer; opening is the shortest. The awkward case is what
//! has happened long ago: for a time that exceeds everything that is waited for, it is told apart.

use std::time::Duration;

use heartbeat_core::config::{Authentication, Config, MembershipConfig, NodeConfig, Settle};
use heartbeat_core::membership::offset::Offset;
use heartbeat_core::nodes::NodeIndex;
use heartbeat_core::terms::Terms;
use heartbeat_core::voters::Voters;
use heartbeat_ebpf::ids::NodeId;
use heartbeat_ebpf::time::Timestamp;

/// One step of time: the interval between heartbeats and between reports.
pub const STEP: Duration = Duration::from_millis(100);
/// A node that was silent for longer than this is not heard.
pub const MISSED: Duration = steps(1);
/// A node is suspected after so long a silence,
pub const SUSPICION: Duration = steps(4);
/// or this one, if its kernel still answers.
pub const STALLED: Duration = steps(7);
/// An answer of a kernel speaks for it for so long.
pub const ANSWER: Duration = steps(2);
/// After a report no view without its sender is accepted for so long.
pub const PROMISE: Duration = steps(3);
/// A node that restarts is waited for.
pub const GRACE: Duration = steps(2);
/// A message that is late comes within this time, or never.
pub const LIFE: Duration = steps(4);
/// What is older makes no difference.
const REACH: Duration = steps(16);

const fn steps(count: u64) -> Duration {
    Duration::from_millis(100 * count)
}

/// Now, in every state.
pub fn now() -> Timestamp {
    Timestamp::from_ns(steps(1000).as_nanos() as u64).expect("not zero")
}

/// Now, a step later, until everything is moved back.
pub fn next() -> Timestamp {
    now().after(STEP)
}

/// A moment so long ago.
pub fn before(span: Duration) -> Timestamp {
    let ns = now().ns() - span.as_nanos() as u64;
    Timestamp::from_ns(ns).expect("the clock has run for longer")
}

/// Moves the next moment back to now.
pub fn back() -> Offset {
    Offset::new(next(), now(), REACH).expect("the reach is shorter than the time before now")
}

/// What one of so many nodes goes by.
pub fn terms(me: usize, nodes: usize) -> Terms {
    Terms {
        me: index(me),
        nodes,
        voters: voters(nodes, None),
        interval: STEP,
        promise: PROMISE,
        margin: Duration::ZERO,
        opening: STEP,
        stale: steps(2),
        rows_stale: steps(2),
        attempt: STEP,
        caution: SUSPICION,
        quarantine: None,
        steps: heartbeat_core::clique::STEPS,
    }
}

/// A node's place.
pub fn index(node: usize) -> NodeIndex {
    NodeIndex(node as u16)
}

/// Everybody has one vote, and the first node breaks ties; unless one counts more votes for itself than there are.
pub fn voters(nodes: usize, greedy: Option<usize>) -> Voters {
    let votes = |node| if greedy == Some(node) { nodes + 1 } else { 1 };
    Voters::new(&config((0..nodes).map(votes)))
}

/// As much of a configuration as makes voters.
fn config(votes: impl Iterator<Item = usize>) -> Config {
    let id = |node: u16| NodeId::new(node + 1).expect("not zero");
    let node = |(place, votes)| NodeConfig {
        id: id(place),
        name: String::new(),
        votes: votes as u32,
    };
    Config {
        node: id(0),
        name: String::new(),
        authentication: Authentication::Key,
        digest: 0,
        restart_grace: GRACE,
        nodes: (0u16..).zip(votes).map(node).collect(),
        membership: MembershipConfig {
            regroup_after: 4,
            tie_breaker: index(0),
            stalled_after: STALLED,
            quarantine: None,
            settle: Settle::Auto,
        },
        networks: Vec::new(),
        paths: Vec::new(),
    }
}
