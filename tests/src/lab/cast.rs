//! Who plays in the stories that tests tell: nodes and networks by the names that their events show.

use super::plan::{Network, Node};

/// node-a, from whose side most stories are told.
pub const A: Node = Node(0);
/// node-b, to whom most things happen.
pub const B: Node = Node(1);
/// node-c, who has no part in it and is to be accused of nothing.
pub const C: Node = Node(2);
/// node-d.
pub const D: Node = Node(3);
/// node-e.
pub const E: Node = Node(4);
/// The first network of [`two_networks`](super::plan::Plan::two_networks).
pub const PRIVATE: Network = Network(0);
/// The second.
pub const PUBLIC: Network = Network(1);
/// The third of [`three_networks`](super::plan::Plan::three_networks), which counts for nothing.
pub const CLIENT: Network = Network(2);
