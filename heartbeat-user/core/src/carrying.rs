//! Which path carries messages to a peer.
//!
//! Of several networks one is preferred by the operator, and while it works all messages go there. The awkward
//! case is the interval between a cut and its verdict: for as long as the detection time the path is up, and
//! whatever is sent there is gone. So the first heartbeat that is missed already puts a path behind those that
//! miss nothing; and as a cut may be one-way, so does a peer's word that it does not hear us there. Only among
//! paths that the operator thinks equal does it matter how well each has carried heartbeats lately.

use core::cmp::Reverse;

use heartbeat_ebpf::ids::NetworkId;
use heartbeat_ebpf::time::Timestamp;

use crate::config::{NetworkConfig, PathIndex, Role};
use crate::path::{Path, PathState};

mod health;

pub use health::{Condition, Health};

/// One path that might carry messages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Carrier {
    /// Which.
    pub path: PathIndex,
    /// Its network's number.
    pub network: NetworkId,
    /// What its network counts for.
    pub role: Role,
    /// Its network's priority, the lowest first.
    pub priority: u16,
    /// Whether the peer is heard on it.
    pub hearing: Hearing,
    /// Whether the peer hears us on its network.
    pub heard: Heard,
    /// How well it has carried heartbeats lately.
    pub condition: Condition,
}

/// Whether a peer is heard on a path, the best last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Hearing {
    /// It is not up.
    Silent,
    /// It is up, but its newest heartbeat has not come in time.
    Doubtful,
    /// It is up and misses nothing.
    Certain,
}

/// Whether a peer says that it hears us on a network, the best last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Heard {
    /// It says that it does not.
    No,
    /// There is no fresh word of it.
    Unknown,
    /// It says so.
    Yes,
}

impl Carrier {
    /// A path as it stands at `now`.
    pub fn new(
        now: Timestamp,
        index: PathIndex,
        path: &Path,
        network: &NetworkConfig,
        heard: Heard,
        health: &Health,
    ) -> Self {
        Carrier {
            path: index,
            network: network.id,
            role: network.role,
            priority: network.priority,
            hearing: hearing(now, path),
            heard,
            condition: health.condition(),
        }
    }
}

fn hearing(now: Timestamp, path: &Path) -> Hearing {
    let missed = path.first_miss().is_some_and(|due| due < now);
    match path.state() {
        PathState::Up if missed => Hearing::Doubtful,
        PathState::Up => Hearing::Certain,
        PathState::Unknown
        | PathState::Lost { .. }
        | PathState::Restarting { .. }
        | PathState::Left { .. } => Hearing::Silent,
    }
}

/// The best of a peer's paths; `None` if none is on a network that counts. The best of paths that are all lost
/// is still one: what is sent there may arrive, and what is not sent does not.
pub fn best(carriers: impl IntoIterator<Item = Carrier>) -> Option<PathIndex> {
    let counts = |carrier: &Carrier| match carrier.role {
        Role::Counts => true,
        Role::Client => false,
    };
    let order = |carrier: &Carrier| {
        (
            Reverse((carrier.hearing, carrier.heard)),
            carrier.priority,
            carrier.condition,
            carrier.network,
        )
    };
    let carriers = carriers.into_iter().filter(counts);
    carriers.min_by_key(order).map(|carrier| carrier.path)
}

#[cfg(test)]
mod tests;
