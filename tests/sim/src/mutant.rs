//! Worlds in which something that the protocol stands on is broken on purpose.
//!
//! A checker that never fails proves nothing, so each property has a mutant that violates it. They are made
//! here, between the core and its world, and not in the core: what the agent promises the core (an epoch kept,
//! a true clock, true arrivals) is broken, or a message is changed on its way. So the core that is tested is
//! the core that is shipped, and no build of it has a switch by which it errs.

use crate::check::Property;
use crate::shape::Shape;

/// What is broken.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Mutant {
    /// Nothing.
    #[default]
    None,
    /// S1: promised epochs are forgotten by a reboot.
    ForgetsPromises,
    /// S2: kernels stamp the heartbeats that were lost on their way.
    HearsGhosts,
    /// S3: a node looks at its lease by a clock that stands still while nobody talks to it.
    IgnoresLease,
    /// S4: every node has most of the votes by its own configuration, and says that it has not.
    CountsForItself,
    /// S5: an agent does not see what arrives from one peer.
    Blind,
    /// S6: messages of whomever are taken.
    TakesAll,
    /// E1: an agent takes what arrived for older than it is.
    OldStamps,
    /// E2: what is told of interfaces that fail gets lost.
    LosesEvents,
    /// E3: everything is told twice.
    Stutters,
    /// E4: a kernel counts heartbeats as lost that arrived.
    Miscounts,
    /// L1: nobody ever accepts.
    Mute,
}

impl Mutant {
    /// All that break something, with their names, what each must be caught by, and within how many seeds.
    pub const ALL: [(Mutant, &'static str, Property, u64); 11] = [
        (
            Mutant::ForgetsPromises,
            "forgets-promises",
            Property::S1,
            200,
        ),
        (Mutant::HearsGhosts, "hears-ghosts", Property::S2, 4_000),
        (Mutant::IgnoresLease, "ignores-lease", Property::S3, 200),
        (
            Mutant::CountsForItself,
            "counts-for-itself",
            Property::S4,
            200,
        ),
        (Mutant::Blind, "blind", Property::S5, 200),
        (Mutant::TakesAll, "takes-all", Property::S6, 200),
        (Mutant::OldStamps, "old-stamps", Property::E1, 200),
        (Mutant::LosesEvents, "loses-events", Property::E2, 200),
        (Mutant::Stutters, "stutters", Property::E3, 200),
        (Mutant::Miscounts, "miscounts", Property::E4, 200),
        (Mutant::Mute, "mute", Property::L1, 200),
    ];

    /// What to look at: what it must be caught by, or everything where nothing is broken.
    pub fn properties(self) -> Vec<Property> {
        let found = Mutant::ALL.iter().find(|(mutant, ..)| *mutant == self);
        found.map_or_else(
            || Property::ALL.to_vec(),
            |(_, _, property, _)| vec![*property],
        )
    }

    /// The one with this name.
    pub fn named(name: &str) -> Option<Mutant> {
        let found = Mutant::ALL.iter().find(|(_, known, ..)| *known == name);
        found.map(|(mutant, ..)| *mutant)
    }
}

impl Mutant {
    /// Changes the cluster, where that is what is broken.
    pub fn prepare(self, shape: &mut Shape) {
        match self {
            Mutant::CountsForItself => shape.counts_for_itself = true,
            Mutant::None
            | Mutant::ForgetsPromises
            | Mutant::HearsGhosts
            | Mutant::IgnoresLease
            | Mutant::Blind
            | Mutant::TakesAll
            | Mutant::OldStamps
            | Mutant::LosesEvents
            | Mutant::Stutters
            | Mutant::Miscounts
            | Mutant::Mute => {}
        }
    }
}
