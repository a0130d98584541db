//! What was come by: a check that has seen nothing has shown nothing.

use std::collections::BTreeMap;
use std::fmt;

use heartbeat_core::membership::News;

use crate::bounds::Bounds;
use crate::step::{Fault, Kind, Step};
use crate::world::Told;

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
    /// That view leaves out a node which did not say that it goes.
    Removed,
    /// It brings back a node that an earlier one had left out.
    Rejoined,
    /// It has a member that says nothing.
    Passive,
    /// A node is in no view any more.
    QuorumLost,
    /// A message is lost.
    Lost,
    /// A message comes late.
    Late,
    /// A message comes twice.
    Twice,
    /// A fault of this kind.
    Fault(Kind),
    /// Cuts are mended.
    Healed,
    /// A host that was off, or an agent that had ended, begins a new run.
    Booted,
    /// A node that stood still goes on.
    Woken,
}

impl Coverage {
    /// Counts what a step brought.
    pub fn note(&mut self, step: Step, told: &[Told]) {
        let thing = match step {
            Step::Tick | Step::Come(_) | Step::Delay(_) => None,
            Step::Repeat(_) => Some(Thing::Twice),
            Step::Lose(_) => Some(Thing::Lost),
            Step::Late(_) => Some(Thing::Late),
            Step::Fault(fault) => Some(Thing::Fault(kind(fault))),
            Step::Heal => Some(Thing::Healed),
            Step::Boot(_) => Some(Thing::Booted),
            Step::Wake(..) => Some(Thing::Woken),
        };
        thing.into_iter().for_each(|thing| self.count(thing));
        for told in told {
            self.note_news(told);
        }
    }

    fn note_news(&mut self, told: &Told) {
        match &told.news {
            News::Installed { view, removed, .. } => {
                self.count(Thing::Installed);
                if !removed.is_empty() {
                    self.count(Thing::Removed);
                }
                if told.rejoined {
                    self.count(Thing::Rejoined);
                }
                if view.acceptors.len() < view.members.len() {
                    self.count(Thing::Passive);
                }
            }
            News::QuorumLost(_) => self.count(Thing::QuorumLost),
            News::Quarantined(..) => {}
        }
    }

    fn count(&mut self, thing: Thing) {
        *self.counts.entry(thing).or_default() += 1;
    }

    /// What a run within these bounds should have come by and has not.
    pub fn missing(&self, bounds: &Bounds) -> Vec<Thing> {
        let news = [Thing::Installed, Thing::Removed, Thing::Rejoined, Thing::QuorumLost];
        let kinds = bounds.kinds.iter().map(|kind| Thing::Fault(*kind));
        let mended = bounds.kinds.iter().filter_map(|kind| mends(*kind));
        let passive = bounds.kinds.contains(&Kind::Stall) && 2 < bounds.nodes;
        let tricks = [Thing::Lost, Thing::Late, Thing::Twice];
        let tricks = tricks.into_iter().filter(|_| 0 < bounds.tricks);
        let passive = passive.then_some(Thing::Passive);
        let wanted = news.into_iter().chain(kinds).chain(mended).chain(tricks).chain(passive);
        wanted.filter(|thing| !self.counts.contains_key(thing)).collect()
    }
}

fn kind(fault: Fault) -> Kind {
    match fault {
        Fault::Cut(..) => Kind::Cut,
        Fault::CutPair(..) => Kind::CutPair,
        Fault::Split(_) => Kind::Split,
        Fault::Crash(_) => Kind::Crash,
        Fault::Respawn(_) => Kind::Respawn,
        Fault::Leave(_) => Kind::Leave,
        Fault::Restart(_) => Kind::Restart,
        Fault::Stall(_) => Kind::Stall,
        Fault::Freeze(_) => Kind::Freeze,
    }
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
