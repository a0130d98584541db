//! The slot: what the kernel knows of one path.
//!
//! The agent may be stopped, restarted or starved for half a minute, and must afterwards judge as if it had
//! watched all the time. So XDP writes facts only, each an aligned 64-bit word that means something by
//! itself, into a record that the agent maps read-only and reads without a system call. Zero means never.
//!
//! The awkward case is two CPUs in one slot (RSS may move a flow at any time): counters are atomic
//! additions, the stamp is one store, and `writing` tells a reader that a writer is inside, so that it
//! reads again instead of combining two arrivals into one that never was.

use crate::echo::Echo;
use crate::ids::{NetworkId, NodeId};
use crate::verdict::Verdict;
use crate::window::{Place, place};
use crate::wire::{Words, flags};
use crate::word::Word;

/// One path as XDP sees it; 128 bytes, two cache lines. Written by XDP alone while in use; the agent zeroes
/// a freed slot and writes `identity` before it publishes a new one.
#[derive(Debug, Default)]
#[repr(C, align(64))]
pub struct Slot {
    /// Whose slot this is, see [`identity`]; 0: free.
    pub identity: Word,
    /// CLOCK_MONOTONIC of the newest heartbeat's arrival, ns; never moves back.
    pub last_arrival: Word,
    /// The same of the one before it.
    pub previous_arrival: Word,
    /// The newest heartbeat's `sent`, on the sender's clock.
    pub sent: Word,
    /// Highest sequence heard of this incarnation.
    pub sequence: Word,
    /// Replay window under it, see [`crate::window`].
    pub window: Word,
    /// The incarnation heard; 0: none yet.
    pub incarnation: Word,
    /// Generation: writers inside in the lower 16 bits, writes begun above.
    pub writing: Word,

    /// Heartbeats recorded, reordered ones included.
    pub arrivals: Word,
    /// Sequence numbers skipped and not filled in since.
    pub lost: Word,
    /// Heartbeats that others overtook.
    pub reordered: Word,
    /// Heartbeats heard twice, though sent once: the other copy of one that went to the group as well is none.
    pub duplicates: Word,
    /// Highest sequence of ours that the peer has heard on this path, as its last heartbeat or echo request said.
    pub heard: Word,
    /// What the newest heartbeat said of its sender, see [`Announced`].
    pub announced: Word,
    /// Longest time between two arrivals, ns; one that ended over a minute ago gives way to the next.
    pub largest_gap: Word,
    /// When it ended, CLOCK_MONOTONIC ns.
    pub largest_gap_end: Word,
}

const _: () = assert!(size_of::<Slot>() == 128);

/// How long a largest gap stands before any other replaces it, ns.
pub const LARGEST_GAP_KEPT_NS: u64 = 60_000_000_000;

/// The identity word: peer, network, and a hash of both addresses, by which a restarted agent recognises a
/// slot. Never 0.
pub const fn identity(peer: NodeId, network: NetworkId, addresses: u32) -> u64 {
    (peer.number() as u64) << 48 | (network.number() as u64) << 32 | addresses as u64
}

/// What a heartbeat says of its sender, packed into one word.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Announced {
    /// How long its main loop had made no progress, ms.
    pub agent_age_ms: u16,
    /// Its interval, ms; 0 in a slot never written.
    pub interval_ms: u16,
    /// See [`crate::wire::flags`].
    pub flags: u8,
    /// Upper 24 bits of its configuration digest.
    pub digest: u32,
}

impl Announced {
    /// As the slot keeps it.
    #[inline(always)]
    pub const fn pack(agent_age_ms: u16, interval_ms: u16, flags: u8, config_digest: u32) -> u64 {
        (agent_age_ms as u64) << 48
            | (interval_ms as u64) << 32
            | (flags as u64) << 24
            | (config_digest >> 8) as u64
    }

    /// From the slot's word.
    pub const fn unpack(word: u64) -> Self {
        Announced {
            agent_age_ms: (word >> 48) as u16,
            interval_ms: (word >> 32) as u16,
            flags: (word >> 24) as u8,
            digest: word as u32 & 0x00ff_ffff,
        }
    }
}

/// A heartbeat that moved the last arrival forward.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Arrived {
    /// The arrival before it, ns; 0: this is the first.
    pub previous_ns: u64,
}

impl Slot {
    /// Records an authentic heartbeat that arrived at `now_ns`. A new incarnation is taken when an echo has
    /// confirmed it, or at once where `trusting` (no authentication); otherwise it becomes the candidate.
    #[inline(always)]
    pub fn record(
        &self,
        echo: &Echo,
        words: &Words,
        now_ns: u64,
        trusting: bool,
    ) -> (Verdict, Option<Arrived>) {
        let outcome = self.take(echo, words, now_ns, trusting);
        if !matches!(outcome.0, Verdict::Replay | Verdict::Candidate) {
            echo.note_group(words, now_ns);
        }
        outcome
    }

    #[inline(always)]
    fn take(
        &self,
        echo: &Echo,
        words: &Words,
        now_ns: u64,
        trusting: bool,
    ) -> (Verdict, Option<Arrived>) {
        let known = self.incarnation.get();
        let incarnation = words.incarnation();
        // Nobody runs as incarnation 0: in a slot it means none yet, and must not look like one known.
        if incarnation < known || incarnation == 0 {
            return (Verdict::Replay, None);
        }
        if known < incarnation {
            if !trusting && echo.confirmed.get() != incarnation {
                echo.propose(incarnation, now_ns);
                return (Verdict::Candidate, None);
            }
            self.begin();
            self.incarnation.set(incarnation);
            echo.forget_group();
            // What came before the first heard was never counted as lost, so it must not refill that count.
            return self.arrive(words, now_ns, u64::MAX);
        }
        let highest = self.sequence.get();
        match place(words.sequence(), highest, self.window.get()) {
            Place::Newest { skipped, window } => {
                self.begin();
                if skipped != 0 {
                    self.lost.add(skipped);
                }
                self.arrive(words, now_ns, window)
            }
            Place::Reordered { window } => {
                self.window.set(window);
                self.arrivals.add(1);
                self.reordered.add(1);
                self.lost.subtract(1);
                (Verdict::Reordered, None)
            }
            Place::Duplicate if words.flags() & flags::MULTICAST != 0 => (Verdict::Copy, None),
            Place::Duplicate => {
                self.duplicates.add(1);
                (Verdict::Duplicate, None)
            }
            Place::Below => (Verdict::Replay, None),
        }
    }

    /// Writes the newest heartbeat; [`Slot::begin`] came before.
    #[inline(always)]
    fn arrive(&self, words: &Words, now_ns: u64, window: u64) -> (Verdict, Option<Arrived>) {
        let previous_ns = self.last_arrival.get();
        self.sequence.set(words.sequence());
        self.window.set(window);
        self.sent.set(words.sent());
        if words.receiver() != 0 {
            self.heard.set(words.heard());
        }
        self.announced.set(words.announced());
        if previous_ns < now_ns {
            self.stretch(previous_ns, now_ns);
            self.previous_arrival.set(previous_ns);
            self.last_arrival.set(now_ns);
        }
        self.arrivals.add(1);
        self.writing.subtract(1);
        (Verdict::Heartbeat, Some(Arrived { previous_ns }))
    }

    #[inline(always)]
    fn stretch(&self, previous_ns: u64, now_ns: u64) {
        if previous_ns == 0 {
            return;
        }
        let gap = now_ns - previous_ns;
        let stale = LARGEST_GAP_KEPT_NS < now_ns.saturating_sub(self.largest_gap_end.get());
        if self.largest_gap.get() <= gap || stale {
            self.largest_gap.set(gap);
            self.largest_gap_end.set(now_ns);
        }
    }

    #[inline(always)]
    fn begin(&self) {
        self.writing.add((1 << 16) | 1);
    }
}

#[cfg(test)]
mod tests;
