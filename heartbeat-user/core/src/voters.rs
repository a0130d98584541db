//! Who has how many votes, and which sets of nodes may act.
//!
//! Two sets that both hold more than half of the votes share a node, and that is all that keeps two halves of a
//! cluster from acting at once. The awkward case is a split exactly in half, which with two nodes is the only
//! one there is: then the half with the tie breaker goes on. Votes are counted of all configured nodes, never
//! of those that happen to be there, or each half would soon have all the votes of its own world.

use alloc::vec::Vec;

use heartbeat_ebpf::ids::NodeId;

use crate::config::Config;
use crate::nodes::{NodeIndex, NodeSet};

/// The votes of all configured nodes.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Voters {
    votes: Vec<u32>,
    total: u32,
    tie_breaker: NodeIndex,
    digest: u32,
}

impl Voters {
    /// As configured.
    pub fn new(config: &Config) -> Self {
        let tie_breaker = config.membership.tie_breaker;
        let votes: Vec<u32> = config.nodes.iter().map(|node| node.votes).collect();
        let of = config.nodes.iter().map(|node| (node.id, node.votes));
        Voters {
            total: votes.iter().sum(),
            votes,
            tie_breaker,
            digest: digest(of, config.node_at(tie_breaker).map(|node| node.id)),
        }
    }

    /// Whether these nodes may act: more than half of all votes, or exactly half and the tie breaker among them.
    pub fn is_quorum(&self, nodes: &NodeSet) -> bool {
        let twice = 2 * u64::from(self.votes_of(nodes));
        let total = u64::from(self.total);
        total < twice || (total == twice && nodes.contains(self.tie_breaker))
    }

    /// How many votes these nodes have together. A node that is not configured has none.
    pub fn votes_of(&self, nodes: &NodeSet) -> u32 {
        nodes
            .iter()
            .filter_map(|node| self.votes.get(node.position()))
            .sum()
    }

    /// The same votes where nodes have other places: `from` tells each place's old one. Votes of nodes that are
    /// gone still count, though nobody can cast them.
    pub fn moved(&self, from: &[Option<NodeIndex>]) -> Self {
        let votes = |old: &Option<NodeIndex>| {
            let old = old.and_then(|old| self.votes.get(old.position()));
            old.copied().unwrap_or(0)
        };
        let of_old = |old: &Option<NodeIndex>| *old == Some(self.tie_breaker);
        let tie_breaker = from.iter().position(of_old);
        Voters {
            votes: from.iter().map(votes).collect(),
            total: self.total,
            tie_breaker: NodeIndex(tie_breaker.map_or(u16::MAX, |place| place as u16)),
            digest: self.digest,
        }
    }

    /// Votes by node.
    pub fn votes(&self) -> &[u32] {
        &self.votes
    }

    /// All votes there are.
    pub fn total(&self) -> u32 {
        self.total
    }

    /// Who goes on when the votes split exactly in half.
    pub fn tie_breaker(&self) -> NodeIndex {
        self.tie_breaker
    }

    /// What is equal for nodes that count the same votes. Nodes without votes are not in it: one may come and go
    /// without a word about quorum. It tells an operator's mistake from another, not an attacker's work: what
    /// carries it is authentic, and 32 bits of FNV-1a are enough for that.
    pub fn digest(&self) -> u32 {
        self.digest
    }
}

/// FNV-1a over number and votes of every node that has votes, then the number of the tie breaker; big-endian.
fn digest(votes: impl Iterator<Item = (NodeId, u32)>, tie_breaker: Option<NodeId>) -> u32 {
    let mut hash = 0x811c_9dc5;
    let mut add = |bytes: &[u8]| {
        for byte in bytes {
            hash = (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
        }
    };
    for (id, votes) in votes.filter(|(_, votes)| 0 < *votes) {
        add(&id.number().to_be_bytes());
        add(&votes.to_be_bytes());
    }
    add(&tie_breaker.map_or(0, NodeId::number).to_be_bytes());
    hash
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    pub(crate) fn voters(votes: &[u32], tie_breaker: u16) -> Voters {
        let id = |place: u16| NodeId::new(place + 1).expect("not zero");
        let of = votes.iter().zip(0u16..);
        let of = of.map(|(votes, place)| (id(place), *votes));
        Voters {
            votes: votes.to_vec(),
            total: votes.iter().sum(),
            tie_breaker: NodeIndex(tie_breaker),
            digest: digest(of, Some(id(tie_breaker))),
        }
    }

    fn set(nodes: &[u16]) -> NodeSet {
        nodes.iter().map(|node| NodeIndex(*node)).collect()
    }

    #[test]
    fn of_two_nodes_the_tie_breaker_goes_on() {
        let voters = voters(&[1, 1], 1);
        assert!(voters.is_quorum(&set(&[1])));
        assert!(!voters.is_quorum(&set(&[0])));
        assert!(voters.is_quorum(&set(&[0, 1])));
    }

    #[test]
    fn a_tie_breaker_breaks_ties_and_nothing_else() {
        let voters = voters(&[1, 1, 1, 1, 1], 0);
        assert!(!voters.is_quorum(&set(&[0, 1])));
        assert!(voters.is_quorum(&set(&[2, 3, 4])));
    }

    #[test]
    fn nodes_without_votes_and_unknown_nodes_add_nothing() {
        let voters = voters(&[1, 1, 1, 0, 0], 0);
        assert!(!voters.is_quorum(&set(&[0, 3, 4, 9])));
        assert_eq!(voters.votes_of(&set(&[0, 3, 4, 9])), 1);
    }

    #[test]
    fn the_digest_tells_votes_and_tie_breakers_apart_and_nothing_else() {
        let digest = |votes: &[u32], tie_breaker| voters(votes, tie_breaker).digest();
        assert_eq!(digest(&[1, 1, 0], 0), digest(&[1, 1], 0));
        assert_ne!(digest(&[1, 1], 0), digest(&[1, 1], 1));
        assert_ne!(digest(&[1, 2], 0), digest(&[2, 1], 0));
        assert_ne!(digest(&[1, 1, 1], 0), digest(&[1, 1], 0));
    }

    #[test]
    fn the_digest_of_a_cluster_does_not_change_from_release_to_release() {
        assert_eq!(voters(&[1, 1, 1], 0).digest(), 0x48fa_d3a5);
    }

    proptest! {
        /// Two sets without a common node are never both a quorum, and all nodes together always are.
        #[test]
        fn two_quorums_share_a_node(
            votes in proptest::collection::vec(0u32..=100, 1..8),
            one in any::<u8>(),
            tie_breaker in 0usize..8,
        ) {
            prop_assume!(votes.iter().sum::<u32>() != 0);
            let voters = voters(&votes, (tie_breaker % votes.len()) as u16);
            let all = NodeSet::first(votes.len());
            let side: NodeSet = all.iter().filter(|node| one >> node.0 & 1 == 1).collect();
            let other = all.without(&side);
            prop_assert!(voters.is_quorum(&all));
            prop_assert!(voters.is_quorum(&side) != voters.is_quorum(&other));
        }
    }
}
