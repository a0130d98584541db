//! Placeholder until the real one lands.
use crate::config::Quarantine;
use crate::nodes::{NodeIndex, NodeSet};
use alloc::vec::Vec;
use heartbeat_ebpf::time::Timestamp;
/// Q.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Quarantined {
    terms: Quarantine,
    exits: Vec<Vec<Timestamp>>,
    until: Vec<Option<Timestamp>>,
}
impl Quarantined {
    /// n
    pub fn new(terms: Quarantine, nodes: usize) -> Self {
        Quarantined {
            terms,
            exits: alloc::vec![Vec::new(); nodes],
            until: alloc::vec![None; nodes],
        }
    }
    /// r
    pub fn removed(&mut self, _now: Timestamp, _node: NodeIndex) -> Option<Timestamp> {
        None
    }
    /// k
    pub fn kept_out(&self, _now: Timestamp) -> NodeSet {
        NodeSet::new()
    }
    /// d
    pub fn deadline(&self) -> Option<Timestamp> {
        None
    }
    /// m
    pub fn moved(&self, terms: Quarantine, from: &[Option<NodeIndex>]) -> Self {
        Quarantined::new(terms, from.len())
    }
}
