//! What the protocol stands on, broken on purpose.
//!
//! The core that is checked is the core that is shipped: broken is what its agent owes it.

use crate::law::Law;

/// What is broken.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Mutant {
    /// Nothing.
    None,
    /// A new run is not told what the ones before it have promised.
    ForgetsPromises,
    /// A new run does not wait until the leases that the one before it granted are over.
    ForgetsLeases,
    /// A node that stands still is asked by the clock of its last turn.
    StandsStill,
}

impl Mutant {
    /// All that break something, and the law that each must be found to break.
    pub const ALL: [(Mutant, Law); 3] = [
        (Mutant::ForgetsPromises, Law::EqualEpochs),
        (Mutant::ForgetsLeases, Law::OneView),
        (Mutant::StandsStill, Law::OneView),
    ];

    /// What it is called.
    pub const fn label(self) -> &'static str {
        match self {
            Mutant::None => "as it is shipped",
            Mutant::ForgetsPromises => "promises forgotten by a restart",
            Mutant::ForgetsLeases => "leases forgotten by a restart",
            Mutant::StandsStill => "a clock that stands still",
        }
    }
}
