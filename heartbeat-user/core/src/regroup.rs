//! Regroup: how the nodes agree on a view.

/// How far a node is with a regroup.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Stage {
    /// Nothing is to be changed.
    #[default]
    Stabilized,
    /// Something is: reports are collected.
    Activate,
    /// Whether this side has quorum.
    Closing,
    /// Who stays: a view is proposed.
    Pruning,
    /// The view is installed here.
    CleanupOne,
    /// It is installed at all members.
    CleanupTwo,
}
