//! A node's account of its own side, asked for by a peer that missed it.
//!
//! Whether a heartbeat was sent, and whether our own arrived there, is known at the other end alone. So after a silence,
//! and during one where another network still carries messages, a node asks. The awkward case is time: two
//! monotonic clocks have nothing in common. So a question names moments of the clock of whoever is asked, as its own
//! heartbeats carried them.

use alloc::vec::Vec;
use core::time::Duration;

use heartbeat_ebpf::ids::{Incarnation, NetworkId};
use heartbeat_ebpf::time::Timestamp;

use crate::interface::Soundness;

/// One silence that is asked about.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Silence {
    /// On which network.
    pub network: NetworkId,
    /// When the last heartbeat before it was sent, on the clock of whoever is asked, ns.
    pub from: u64,
    /// The same of the first after it; 0: it lasts.
    pub until: u64,
}

/// What a node asks of a peer: everything at once, said again until it is answered.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Question {
    /// The run that is asked: the clock of another would not be meant.
    pub incarnation: Incarnation,
    /// Silences, at most one a network.
    pub silences: Vec<Silence>,
}

/// What a node has to say of its side of one silence. All that follows is as far as this run knows.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Account {
    /// Which silence.
    pub of: Silence,
    /// The longest time that it did not hear whoever asks, there and then.
    pub unheard: Duration,
    /// The most by which its loop was late.
    pub late: Duration,
    /// The most by which its sender was late.
    pub sender_late: Duration,
    /// How long of that its threads waited for a CPU.
    pub waited: Duration,
    /// How long its whole machine stood still.
    pub paused: Duration,
    /// Whether its interface was down at any moment.
    pub interface: Soundness,
    /// Heartbeats to whoever asks that its own kernel refused.
    pub refused: u32,
    /// Frames that its interface was to send, and dropped.
    pub unsent: u32,
}

/// What was asked of a peer, and what it asks.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Exchange {
    asked: Option<(Timestamp, Vec<Silence>)>,
    question: Option<Question>,
}

impl Exchange {
    /// Whether to ask about these silences at `now`: at once if they are news, else again after half of `pace`.
    pub fn is_due(&self, now: Timestamp, silences: &[Silence], pace: Duration) -> bool {
        let known = |asked: &[Silence]| silences.iter().all(|silence| asked.contains(silence));
        !silences.is_empty()
            && self
                .asked
                .as_ref()
                .is_none_or(|(at, asked)| !known(asked) || pace / 2 <= now.since(*at))
    }

    /// When to ask again, if nobody answers.
    pub fn again(&self, pace: Duration) -> Option<Timestamp> {
        self.asked.as_ref().map(|(at, _)| at.after(pace / 2))
    }

    /// It was asked.
    pub fn asked(&mut self, now: Timestamp, silences: Vec<Silence>) {
        self.asked = Some((now, silences));
    }

    /// The peer asks.
    pub fn hear(&mut self, question: &Question) {
        self.question = Some(question.clone());
    }

    /// Whether it asks something that was not answered.
    pub fn has_question(&self) -> bool {
        self.question.is_some()
    }

    /// What it asks and was not answered.
    pub fn take_question(&mut self) -> Option<Question> {
        self.question.take()
    }
}
