//! What must hold in every state.

use std::fmt;

use heartbeat_core::view::Epoch;

/// One law.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Law {
    /// S1: equal epochs have equal members, ever.
    EqualEpochs,
    /// S3: whoever is no member of the newest view does not count itself quorate.
    Outsiders,
    /// S4: at no moment two views are acted by.
    OneView,
    /// Epochs of the views that a node acts by grow, whichever of its runs installs them.
    EpochsGrow,
    /// A view is accepted by a quorum of its members, and its node is one of them.
    Quorum,
    /// Where nothing has gone wrong, nobody is removed and no quorum is lost.
    Undisturbed,
    /// A regroup comes to an end, without epochs beyond all bounds.
    Ends,
    /// L1: after the last fault there is soon one view of all, for good.
    Settles,
}

/// An epoch far above what the faults of a run need.
pub const HIGHEST: Epoch = Epoch(60);

impl Law {
    /// All.
    pub const ALL: [Law; 8] = [
        Law::EqualEpochs,
        Law::Outsiders,
        Law::OneView,
        Law::EpochsGrow,
        Law::Quorum,
        Law::Undisturbed,
        Law::Ends,
        Law::Settles,
    ];
}

impl fmt::Display for Law {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Law::EqualEpochs => "S1: equal epochs have equal members",
            Law::Outsiders => "S3: whoever is not in the newest view does not count itself quorate",
            Law::OneView => "S4: at most one view is acted by",
            Law::EpochsGrow => "epochs on a node only grow",
            Law::Quorum => "no view without a quorum of its members",
            Law::Undisturbed => "without a fault nobody is removed",
            Law::Ends => "regroups end",
            Law::Settles => "L1: after the last fault there is soon one view, for good",
        })
    }
}
