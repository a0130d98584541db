//! Who hears whom on each network, as this node and the others say.
//!
//! The awkward case is a row of a node that has gone: for as long as it is used, its author seems to hear
//! everybody. So rows are used for a shorter time than the rest of a report.

use alloc::vec::Vec;

use heartbeat_ebpf::ids::NetworkId;
use heartbeat_ebpf::time::Timestamp;

use super::Membership;
use crate::message::Row;
use crate::nodes::{NodeIndex, NodeSet};

impl Membership {
    /// What is known of a network, by node: this node's own row, and those of reports that are fresh enough.
    pub fn rows(&self, now: Timestamp, network: NetworkId) -> Vec<Option<&Row>> {
        let of = |rows: &'_ [Row]| rows.iter().position(|row| row.network == network);
        let row = |node: NodeIndex| {
            if node == self.terms.me {
                return of(&self.rows).map(|at| &self.rows[at]);
            }
            let report = self.said_within(node, now, self.terms.rows_stale)?;
            of(&report.rows).map(|at| &report.rows[at])
        };
        (0..self.terms.nodes)
            .map(|place| row(NodeIndex(place as u16)))
            .collect()
    }

    /// Whether a node says that it hears this one on a network; `None`: it has said nothing lately.
    pub fn hears_us(&self, now: Timestamp, node: NodeIndex, network: NetworkId) -> Option<bool> {
        let report = self.said_within(node, now, self.terms.rows_stale)?;
        let row = report.rows.iter().find(|row| row.network == network)?;
        Some(row.heard.contains(self.terms.me))
    }

    /// Whom this node hears on the network with this place.
    pub fn heard_on(&self, network: usize) -> NodeSet {
        let sights = self.sights.iter().enumerate();
        sights
            .filter(|(_, sight)| sight.heard >> network & 1 == 1)
            .map(|(place, _)| NodeIndex(place as u16))
            .collect()
    }

    /// This node's own row of the network with this place.
    pub fn own_row(&self, network: usize) -> Option<&Row> {
        self.rows.get(network)
    }

    /// What this node hears on its networks, by place.
    pub fn show(&mut self, rows: Vec<Row>) {
        if rows != self.rows {
            self.rows = rows;
            self.pace.hurry();
            self.stirred = true;
        }
    }
}
