//! What is let happen in one search.

use std::fmt;

use crate::step::Kind;

/// What is let happen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
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

impl Bounds {
    /// So many nodes, with faults of all kinds between moments, and messages in their order.
    pub const fn new(nodes: usize, faults: u8, tricks: u8) -> Self {
        Bounds {
            nodes,
            faults,
            tricks,
            kinds: Kind::ALL,
            moments: Moments::Quiet,
            order: Order::Sent,
        }
    }

    /// Faults happen between messages too.
    pub const fn at_any_moment(mut self) -> Self {
        self.moments = Moments::Any;
        self
    }

    /// Messages of one moment come in any order.
    pub const fn in_any_order(mut self) -> Self {
        self.order = Order::Any;
        self
    }

    /// Faults of these kinds alone.
    pub const fn of(mut self, kinds: &'static [Kind]) -> Self {
        self.kinds = kinds;
        self
    }
}

impl fmt::Display for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = |count: u8| if count == 1 { "" } else { "s" };
        let (nodes, faults, tricks) = (self.nodes, self.faults, self.tricks);
        write!(f, "{nodes} nodes, {faults} fault{}", plural(faults))?;
        if self.kinds.len() < Kind::ALL.len() {
            write!(f, " ({:?})", self.kinds)?;
        }
        write!(f, ", {tricks} trick{}", plural(tricks))?;
        match self.moments {
            Moments::Any => f.write_str(", faults at any moment")?,
            Moments::Quiet => {}
        }
        match self.order {
            Order::Any => f.write_str(", messages in any order"),
            Order::Sent => Ok(()),
        }
    }
}
