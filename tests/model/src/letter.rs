//! A message on its way.

use heartbeat_core::Incarnation;
use heartbeat_core::membership::offset::Offset;
use heartbeat_core::message::Message;
use heartbeat_ebpf::time::Timestamp;

use crate::scale;

/// A message on its way, from one run of a node to one run of another.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Letter {
    /// Who sent it.
    pub from: usize,
    /// Which run of it.
    pub from_run: Incarnation,
    /// Whom it goes to.
    pub to: usize,
    /// Which run of it: another does not take it.
    pub to_run: Incarnation,
    /// When.
    pub sent: Timestamp,
    /// What it says.
    pub message: Message,
    /// Whether it has come before.
    pub copy: Copy,
}

/// Which of the two of a message that comes twice.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Copy {
    /// The one that was sent.
    First,
    /// The one that a network made.
    Second,
}

impl Letter {
    /// Whether it can still come.
    pub fn lasts(&self, now: Timestamp) -> bool {
        now.since(self.sent) <= scale::LIFE
    }

    /// Moves its moments.
    pub fn offset(&mut self, by: &Offset) {
        self.sent = by.moment(self.sent);
        self.message.offset(by);
    }
}
