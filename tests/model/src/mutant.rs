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
    /// The second node, once it is in a view, sees nothing of what arrives from the first.
    Blind,
    /// Every report says that its sender has promised one epoch more.
    Boasts,
    /// Nobody's acceptance ever arrives.
    Mute,
}

impl Mutant {
    /// All that break something: what each is called, the law that it must be found to break, and where.
    pub const ALL: [(Mutant, &'static str, Law, Bounds); 9] = [
        (
            Mutant::ForgetsPromises,
            "forgets-promises",
            Law::EqualEpochs,
            Bounds::new(2, 2, 0),
        ),
        (Mutant::WritesLate, "writes-late", Law::EpochsGrow, Bounds::new(2, 2, 0)),
        (Mutant::ForgetsLeases, "forgets-leases", Law::OneView, Bounds::new(2, 2, 0)),
        (Mutant::AcceptsEarly, "accepts-early", Law::OneView, Bounds::new(3, 2, 0).of(LINKS)),
        (Mutant::StandsStill, "stands-still", Law::Outsiders, Bounds::new(3, 1, 0).of(PAUSES)),
        (Mutant::CountsForItself, "counts-for-itself", Law::Quorum, Bounds::new(2, 1, 0)),
        (Mutant::Blind, "blind", Law::Undisturbed, Bounds::new(3, 1, 0)),
        (Mutant::Boasts, "boasts", Law::Ends, Bounds::new(3, 0, 0)),
        (Mutant::Mute, "mute", Law::Settles, Bounds::new(3, 0, 0)),
    ];

    /// Whether this law is looked at: all, or the one that must be broken.
    pub fn is_judged_by(self, law: Law) -> bool {
        let own = Mutant::ALL.iter().find(|(mutant, ..)| *mutant == self);
        own.is_none_or(|(_, _, own, _)| *own == law)
    }

    /// What a node goes by.
    pub fn terms(self, me: usize, nodes: usize) -> Terms {
        let mut terms = scale::terms(me, nodes);
        match self {
            Mutant::AcceptsEarly => terms.promise = scale::STEP,
            Mutant::CountsForItself => terms.voters = scale::voters(nodes, Some(me)),
            _ => {}
        }
        terms
    }

    /// When a new run is told that it begins.
    pub fn begun(self) -> Timestamp {
        match self {
            Mutant::ForgetsLeases => scale::before(scale::PROMISE),
            _ => scale::now(),
        }
    }

    /// What a new run is told that earlier ones have promised.
    pub fn kept(self, promised: Epoch) -> Epoch {
        match self {
            Mutant::ForgetsPromises => Epoch(0),
            Mutant::WritesLate => Epoch(promised.0.saturating_sub(1)),
            _ => promised,
        }
    }

    /// Whether a node sees heartbeats that come from another.
    pub fn sees(self, to: usize, from: usize, in_view: bool) -> bool {
        self != Mutant::Blind || !in_view || (to, from) != (1, 0)
    }

    /// What arrives of a message.
    pub fn carry(self, mut message: Message) -> Option<Message> {
        match (self, &mut message) {
            (Mutant::Mute, Message::Accept(_)) => return None,
            (Mutant::Boasts, Message::Report(report)) => report.promised = report.promised.next(),
            (Mutant::AcceptsEarly, Message::Report(report)) => report.promise = scale::PROMISE,
            _ => {}
        }
        Some(message)
    }
}

/// What cuts nodes off.
const LINKS: &[Kind] = &[Kind::Cut, Kind::CutPair, Kind::Split];
/// What makes nodes stand still.
const PAUSES: &[Kind] = &[Kind::Stall, Kind::Freeze];
