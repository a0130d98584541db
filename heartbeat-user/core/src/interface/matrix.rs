//! Who hears whom on one network.
//!
//! The awkward case is scale: on a network of 256 nodes each report could mean a look at 32 000 pairs, in the
//! very moment in which all of them report. What is missed is next to nothing on a network that works, so
//! pairs are found from what is missed, and rows are compared by words.

use alloc::vec;
use alloc::vec::Vec;

use crate::message::Row;
use crate::nodes::{NodeIndex, NodeSet};

/// What is known of one network.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a> {
    /// The nodes that have an interface on it.
    pub attached: &'a NodeSet,
    /// The nodes that should be there: members of the view, else nodes heard of that did not leave. This node
    /// is one of them. A node that is cut off keeps those it had: alone, it would find the network up.
    pub available: &'a NodeSet,
    /// What each node reports of it, by [`NodeIndex`]; `None` or past the end: nothing fresh. A report is
    /// fresh for no longer than a path goes on without a heartbeat, lest a node that stopped bears witness.
    pub rows: &'a [Option<&'a Row>],
}

/// Whether one node hears another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Hears {
    /// It says that it does.
    Yes,
    /// It says that it does not.
    No,
    /// It says nothing.
    Unknown,
}

impl<'a> Matrix<'a> {
    /// Whether `hearer` hears `sender`: one direction, as reports tell it. A node is not asked of itself.
    pub fn hears(&self, hearer: NodeIndex, sender: NodeIndex) -> Hears {
        match self.row(hearer) {
            None => Hears::Unknown,
            Some(row) if row.heard.contains(sender) => Hears::Yes,
            Some(_) => Hears::No,
        }
    }

    /// What a node reports.
    pub(super) fn row(&self, node: NodeIndex) -> Option<&'a Row> {
        *self.rows.get(node.position())?
    }

    /// Whether a node says itself that it hears none of those who should be there.
    pub(super) fn hears_nobody(&self, node: NodeIndex) -> bool {
        let others = self.others(node);
        self.row(node)
            .is_some_and(|row| row.heard.and(&others).is_empty())
    }

    /// Compares the rows.
    pub(super) fn pairs(&self) -> Pairs {
        let present = self.attached.and(self.available);
        let (reporting, broken) = (self.reporting(&present), self.broken(&present));
        let reached = |node: NodeIndex| {
            let known = match self.row(node) {
                Some(_) => &present,
                None => &reporting,
            };
            let mut reached = known.without(&broken[node.position()]);
            reached.remove(node);
            reached
        };
        let alone = |node: &NodeIndex| reached(*node).is_empty();
        let isolated = present.iter().filter(alone).collect();
        Pairs {
            present,
            reporting,
            isolated,
            broken,
        }
    }

    fn reporting(&self, present: &NodeSet) -> NodeSet {
        let reports = |node: &NodeIndex| self.row(*node).is_some();
        present.iter().filter(reports).collect()
    }

    /// By node: those it is not connected with, by its own word or by theirs.
    fn broken(&self, present: &NodeSet) -> Vec<NodeSet> {
        let places = present.iter().last();
        let mut broken = vec![NodeSet::new(); places.map_or(0, |last| last.position() + 1)];
        for hearer in present.iter() {
            let Some(row) = self.row(hearer) else {
                continue;
            };
            let mut missed = present.without(&row.heard);
            missed.remove(hearer);
            for sender in missed.iter() {
                broken[sender.position()].insert(hearer);
                broken[hearer.position()].insert(sender);
            }
        }
        broken
    }

    fn others(&self, node: NodeIndex) -> NodeSet {
        let mut others = self.attached.and(self.available);
        others.remove(node);
        others
    }
}

/// Which pairs of interfaces are connected. Where one end says nothing the other's word counts; of two that
/// say nothing, nothing is known.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Pairs {
    /// Nodes whose interfaces are judged.
    pub present: NodeSet,
    /// Those of them that report.
    pub reporting: NodeSet,
    /// Those of them that are known to be connected with nobody.
    pub isolated: NodeSet,
    broken: Vec<NodeSet>,
}

impl Pairs {
    /// Nodes that a node is known not to be connected with.
    pub fn broken(&self, node: NodeIndex) -> &NodeSet {
        &self.broken[node.position()]
    }

    /// Whether any pair is.
    pub fn connected(&self) -> bool {
        self.isolated.len() < self.present.len()
    }
}
