//! What is let happen in one run of the check.

use crate::step::Kind;

/// What is let happen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bounds {
    /// How many nodes, 2 ..= 4.
    pub nodes: usize,
    /// How many faults; what mends them is free.
    pub faults: u8,
    /// How many messages are lost, late or come twice.
    pub tricks: u8,
    /// Which faults.
    pub kinds: &'static [Kind],
    /// When faults happen.
    pub moments: Moments,
    /// In which order messages come.
    pub order: Order,
}

/// When faults happen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Moments {
    /// Before and after every single message.
    Any,
    /// Once all messages of one moment have come.
    Quiet,
}

/// In which order messages come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Order {
    /// In any.
    Any,
    /// As they were sent.
    Sent,
}
