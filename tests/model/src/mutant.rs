//! What the protocol stands on, broken on purpose.
//!
//! A check that never fails has shown nothing, so each law has a mutant that breaks it. The core that is checked is the
//! core that is shipped: broken is what its agent owes it (an epoch kept, a true clock, true arrivals, equal
//! terms), or a message is changed on its way.

use heartbeat_core::message::Message;
use heartbeat_core::terms::Terms;
use heartbeat_core::view::Epoch;
use heartbeat_ebpf::time::Timestamp;

use crate::bounds::Bounds;
use crate::law::Law;
use crate::scale;
use crate::step::Kind;

/// What is broken.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Mutant {
    /// Nothing.
    None,
    /// A new run is not told what the ones before it have promised.
    ForgetsPromises,
    /// It is told of all but the last promise, which was not written in time.
    WritesLate,
    /// A new run does not wait until the leases that the one before it granted are over.
    ForgetsLeases,
    /// Nodes accept a view earlier than they have promised.
    AcceptsEarly,
    /// A node that stands still is asked by the clock of its last turn.
    StandsStill,
    /// A node counts most of the votes for itself.
    CountsForItself,
    /// The second node, once it has been in a view, sees nothing of what arrives from the first.
    Blind,
    /// Nobody's acceptance ever arrives.
    Mute,
    /// What the coordinator has installed is never heard of.
    Unheard,
}

/// A mutant, and the search that must find it out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Trial {
    /// What is broken.
    pub mutant: Mutant,
    /// What it is called.
    pub name: &'static str,
    /// The law that it breaks.
    pub law: Law,
    /// Where it is found to.
    pub bounds: Bounds,
}

const fn trial(mutant: Mutant, name: &'static str, law: Law, bounds: Bounds) -> Trial {
    Trial {
        mutant,
        name,
        law,
        bounds,
    }
}

impl Mutant {
    /// All that break something.
    pub const TRIALS: [Trial; 9] = [
        trial(
            Mutant::ForgetsPromises,
            "forgets-promises",
            Law::EqualEpochs,
            Bounds::new(2, 2, 0),
        ),
        trial(
            Mutant::WritesLate,
            "writes-late",
            Law::EpochsGrow,
            Bounds::new(2, 2, 0),
        ),
        trial(
            Mutant::ForgetsLeases,
            "forgets-leases",
            Law::OneView,
            Bounds::new(2, 2, 0),
        ),
        trial(
            Mutant::AcceptsEarly,
            "accepts-early",
            Law::OneView,
            Bounds::new(3, 2, 0).of(LINKS),
        ),
        trial(
            Mutant::StandsStill,
            "stands-still",
            Law::Outsiders,
            Bounds::new(3, 1, 0).of(PAUSES),
        ),
        trial(
            Mutant::CountsForItself,
            "counts-for-itself",
            Law::Quorum,
            Bounds::new(2, 1, 0),
        ),
        trial(
            Mutant::Blind,
            "blind",
            Law::Undisturbed,
            Bounds::new(3, 0, 0),
        ),
        trial(Mutant::Mute, "mute", Law::Ends, Bounds::new(3, 0, 0)),
        trial(
            Mutant::Unheard,
            "unheard",
            Law::Settles,
            Bounds::new(3, 0, 0),
        ),
    ];

    /// Whether this law is looked at: all, or the one that must be broken.
    pub fn is_judged_by(self, law: Law) -> bool {
        let own = Mutant::TRIALS.iter().find(|trial| trial.mutant == self);
        own.is_none_or(|trial| trial.law == law)
    }

    /// What a node goes by.
    pub fn terms(self, me: usize, nodes: usize) -> Terms {
        let mut terms = scale::terms(me, nodes);
        if self == Mutant::AcceptsEarly {
            terms.promise = scale::STEP;
        }
        if self == Mutant::CountsForItself {
            terms.voters = scale::voters(nodes, Some(me));
        }
        terms
    }

    /// When a new run is told that it begins.
    pub fn begun(self) -> Timestamp {
        if self == Mutant::ForgetsLeases {
            return scale::before(scale::PROMISE);
        }
        scale::now()
    }

    /// What a new run is told that earlier ones have promised.
    pub fn kept(self, promised: Epoch) -> Epoch {
        if self == Mutant::ForgetsPromises {
            return Epoch(0);
        }
        let unwritten = u64::from(self == Mutant::WritesLate);
        Epoch(promised.0.saturating_sub(unwritten))
    }

    /// Whether a node sees heartbeats that come from another.
    pub fn sees(self, to: usize, from: usize, was_member: bool) -> bool {
        self != Mutant::Blind || !was_member || (to, from) != (1, 0)
    }

    /// What arrives of a message.
    pub fn carry(self, mut message: Message) -> Option<Message> {
        let lost = match &mut message {
            Message::Report(report) => {
                if self == Mutant::AcceptsEarly {
                    report.promise = scale::PROMISE;
                }
                false
            }
            Message::Proposal(_) | Message::Question(_) | Message::Accounts(_) => false,
            Message::Accept(_) => self == Mutant::Mute,
            Message::Install(_) => self == Mutant::Unheard,
        };
        (!lost).then_some(message)
    }
}

/// What cuts nodes off.
const LINKS: &[Kind] = &[Kind::Cut, Kind::CutPair, Kind::Split];
/// What makes nodes stand still.
const PAUSES: &[Kind] = &[Kind::Stall, Kind::Freeze];
