//! What is wrong where: states of interfaces and networks, from who hears whom.

/// Whether a node's own interface works, as its kernel tells: device, address, carrier.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Soundness {
    /// Not known.
    #[default]
    Unknown,
    /// Device, address and carrier are there.
    Sound,
    /// One of them is not.
    Failed,
}

/// Whether an address outside the cluster answers a node on a network.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Witness {
    /// Nobody was asked, or not lately.
    #[default]
    Unknown,
    /// At least one answers.
    Answers,
    /// None does.
    Silent,
}
