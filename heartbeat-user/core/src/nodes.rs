//! Sets of nodes: who is heard, who is a member, who has accepted.
//!
//! A cluster's view is a matrix of who hears whom, and every question asked of it is one about sets. The
//! awkward case is scale at both ends: a thousand nodes must fit, while a simulator copies the sets of five
//! nodes a million times. So the first 64 nodes lie in one word, and only a larger cluster allocates.

use alloc::vec::Vec;

/// A node's place in [`Config::nodes`](crate::config::Config::nodes).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct NodeIndex(pub u16);

impl NodeIndex {
    /// As an index of a slice.
    pub const fn position(self) -> usize {
        self.0 as usize
    }
}

/// A set of nodes of one configuration. Equal sets are equal values, whatever they held before.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct NodeSet {
    low: u64,
    /// Words from the second on; the last of them is not zero.
    high: Vec<u64>,
}

const BITS: usize = u64::BITS as usize;

impl NodeSet {
    /// No node.
    pub const fn new() -> Self {
        NodeSet {
            low: 0,
            high: Vec::new(),
        }
    }

    /// The first `count` nodes.
    pub fn first(count: usize) -> Self {
        (0..count).map(|index| NodeIndex(index as u16)).collect()
    }

    /// Whether it has no node.
    pub fn is_empty(&self) -> bool {
        self.low == 0 && self.high.is_empty()
    }

    /// How many nodes.
    pub fn len(&self) -> usize {
        let ones = self.words().map(u64::count_ones);
        ones.sum::<u32>() as usize
    }

    /// Whether a node is in it.
    pub fn contains(&self, node: NodeIndex) -> bool {
        self.word(node.position() / BITS) >> (node.position() % BITS) & 1 == 1
    }

    /// Puts a node in. Says whether that is a change.
    pub fn insert(&mut self, node: NodeIndex) -> bool {
        let place = node.position() / BITS;
        if self.high.len() < place {
            self.high.resize(place, 0);
        }
        let word = self.word_mut(place);
        let before = *word;
        *word |= 1 << (node.position() % BITS);
        before != *word
    }

    /// Takes a node out. Says whether that is a change.
    pub fn remove(&mut self, node: NodeIndex) -> bool {
        let held = self.contains(node);
        if held {
            *self.word_mut(node.position() / BITS) &= !(1 << (node.position() % BITS));
            self.trim();
        }
        held
    }

    /// Puts a node in or takes it out. Says whether that is a change.
    pub fn set(&mut self, node: NodeIndex, member: Membership) -> bool {
        match member {
            Membership::In => self.insert(node),
            Membership::Out => self.remove(node),
        }
    }

    /// Nodes of both.
    pub fn and(&self, other: &NodeSet) -> NodeSet {
        self.combine(other, |one, two| one & two)
    }

    /// Nodes of either.
    pub fn or(&self, other: &NodeSet) -> NodeSet {
        self.combine(other, |one, two| one | two)
    }

    /// Nodes of this one that are not in the other.
    pub fn without(&self, other: &NodeSet) -> NodeSet {
        self.combine(other, |one, two| one & !two)
    }

    /// Whether every node of this one is in the other.
    pub fn is_subset(&self, other: &NodeSet) -> bool {
        let mut words = self.words().enumerate();
        words.all(|(place, word)| word & !other.word(place) == 0)
    }

    /// The first node.
    pub fn lowest(&self) -> Option<NodeIndex> {
        self.iter().next()
    }

    /// Its nodes, in order.
    pub fn iter(&self) -> impl Iterator<Item = NodeIndex> + '_ {
        self.words().enumerate().flat_map(|(place, word)| {
            Ones(word).map(move |bit| NodeIndex((place * BITS + bit) as u16))
        })
    }

    /// Its words, node 0 in the lowest bit of the first; for the wire.
    pub fn words(&self) -> impl Iterator<Item = u64> + '_ {
        core::iter::once(self.low).chain(self.high.iter().copied())
    }

    fn word(&self, place: usize) -> u64 {
        match place.checked_sub(1) {
            None => self.low,
            Some(place) => self.high.get(place).copied().unwrap_or(0),
        }
    }

    fn word_mut(&mut self, place: usize) -> &mut u64 {
        match place.checked_sub(1) {
            None => &mut self.low,
            Some(place) => &mut self.high[place],
        }
    }

    fn trim(&mut self) {
        while self.high.last() == Some(&0) {
            self.high.pop();
        }
    }

    fn combine(&self, other: &NodeSet, with: impl Fn(u64, u64) -> u64) -> NodeSet {
        let words = self.high.len().max(other.high.len());
        let high = (1..=words).map(|place| with(self.word(place), other.word(place)));
        let mut combined = NodeSet {
            low: with(self.low, other.low),
            high: high.collect(),
        };
        combined.trim();
        combined
    }
}

impl FromIterator<NodeIndex> for NodeSet {
    fn from_iter<I: IntoIterator<Item = NodeIndex>>(nodes: I) -> Self {
        let mut set = NodeSet::new();
        for node in nodes {
            set.insert(node);
        }
        set
    }
}

/// Whether a node is in a set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Membership {
    /// It is.
    In,
    /// It is not.
    Out,
}

/// The places of the ones in a word, lowest first.
struct Ones(u64);

impl Iterator for Ones {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        (self.0 != 0).then(|| {
            let bit = self.0.trailing_zeros();
            self.0 &= self.0 - 1;
            bit as usize
        })
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn set(nodes: &BTreeSet<u16>) -> NodeSet {
        nodes.iter().map(|node| NodeIndex(*node)).collect()
    }

    fn nodes() -> impl Strategy<Value = BTreeSet<u16>> {
        proptest::collection::btree_set(0u16..200, 0..12)
    }

    proptest! {
        #[test]
        fn it_does_what_a_set_of_numbers_does(one in nodes(), two in nodes(), node in 0u16..200) {
            let (a, b) = (set(&one), set(&two));
            prop_assert_eq!(a.and(&b), set(&one.intersection(&two).copied().collect()));
            prop_assert_eq!(a.or(&b), set(&one.union(&two).copied().collect()));
            prop_assert_eq!(a.without(&b), set(&one.difference(&two).copied().collect()));
            prop_assert_eq!(a.is_subset(&b), one.is_subset(&two));
            prop_assert_eq!(a.len(), one.len());
            prop_assert_eq!(a.lowest().map(|node| node.0), one.first().copied());
            prop_assert_eq!(a.contains(NodeIndex(node)), one.contains(&node));
            let mut less = a.clone();
            prop_assert_eq!(less.remove(NodeIndex(node)), one.contains(&node));
            prop_assert_eq!(less.insert(NodeIndex(node)), true);
            prop_assert_eq!(less, a.or(&[NodeIndex(node)].into_iter().collect()));
        }
    }
}
