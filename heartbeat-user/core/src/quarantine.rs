//! A node that is removed again and again.
//!
//! Each return and each removal is a regroup for everybody, so that one node with a bad cable or a service that
//! dies at its start costs the whole cluster its rest. After so many removals within a time it is kept out for
//! a while, as [`Quarantine`] says. The awkward case is who decides: every member counts what it has seen itself,
//! and its reports say whom it keeps out. What a run of the agent has counted goes with it.

use alloc::vec::Vec;

use heartbeat_ebpf::time::Timestamp;

use crate::config::Quarantine;
use crate::membership::offset::Offset;
use crate::nodes::{NodeIndex, NodeSet};

/// Who is kept out, and the removals that may lead to it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Quarantined {
    terms: Quarantine,
    records: Vec<Record>,
}

/// What is remembered of one node.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
struct Record {
    /// When it was removed, oldest first; fewer than [`Quarantine::exits`].
    exits: Vec<Timestamp>,
    /// Until when it is kept out, or was.
    until: Option<Timestamp>,
}

impl Record {
    fn is_kept_out(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| now < until)
    }
}

impl Quarantined {
    /// Nobody, of so many nodes.
    pub fn new(terms: Quarantine, nodes: usize) -> Self {
        Quarantined {
            terms,
            records: alloc::vec![Record::default(); nodes],
        }
    }

    /// A node was removed without having said that it goes. Returns until when it is kept out, if it is from now
    /// on; what led to it is then forgotten. While a node is kept out, nothing is counted.
    pub fn removed(&mut self, now: Timestamp, node: NodeIndex) -> Option<Timestamp> {
        let terms = self.terms;
        let record = self.records.get_mut(node.position())?;
        if record.is_kept_out(now) {
            return None;
        }
        record.exits.retain(|exit| now.since(*exit) <= terms.within);
        record.exits.push(now);
        if record.exits.len() < terms.exits as usize {
            return None;
        }
        record.exits = Vec::new();
        record.until = Some(now.after(terms.lasting));
        record.until
    }

    /// Who is kept out at `now`.
    pub fn kept_out(&self, now: Timestamp) -> NodeSet {
        let places = self.records.iter().zip(0u16..);
        places
            .filter(|(record, _)| record.is_kept_out(now))
            .map(|(_, place)| NodeIndex(place))
            .collect()
    }

    /// When the next node is let in again; `None` while nobody is kept out.
    pub fn deadline(&self, now: Timestamp) -> Option<Timestamp> {
        let kept_out = self.records.iter().filter(|record| record.is_kept_out(now));
        kept_out.filter_map(|record| record.until).min()
    }

    /// Moves all moments.
    pub fn offset(&mut self, by: &Offset) {
        for record in &mut self.records {
            by.all(&mut record.exits);
            by.all(&mut record.until);
        }
    }

    /// The same in another configuration: what counts from now on, and by each of its nodes the place that it had
    /// before. Whoever is kept out stays so for as long as was said.
    pub fn moved(&self, terms: Quarantine, from: &[Option<NodeIndex>]) -> Self {
        let record = |old: NodeIndex| self.records.get(old.position()).cloned();
        let records = from
            .iter()
            .map(|old| old.and_then(record).unwrap_or_default());
        Quarantined {
            terms,
            records: records.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;

    const ONE: NodeIndex = NodeIndex(1);
    const TWO: NodeIndex = NodeIndex(2);

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_ns(seconds * 1_000_000_000).expect("not zero")
    }

    /// Three exits within an hour, for two hours.
    fn terms() -> Quarantine {
        Quarantine {
            exits: 3,
            within: Duration::from_secs(3600),
            lasting: Duration::from_secs(7200),
        }
    }

    fn only(node: NodeIndex) -> NodeSet {
        [node].into_iter().collect()
    }

    #[test]
    fn the_third_removal_within_an_hour_keeps_a_node_out_for_two() {
        let mut quarantined = Quarantined::new(terms(), 3);
        assert_eq!(quarantined.removed(at(1), ONE), None);
        assert_eq!(quarantined.removed(at(2), TWO), None);
        assert_eq!(quarantined.removed(at(1801), ONE), None);
        assert_eq!(quarantined.deadline(at(1801)), None);
        assert_eq!(quarantined.removed(at(3601), ONE), Some(at(10801)));
        assert_eq!(quarantined.kept_out(at(3601)), only(ONE));
        assert_eq!(quarantined.kept_out(at(10800)), only(ONE));
        assert_eq!(quarantined.deadline(at(10800)), Some(at(10801)));
        assert_eq!(quarantined.kept_out(at(10801)), NodeSet::new());
        assert_eq!(quarantined.deadline(at(10801)), None);
    }

    #[test]
    fn a_removal_more_than_an_hour_old_does_not_count() {
        let mut quarantined = Quarantined::new(terms(), 3);
        for seconds in [1, 1801, 3602, 5402, 7203] {
            assert_eq!(quarantined.removed(at(seconds), ONE), None);
        }
        assert_eq!(quarantined.removed(at(7204), ONE), Some(at(14404)));
    }

    #[test]
    fn a_quarantine_starts_the_count_again_and_is_not_prolonged() {
        let mut quarantined = Quarantined::new(
            Quarantine {
                exits: 1,
                ..terms()
            },
            3,
        );
        assert_eq!(quarantined.removed(at(1), ONE), Some(at(7201)));
        assert_eq!(quarantined.removed(at(2), ONE), None);
        assert_eq!(quarantined.deadline(at(2)), Some(at(7201)));
        let mut quarantined = quarantined.moved(terms(), &[None, Some(ONE)]);
        assert_eq!(quarantined.removed(at(7201), ONE), None);
        assert_eq!(quarantined.removed(at(7202), ONE), None);
        assert_eq!(quarantined.removed(at(7203), ONE), Some(at(14403)));
    }

    #[test]
    fn in_another_configuration_a_node_keeps_its_record_and_a_new_one_has_none() {
        let mut quarantined = Quarantined::new(terms(), 3);
        for seconds in [1, 2, 3] {
            quarantined.removed(at(seconds), TWO);
        }
        quarantined.removed(at(3), ONE);
        let mut quarantined = quarantined.moved(terms(), &[Some(TWO), None, Some(ONE)]);
        assert_eq!(quarantined.kept_out(at(4)), only(NodeIndex(0)));
        assert_eq!(quarantined.removed(at(4), TWO), None);
        assert_eq!(quarantined.removed(at(5), TWO), Some(at(7205)), "its third");
        assert_eq!(quarantined.removed(at(5), NodeIndex(3)), None, "nobody");
    }

    /// The node that was removed at the earlier moment is let in first, and is not in the way of the next.
    #[test]
    fn the_deadline_is_that_of_the_next_node_to_be_let_in() {
        let mut quarantined = Quarantined::new(
            Quarantine {
                exits: 1,
                ..terms()
            },
            3,
        );
        quarantined.removed(at(10), TWO);
        quarantined.removed(at(20), ONE);
        assert_eq!(quarantined.deadline(at(20)), Some(at(7210)));
        assert_eq!(quarantined.deadline(at(7210)), Some(at(7220)));
    }
}
