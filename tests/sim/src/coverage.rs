//! What the runs have met: a property that was never in danger was not tested.
//!
//! Every kind of fault and every way in which a view can change is counted, and a run of many seeds fails
//! where one of them came too seldom.

use std::collections::BTreeMap;
use std::fmt;

use heartbeat_core::event::EventKind;
use heartbeat_core::message::Message;
use heartbeat_core::view::View;

use crate::script::Kind;

/// Counts over runs.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    /// Runs.
    pub runs: u64,
    /// Users' messages that were taken.
    pub parcels_taken: u64,
    /// And refused, for their senders were no members.
    pub parcels_refused: u64,
    /// Losses of quorum while somebody else had it.
    pub splits: u64,
    faults: BTreeMap<Kind, u64>,
    events: BTreeMap<EventKind, u64>,
    installs: u64,
    passive: u64,
    proposals: u64,
    accounts: u64,
}

/// What every thousand runs must meet at least.
const LEAST: [(&str, u64); 13] = [
    ("views installed", 5_000),
    ("members passive", 100),
    ("splits", 20),
    ("MemberJoined", 5_000),
    ("MemberRemoved", 500),
    ("QuorumLost", 50),
    ("Quarantined", 5),
    ("InterfaceUnreachable", 500),
    ("InterfaceFailed", 50),
    ("NetworkPartitioned", 100),
    ("parcels refused", 20),
    ("PathLost", 2_000),
    ("PathLate", 500),
];
/// Of each kind of fault, too.
const LEAST_FAULTS: u64 = 30;

impl Coverage {
    /// A fault began.
    pub fn fault(&mut self, kind: Kind) {
        *self.faults.entry(kind).or_default() += 1;
    }

    /// A core told something.
    pub fn event(&mut self, kind: EventKind) {
        *self.events.entry(kind).or_default() += 1;
    }

    /// Whether some node is kept out.
    pub fn quarantined(&self) -> bool {
        self.events.contains_key(&EventKind::Quarantined)
    }

    /// A core sent something.
    pub fn post(&mut self, message: &Message) {
        match message {
            Message::Proposal(_) => self.proposals += 1,
            Message::Accounts(_) => self.accounts += 1,
            Message::Report(_)
            | Message::Accept(_)
            | Message::Install(_)
            | Message::Question(_) => {}
        }
    }

    /// A node installed a view.
    pub fn install(&mut self, view: &View) {
        self.installs += 1;
        self.passive += u64::from(view.acceptors.len() < view.members.len());
    }

    /// Adds what other runs met.
    pub fn add(&mut self, other: &Coverage) {
        self.runs += other.runs;
        self.parcels_taken += other.parcels_taken;
        self.parcels_refused += other.parcels_refused;
        self.splits += other.splits;
        self.installs += other.installs;
        self.passive += other.passive;
        self.proposals += other.proposals;
        self.accounts += other.accounts;
        for (kind, count) in &other.faults {
            *self.faults.entry(*kind).or_default() += count;
        }
        for (kind, count) in &other.events {
            *self.events.entry(*kind).or_default() += count;
        }
    }

    /// What came too seldom, and how often it should have.
    pub fn gaps(&self) -> Vec<String> {
        let counts: BTreeMap<&str, u64> = self.counts().into_iter().collect();
        let faults = Kind::ALL.iter().map(|(_, label)| (*label, LEAST_FAULTS));
        let short = |(label, least): (&str, u64)| {
            let least = least * self.runs / 1000;
            let count = counts.get(label).copied().unwrap_or(0);
            (count < least).then(|| format!("{label}: {count}, at least {least} are wanted"))
        };
        LEAST.into_iter().chain(faults).filter_map(short).collect()
    }

    fn counts(&self) -> Vec<(&'static str, u64)> {
        let faults = Kind::ALL
            .iter()
            .map(|(kind, label)| (*label, self.faults.get(kind).copied().unwrap_or(0)));
        let events = self
            .events
            .iter()
            .map(|(kind, count)| (kind.name(), *count));
        let others = [
            ("views installed", self.installs),
            ("members passive", self.passive),
            ("proposals", self.proposals),
            ("accounts", self.accounts),
            ("splits", self.splits),
            ("parcels taken", self.parcels_taken),
            ("parcels refused", self.parcels_refused),
        ];
        faults.chain(events).chain(others).collect()
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} runs met:", self.runs)?;
        for (label, count) in self.counts() {
            writeln!(f, "{count:>12}  {label}")?;
        }
        Ok(())
    }
}
