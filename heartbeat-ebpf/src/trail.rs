//! The trail: the newest heartbeats of each path, one by one.
//!
//! A slot shows where a path stands, and that settles every verdict; why a heartbeat was missed shows in the
//! ones around it. Heartbeats that come in a burst with old sending times were held back, ones that come with a
//! jump in their numbers were lost. The awkward case is the agent that is killed at the very moment of an
//! event: what it had seen is gone. So XDP keeps the steps itself, in a pinned map, and whoever asks later
//! finds them. While a path is silent nothing is overwritten.

use crate::slot::Slot;
use crate::wire::Words;
use crate::word::Word;

/// Steps kept of each path.
pub const STEPS: usize = 32;

/// One recorded heartbeat; 32 bytes. Zero: none was recorded here yet.
#[derive(Debug, Default)]
#[repr(C, align(32))]
pub struct Step {
    /// When it arrived, CLOCK_MONOTONIC ns.
    pub arrival: Word,
    /// Its `sent`, on the sender's clock.
    pub sent: Word,
    /// Its number.
    pub sequence: Word,
    /// What it said of its sender, see [`crate::slot::Announced`].
    pub announced: Word,
}

const _: () = assert!(size_of::<Step>() == 32);

/// Where the step of a slot's newest recorded heartbeat is kept.
#[inline(always)]
pub fn index(slot: u32, arrivals: u64) -> u32 {
    slot * STEPS as u32 + (arrivals as u32) % STEPS as u32
}

impl Step {
    /// Writes a heartbeat that arrived at `now_ns`.
    #[inline(always)]
    pub fn record(&self, words: &Words, now_ns: u64) {
        self.arrival.set(now_ns);
        self.sent.set(words.sent());
        self.sequence.set(words.sequence());
        self.announced.set(words.announced());
    }
}

/// What a slot's newest heartbeat said of its own sending.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(C)]
pub struct Beat {
    /// The run that sent it; 0: none was heard.
    pub incarnation: u64,
    /// Its number.
    pub sequence: u64,
    /// When it was sent, on the sender's clock, ns.
    pub sent: u64,
    /// What it said of its sender, see [`crate::slot::Announced`].
    pub announced: u64,
}

impl Beat {
    /// The newest of a slot.
    #[inline(always)]
    pub fn newest(slot: &Slot) -> Self {
        Beat {
            incarnation: slot.incarnation.get(),
            sequence: slot.sequence.get(),
            sent: slot.sent.get(),
            announced: slot.announced.get(),
        }
    }

    /// Of a datagram.
    #[inline(always)]
    pub fn of(words: &Words) -> Self {
        Beat {
            incarnation: words.incarnation(),
            sequence: words.sequence(),
            sent: words.sent(),
            announced: words.announced(),
        }
    }
}
