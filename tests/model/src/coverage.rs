//! What was come by: a check that has seen nothing has shown nothing.
//!
//! The awkward case is a message that is late, or comes twice, when nobody cares any more: that is no test of
//! anything. So it counts only where it changes its receiver or is answered.

use std::collections::BTreeMap;
use std::fmt;

use heartbeat_core::membership::News;
use heartbeat_core::message::Message;
use heartbeat_core::regroup::Stage;

use crate::bounds::Bounds;
use crate::host::Condition;
use crate::letter::{Copy, Letter};
use crate::step::{Kind, Step};
use crate::world::{Told, World};

/// How often each thing was come by.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Coverage {
    counts: BTreeMap<Thing, u64>,
}

/// Something to come by.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Thing {
    /// A node begins to act by a view.
    Installed,
    /// That view has others that are new to it.
    Joined,
    /// It leaves out a node which did not say that it goes.
    Removed,
    /// It brings back a node that an earlier one had left out.
    Rejoined,
    /// It has a member that says nothing.
    Passive,
    /// A node is in no view any more.
    QuorumLost,
    /// While others act by one.
    Split,
    /// A node's leases end before it hears of another view.
    LeaseOver,
    /// A node that proposes a view hears of a newer proposal.
    Outbid,
    /// A proposal comes to a node that has promised more.
    Refused,
    /// A message is lost.
    Lost(Said),
    /// A message comes late, and matters.
    Late(Said),
    /// A message comes once more, and matters.
    Twice(Said),
    /// A fault of this kind.
    Fault(Kind),
    /// Cuts are mended.
    Healed,
    /// A host that was off, or an agent that had ended, begins a new run.
    Booted,
    /// A node that stood still goes on.
    Woken,
}

/// A kind of messages.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Said {
    /// [`Message::Report`].
    Report,
    /// [`Message::Proposal`].
    Proposal,
    /// [`Message::Accept`].
    Accept,
    /// [`Message::Install`].
    Install,
}

impl Said {
    const ALL: [Said; 4] = [Said::Report, Said::Proposal, Said::Accept, Said::Install];

    /// What a membership says; `None`: it says no such thing.
    fn of(letter: &Letter) -> Option<Said> {
        match letter.message {
            Message::Report(_) => Some(Said::Report),
            Message::Proposal(_) => Some(Said::Proposal),
            Message::Accept(_) => Some(Said::Accept),
            Message::Install(_) => Some(Said::Install),
            Message::Question(_) | Message::Accounts(_) => None,
        }
    }
}

impl Coverage {
    /// Counts what a step brought.
    pub fn note(&mut self, before: &World, step: Step, after: &World, told: &[Told]) {
        match step {
            Step::Tick => self.note_leases(before, after),
            Step::Delay(_) => {}
            Step::Come(place) | Step::Repeat(place) => {
                self.note_proposal(before, &before.fresh()[place], after)
            }
            Step::Late(place) => self.note_late(before, &before.late()[place], after),
            Step::Lose(place) => {
                if let Some(said) = Said::of(&before.fresh()[place]) {
                    self.count(Thing::Lost(said));
                }
            }
            Step::Fault(fault) => self.count(Thing::Fault(fault.kind())),
            Step::Heal => self.count(Thing::Healed),
            Step::Boot(_) => self.count(Thing::Booted),
            Step::Wake(..) => self.count(Thing::Woken),
        }
        for told in told {
            self.note_news(told, after);
        }
    }

    /// Counts what another has counted.
    pub fn add(&mut self, other: &Coverage) {
        for (thing, count) in &other.counts {
            *self.counts.entry(*thing).or_default() += count;
        }
    }

    fn note_news(&mut self, told: &Told, after: &World) {
        match &told.news {
            News::Installed {
                view,
                removed,
                joined,
            } => {
                let all = [
                    (Thing::Installed, true),
                    (
                        Thing::Joined,
                        joined.iter().any(|node| node.position() != told.node),
                    ),
                    (Thing::Removed, !removed.is_empty()),
                    (Thing::Rejoined, told.rejoined),
                    (Thing::Passive, view.acceptors.len() < view.members.len()),
                ];
                all.into_iter()
                    .filter(|(_, is)| *is)
                    .for_each(|(thing, _)| self.count(thing));
            }
            News::QuorumLost(_) => {
                self.count(Thing::QuorumLost);
                if after.hosts.iter().any(|host| host.acts_by().is_some()) {
                    self.count(Thing::Split);
                }
            }
            News::Quarantined(..) => {}
        }
    }

    fn note_leases(&mut self, before: &World, after: &World) {
        for (before, after) in before.hosts.iter().zip(&after.hosts) {
            let view =
                |core: &heartbeat_core::membership::Membership| core.view().map(|view| view.epoch);
            let installed = after.core.as_ref().and_then(view);
            let acted = before.acts_by().map(|view| view.epoch);
            if acted.is_some() && acted == installed && after.acts_by().is_none() {
                self.count(Thing::LeaseOver);
            }
        }
    }

    fn note_proposal(&mut self, before: &World, letter: &Letter, after: &World) {
        let Message::Proposal(view) = &letter.message else {
            return;
        };
        let (host, later) = (&before.hosts[letter.to], &after.hosts[letter.to]);
        if host.condition != Condition::Runs || host.run != letter.to_run {
            return;
        }
        let proposes = host
            .core
            .as_ref()
            .is_some_and(|core| core.stage() == Stage::Pruning);
        if proposes && host.kept < view.epoch && later.kept == view.epoch {
            self.count(Thing::Outbid);
        }
        if view.epoch < host.kept {
            self.count(Thing::Refused);
        }
    }

    fn note_late(&mut self, before: &World, letter: &Letter, after: &World) {
        self.note_proposal(before, letter, after);
        let changed = before.hosts[letter.to] != after.hosts[letter.to];
        if changed || before.fresh().len() < after.fresh().len() {
            let Some(said) = Said::of(letter) else {
                return;
            };
            self.count(match letter.copy {
                Copy::First => Thing::Late(said),
                Copy::Second => Thing::Twice(said),
            });
        }
    }

    fn count(&mut self, thing: Thing) {
        *self.counts.entry(thing).or_default() += 1;
    }

    /// What a search within these bounds should have come by and has not.
    pub fn missing(&self, bounds: &Bounds) -> Vec<Thing> {
        wanted(bounds)
            .into_iter()
            .filter(|thing| !self.counts.contains_key(thing))
            .collect()
    }
}

/// What a search within these bounds has to come by.
fn wanted(bounds: &Bounds) -> Vec<Thing> {
    let mut wanted = vec![
        Thing::Installed,
        Thing::Joined,
        Thing::Removed,
        Thing::Rejoined,
        Thing::QuorumLost,
        Thing::LeaseOver,
    ];
    wanted.extend(bounds.kinds.iter().map(|kind| Thing::Fault(*kind)));
    wanted.extend(bounds.kinds.iter().filter_map(|kind| mends(*kind)));
    if 2 < bounds.nodes {
        wanted.extend([Thing::Split, Thing::Outbid, Thing::Refused]);
    }
    if 0 < bounds.tricks {
        wanted.extend(Said::ALL.map(Thing::Lost));
        wanted.extend(Said::ALL.map(Thing::Late));
        wanted.extend(Said::ALL.map(Thing::Twice));
    }
    wanted
}

/// What mends a fault.
fn mends(kind: Kind) -> Option<Thing> {
    match kind {
        Kind::Cut | Kind::CutPair | Kind::Split => Some(Thing::Healed),
        Kind::Crash | Kind::Leave | Kind::Restart => Some(Thing::Booted),
        Kind::Stall | Kind::Freeze => Some(Thing::Woken),
        Kind::Respawn => None,
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (thing, count)) in self.counts.iter().enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            write!(f, "{comma}{thing:?} {count}")?;
        }
        Ok(())
    }
}
