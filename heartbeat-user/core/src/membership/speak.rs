//! Reporting how things stand: on change at once, and every interval.
//!
//! The awkward case is sixty reports that arrive within a millisecond and each change something: answering
//! every one with a report to sixty nodes would be a storm. So two reports are never closer than a few
//! milliseconds, and the second says it all.

use core::time::Duration;

use heartbeat_ebpf::time::Timestamp;

use super::offset::Offset;
use super::{Membership, Outcome, Post};
use crate::action::Over;
use crate::message::{Message, Report};
use crate::nodes::{NodeIndex, NodeSet};
use crate::regroup::Stage;
use crate::terms::Terms;

/// Reports while a regroup is under way, in attempts.
const URGENT: u32 = 4;
/// A regroup that takes longer than so many openings is waiting for something that haste does not bring.
const OPENINGS: u32 = 4;

/// When to report.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Pace {
    last: Option<Timestamp>,
    begun: Timestamp,
    hurried: bool,
    urgent: bool,
    /// The shortest promise that others make, if one is shorter than ours.
    promise: Option<Duration>,
}

impl Pace {
    pub fn new(begun: Timestamp) -> Self {
        Pace {
            last: None,
            begun,
            hurried: false,
            urgent: false,
            promise: None,
        }
    }

    /// Something has changed that others should know.
    pub fn hurry(&mut self) {
        self.hurried = true;
    }

    /// When the next report is due.
    pub fn due(&self, terms: &Terms) -> Timestamp {
        let rest = if self.hurried {
            gap(terms)
        } else if self.urgent {
            terms.attempt * URGENT
        } else {
            terms.interval
        };
        let promise = self
            .promise
            .map_or(terms.promise, |least| least.min(terms.promise));
        let rest = rest.min(terms.interval).min(promise / 4);
        self.last.map_or(self.begun, |last| last.after(rest))
    }

    /// Moves its moments.
    pub fn offset(&mut self, by: &Offset) {
        by.all(&mut self.last);
        by.all([&mut self.begun]);
    }
}

/// Shortest time between two reports.
fn gap(terms: &Terms) -> Duration {
    (terms.interval / 100).clamp(Duration::from_millis(1), Duration::from_millis(5))
}

impl Membership {
    /// Reports, if it is time to.
    pub(super) fn speak(&mut self, now: Timestamp, out: &mut Outcome) {
        let stage = self.regroup.stage();
        if self.regroup.has_news() {
            self.pace.hurry();
        }
        let recent = now.since(self.regroup.since()) < self.terms.opening * OPENINGS;
        self.pace.urgent = stage != Stage::Stabilized && recent;
        if now < self.pace.due(&self.terms) {
            return;
        }
        let places = (0..self.terms.nodes).map(|place| NodeIndex(place as u16));
        let promises = places.filter_map(|node| self.fresh(node, now));
        self.pace.promise = promises.map(|report| report.promise).min();
        self.pace.last = Some(now);
        self.pace.hurried = false;
        self.regroup.reported();
        let nodes = (0..self.terms.nodes).map(|place| NodeIndex(place as u16));
        let heard = |node: &NodeIndex| {
            *node != self.terms.me && self.sights[node.position()].incarnation.is_some()
        };
        let to: NodeSet = nodes.filter(heard).collect();
        if to.is_empty() {
            return;
        }
        out.posts.push(Post {
            to,
            over: if self.pace.urgent {
                Over::All
            } else {
                Over::Best
            },
            message: Message::Report(self.report(now)),
        });
    }

    pub(super) fn report(&self, now: Timestamp) -> Report {
        Report {
            stamp: now.ns(),
            echoes: self.leases.answers().to_vec(),
            promise: self.terms.promise,
            voters: self.terms.voters.digest(),
            promised: self.promised,
            view: self.installed.as_ref().map(|view| (view.epoch, view.set())),
            stage: self.regroup.stage(),
            reaches: self.reaches.clone(),
            quarantined: self.quarantined(now),
            caution: self.caution(),
            rows: self.rows.clone(),
        }
    }
}
