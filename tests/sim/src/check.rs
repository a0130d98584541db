//! What must always hold, looked at after every step.
//!
//! | property | |
//! |---|---|
//! | S1 | one epoch, one set of members: no two views have the same number |
//! | S2 | every two members of a newly installed view have lately heard each other on a network that counts |
//! | S3 | a node that is not in the newest quorate view does not count itself quorate |
//! | S4 | at any instant at most one view is acted by with quorum, and on each node views only get newer |
//! | S5 | nobody is removed whom every member heard, and who heard every member, within the suspicion time |
//! | S6 | nothing of a node that is no member is taken as a member's |
//! | E1 | 1123 tells of a true silence |
//! | E2 | 1135 comes after 1126 or 1127 on each network |
//! | E3 | 1177 comes only after this run had quorum |
//! | E4 | 334313 tells of a path that truly lost heartbeats or got them late |
//! | L1 | once nothing is wrong any more, all who are there are in one view, and in time |
//!
//! The checkers know the truth (`truth`) and what each core says of itself, never how it came to say so; so
//! whatever else drives cores can use them as they are.

use std::collections::BTreeMap;
use std::fmt;

use heartbeat_core::arrival::Departure;
use heartbeat_core::node::Node;
use heartbeat_core::nodes::{NodeIndex, NodeSet};
use heartbeat_core::view::{Epoch, View};
use heartbeat_core::{Incarnation, Timestamp};

use crate::shape::Shape;
use crate::transcript::described;
use crate::truth::Truth;

mod events;
mod pairs;

pub use events::Told;

/// What must hold.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[expect(missing_docs, reason = "the module's documentation says what they are")]
pub enum Property {
    S1,
    S2,
    S3,
    S4,
    S5,
    S6,
    E1,
    E2,
    E3,
    E4,
    L1,
}

impl Property {
    /// All of them.
    pub const ALL: [Property; 11] = [
        Property::S1,
        Property::S2,
        Property::S3,
        Property::S4,
        Property::S5,
        Property::S6,
        Property::E1,
        Property::E2,
        Property::E3,
        Property::E4,
        Property::L1,
    ];

    /// The one with this name.
    pub fn named(name: &str) -> Option<Property> {
        let mut all = Property::ALL.into_iter();
        all.find(|property| format!("{property:?}").eq_ignore_ascii_case(name))
    }
}

/// That something did not hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    /// What.
    pub property: Property,
    /// When, ns of the world.
    pub at: u64,
    /// How.
    pub text: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, ms) = (self.at / 1_000_000_000, self.at / 1_000_000 % 1000);
        write!(
            f,
            "{:?} violated at {seconds}.{ms:03}: {}",
            self.property, self.text
        )
    }
}

/// What was seen of one node.
#[derive(Debug, Default)]
struct Seat {
    /// The view that this run acts by.
    installed: Option<View>,
    /// When it was installed.
    since: u64,
    /// The newest that any run of it has installed.
    highest: Epoch,
    /// Whether this run ever had quorum.
    had_quorum: bool,
    /// The newest run.
    run: Incarnation,
    /// When it last said that it goes, and how.
    departed: Option<Departure>,
    told: events::Standings,
}

/// Everything that was seen.
#[derive(Debug)]
pub struct Checks {
    /// The first thing that did not hold.
    pub violation: Option<Violation>,
    looked_at: Vec<Property>,
    epochs: BTreeMap<Epoch, View>,
    newest: Option<View>,
    seats: Vec<Seat>,
}

/// A core and what its clock shows, by node; `None` where no agent runs.
pub type Cores<'a> = dyn Fn(usize) -> Option<(&'a Node, Timestamp)> + 'a;

impl Checks {
    /// Nothing was seen yet. Only these properties are looked at.
    pub fn new(shape: &Shape, looked_at: &[Property]) -> Self {
        let mut seats = Vec::new();
        seats.resize_with(shape.nodes(), Seat::default);
        Checks {
            violation: None,
            looked_at: looked_at.to_vec(),
            epochs: BTreeMap::new(),
            newest: None,
            seats,
        }
    }

    /// A run began.
    pub fn started(&mut self, node: usize, run: Incarnation) {
        let seat = &mut self.seats[node];
        seat.run = run;
        seat.departed = None;
    }

    /// A run ended.
    pub fn ended(&mut self, node: usize) {
        let seat = &mut self.seats[node];
        seat.installed = None;
        seat.had_quorum = false;
        seat.told = events::Standings::default();
    }

    /// A run says that it goes.
    pub fn departs(&mut self, _now: u64, node: usize, departure: Departure) {
        self.seats[node].departed = Some(departure);
    }

    /// The view that was quorate last, of all nodes'.
    pub fn newest(&self) -> Option<&View> {
        self.newest.as_ref()
    }

    /// Looks at a node's core after it took an input. Returns a view that it has installed since the last look.
    pub fn observe(
        &mut self,
        shape: &Shape,
        truth: &Truth,
        now: u64,
        node: usize,
        cores: &Cores<'_>,
    ) -> Option<View> {
        let (core, local) = cores(node)?;
        let installed = self.installed(shape, truth, now, node, core.view());
        if core.is_quorate(local) {
            self.seats[node].had_quorum = true;
            self.claims(now, node, core.view(), cores);
        }
        installed
    }

    fn installed(
        &mut self,
        shape: &Shape,
        truth: &Truth,
        now: u64,
        node: usize,
        view: Option<&View>,
    ) -> Option<View> {
        let before = &self.seats[node].installed;
        if before.as_ref().map(|before| before.epoch) == view.map(|view| view.epoch) {
            return None;
        }
        let before = before.clone();
        let since = std::mem::replace(&mut self.seats[node].since, now);
        self.seats[node].installed = view.cloned();
        let view = view?;
        if !self.epochs.contains_key(&view.epoch) {
            self.all_hear_each_other(shape, truth, now, node, view);
        }
        self.one_set_an_epoch(now, node, view);
        if view.epoch < self.seats[node].highest {
            let text = format!("{} goes back to {}", shape.name(node), described(view));
            self.fail(Property::S4, now, text);
        }
        self.seats[node].highest = self.seats[node].highest.max(view.epoch);
        if let Some(before) = before {
            self.nobody_is_wronged(shape, truth, now, since, &before, view);
        }
        Some(view.clone())
    }

    fn one_set_an_epoch(&mut self, now: u64, node: usize, view: &View) {
        let known = self
            .epochs
            .entry(view.epoch)
            .or_insert_with(|| view.clone());
        if known.members != view.members {
            let (known, view) = (described(known), described(view));
            let text = format!("node {node} installs {view}, where another has {known}");
            self.fail(Property::S1, now, text);
        }
    }

    /// A node says that it acts by a view with quorum.
    fn claims(&mut self, now: u64, node: usize, view: Option<&View>, cores: &Cores<'_>) {
        let Some(view) = view else {
            return self.fail(
                Property::S3,
                now,
                format!("node {node} is quorate without a view"),
            );
        };
        let newer = self
            .newest
            .as_ref()
            .is_none_or(|newest| newest.epoch < view.epoch);
        if newer {
            self.newest = Some(view.clone());
            for other in (0..self.seats.len()).filter(|other| *other != node) {
                let Some((core, local)) = cores(other) else {
                    continue;
                };
                if let Some(theirs) = core.view().filter(|_| core.is_quorate(local)) {
                    self.compare(now, other, theirs);
                }
            }
        }
        self.compare(now, node, view);
    }

    /// Compares a view that a node acts by with the newest that anybody has acted by.
    fn compare(&mut self, now: u64, node: usize, view: &View) {
        let Some(newest) = &self.newest else { return };
        if newest.epoch == view.epoch && newest.members == view.members {
            let run = self.seats[node].run;
            if view.incarnation(NodeIndex(node as u16)) != Some(run) {
                let text = format!("node {node} counts itself quorate in {}", described(view));
                self.fail(Property::S3, now, text);
            }
            return;
        }
        let (theirs, ours) = (described(newest), described(view));
        let text = format!("node {node} counts itself quorate in {ours}, while there is {theirs}");
        let is_in = newest.incarnation(NodeIndex(node as u16)) == Some(self.seats[node].run);
        if !is_in {
            self.fail(Property::S3, now, text.clone());
        }
        self.fail(Property::S4, now, text);
    }

    /// A user's message was taken as a member's.
    pub fn taken(&mut self, now: u64, node: usize, from: usize, run: u64, view: Option<&View>) {
        let sender = NodeIndex(from as u16);
        let member = view.and_then(|view| view.incarnation(sender));
        if member != Some(Incarnation(run)) {
            let view = view.map_or("no view".to_owned(), described);
            let text = format!("node {node} takes a message of node {from} in {view}");
            self.fail(Property::S6, now, text);
        }
    }

    /// Something did not hold.
    pub fn fail(&mut self, property: Property, at: u64, text: String) {
        if self.looked_at.contains(&property) && self.violation.is_none() {
            self.violation = Some(Violation { property, at, text });
        }
    }

    /// A run's newest view, and whether this node is in none.
    pub fn view_of(&self, node: usize) -> Option<&View> {
        self.seats[node].installed.as_ref()
    }

    /// Which run of a node is the newest.
    pub fn run_of(&self, node: usize) -> Incarnation {
        self.seats[node].run
    }
}

/// The places in a set.
fn places(set: &NodeSet) -> impl Iterator<Item = usize> + '_ {
    set.iter().map(NodeIndex::position)
}
