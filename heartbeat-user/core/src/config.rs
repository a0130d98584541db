//! What an operator decided, as far as verdicts depend on it.
//!
//! The file is read, checked and explained elsewhere; what arrives here is valid by construction: every
//! identity exists, every duration is in range. Addresses, keys and files are no business of the core.

use alloc::string::String;
use alloc::vec::Vec;

use heartbeat_ebpf::ids::{NetworkId, NodeId};

use crate::timing::Timing;

/// The cluster as one of its nodes judges it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    /// This node.
    pub node: NodeId,
    /// Its name.
    pub name: String,
    /// The paths from this node, in the order in which a [`PathIndex`] counts them.
    pub paths: Vec<PathConfig>,
}

/// One path: this node to one peer over one network.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PathConfig {
    /// The other end.
    pub peer: NodeId,
    /// Its name.
    pub peer_name: String,
    /// The network between.
    pub network: NetworkId,
    /// What events call it.
    pub network_label: String,
    /// How it is judged.
    pub timing: Timing,
}

/// A path's place in [`Config::paths`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PathIndex(pub u32);

impl PathIndex {
    /// As an index of a slice.
    pub const fn position(self) -> usize {
        self.0 as usize
    }
}
