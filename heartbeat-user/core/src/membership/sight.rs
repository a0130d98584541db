//! What this node's own paths say of one peer.

use heartbeat_ebpf::ids::Incarnation;
use heartbeat_ebpf::time::Timestamp;

use crate::arrival::Departure;

/// What this node's own paths say of one peer, over all networks.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Sight {
    /// The run that is heard; `None`: none yet.
    pub incarnation: Option<Incarnation>,
    /// Networks on which it is heard, network 0 of the configuration in the lowest bit.
    pub heard: u64,
    /// The same, of networks that count.
    pub counted: u64,
    /// When it is suspected if nothing more is heard of it; `None`: it was never heard.
    pub suspect_from: Option<Timestamp>,
    /// What this run has said of its going.
    pub departure: Option<Departure>,
}

impl Sight {
    /// Whether it said that it leaves.
    pub fn has_left(&self) -> bool {
        match self.departure {
            Some(Departure::Leaving) => true,
            Some(Departure::Restarting) | None => false,
        }
    }

    /// Whether it is heard on a network that counts.
    pub fn is_heard(&self) -> bool {
        self.counted != 0
    }

    /// Whether it was silent for too long.
    pub fn is_suspect(&self, now: Timestamp) -> bool {
        self.suspect_from.is_none_or(|from| from <= now)
    }
}
