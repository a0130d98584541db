//! Echoes: asking a peer's kernel, and believing a new incarnation.
//!
//! An echo request is answered by the peer's XDP program, so it tells a dead host from a hung agent. It also
//! settles the awkward case of a new incarnation: a recording of a dead peer carries valid tags, and a
//! freshly booted receiver has no window to refuse it by. So an unknown incarnation is only a *candidate*
//! until a reply with our own random nonce names it; a recording can't answer that.
//!
//! A request is itself worth recording to an attacker, who could use up the one answer per interval. So a
//! path answers only requests newer (by incarnation, then by `sent`) than the last one it answered. One case
//! would then never get an answer: an agent whose incarnation went back, by a restored disk or a clock set
//! back, and the answer is what tells it so. Requests of an older incarnation therefore have an answer per
//! interval of their own, which recordings may use up without harm to the living.

use crate::slot::Slot;
use crate::wire::{Words, flags};
use crate::word::Word;

/// What XDP knows of a path beside its arrivals; 128 bytes. Written by XDP alone, mapped read-only.
#[derive(Debug, Default)]
#[repr(C, align(64))]
pub struct Echo {
    /// Newest incarnation heard that is not confirmed; 0: none.
    pub candidate: Word,
    /// When it was last heard, CLOCK_MONOTONIC ns.
    pub candidate_arrival: Word,
    /// The incarnation that the last accepted reply named.
    pub confirmed: Word,
    /// Nonce of the last accepted reply; 0: none yet.
    pub nonce: Word,
    /// When it arrived, CLOCK_MONOTONIC ns.
    pub reply_arrival: Word,
    /// What the reply said of its sender, see [`crate::slot::Announced`].
    pub announced: Word,
    /// The last sequence that the peer sent on this network, as its kernel knew.
    pub last_sent: Word,
    /// Our highest incarnation that the peer knows.
    pub known: Word,
    /// Highest incarnation in a request answered.
    pub asker_incarnation: Word,
    /// `sent` in the last request of that incarnation answered.
    pub asker_sent: Word,
    /// When it was answered, CLOCK_MONOTONIC ns.
    pub answered: Word,
    /// Highest sequence of the slot's incarnation that came by the network's group; 0: none.
    pub group_sequence: Word,
    /// When it came, CLOCK_MONOTONIC ns; 0: none did.
    pub group_arrival: Word,
    /// When a request was last answered in which the peer said that it misses heartbeats of ours,
    /// CLOCK_MONOTONIC ns; 0: never.
    pub missed: Word,
    /// When a request of an older incarnation was last answered, CLOCK_MONOTONIC ns; 0: never.
    pub outdated: Word,
    /// Zero; keeps the record at two cache lines.
    pub reserved: Word,
}

const _: () = assert!(size_of::<Echo>() == 128);

/// Whether an echo request is answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    /// Yes: it is newer than all answered before.
    Newest,
    /// Yes, though its incarnation is older than one answered before: so that an agent that went back learns it.
    Outdated,
    /// No: it comes too soon after one that was answered. It is newer than that, so what it remarks may be news.
    TooSoon,
    /// No: a request answered before, or older.
    None,
}

impl Echo {
    /// Keeps the newest unconfirmed incarnation heard.
    #[inline(always)]
    pub fn propose(&self, incarnation: u64, now_ns: u64) {
        if self.candidate.get() <= incarnation {
            self.candidate.set(incarnation);
            self.candidate_arrival.set(now_ns);
        }
    }

    /// Whether this request is answered now, and notes that it is: of one incarnation only ever newer requests
    /// and one in `interval_ns`; of all older ones together one in `interval_ns`. The first of a higher
    /// incarnation does not wait, or recordings of an earlier one could keep it waiting for ever; nor does the
    /// first to this run, which began at `begun_ns`: its peers ask at once whether it is the living one.
    #[inline(always)]
    pub fn answer(&self, words: &Words, now_ns: u64, interval_ns: u64, begun_ns: u64) -> Answer {
        let (asker, incarnation) = (self.asker_incarnation.get(), words.incarnation());
        if incarnation < asker {
            if is_too_soon(self.outdated.get(), now_ns, interval_ns) {
                return Answer::None;
            }
            self.outdated.set(now_ns);
            return Answer::Outdated;
        }
        if incarnation == asker && words.sent() <= self.asker_sent.get() {
            return Answer::None;
        }
        let waits = incarnation == asker
            && begun_ns <= self.answered.get()
            && is_too_soon(self.answered.get(), now_ns, interval_ns);
        if waits {
            return Answer::TooSoon;
        }
        self.asker_incarnation.set(incarnation);
        self.asker_sent.set(words.sent());
        self.answered.set(now_ns);
        Answer::Newest
    }

    /// Takes from the newest request what it says of the way there: what its sender has heard of ours, and what it
    /// [remarks](Echo::remark), whose answer it returns.
    #[inline(always)]
    pub fn learn(&self, slot: &Slot, words: &Words, now_ns: u64, interval_ns: u64) -> bool {
        if !self.knows(slot, words.incarnation()) {
            return false;
        }
        slot.heard.set(words.sequence());
        self.remark(slot, words, now_ns, interval_ns)
    }

    /// Notes that the sender of this request says it misses heartbeats, if it does. Returns whether that is news: not if
    /// it was said less than `interval_ns` ago. Only of an incarnation that is known to be no recording.
    #[inline(always)]
    pub fn remark(&self, slot: &Slot, words: &Words, now_ns: u64, interval_ns: u64) -> bool {
        if words.flags() & flags::MISSED == 0 || !self.knows(slot, words.incarnation()) {
            return false;
        }
        let news = !is_too_soon(self.missed.get(), now_ns, interval_ns);
        self.missed.set(now_ns);
        news
    }

    /// Whether this incarnation was heard before, or is confirmed.
    #[inline(always)]
    fn knows(&self, slot: &Slot, incarnation: u64) -> bool {
        slot.incarnation.get() == incarnation || self.confirmed.get() == incarnation
    }

    /// The highest incarnation of the peer that this node knows of, for the reply to one that asks as `asking`.
    #[inline(always)]
    pub fn highest_known(&self, slot: &Slot, asking: u64) -> u64 {
        let heard = larger(slot.incarnation.get(), self.candidate.get());
        let asked = self.asker_incarnation.get();
        // What it asked as itself is no news to it, and need not have been heard.
        if asking < asked {
            larger(heard, asked)
        } else {
            heard
        }
    }

    /// Records the reply to our own request; its nonce was the outstanding one.
    #[inline(always)]
    pub fn confirm(&self, words: &Words, announced: u64, now_ns: u64) {
        self.announced.set(announced);
        self.last_sent.set(words.sequence());
        self.known.set(words.sent());
        self.confirmed.set(words.incarnation());
        self.reply_arrival.set(now_ns);
        self.nonce.set(words.heard());
    }

    /// Notes that a believed heartbeat came by the group, if it did. A copy that was heard before moves nothing.
    #[inline(always)]
    pub fn note_group(&self, words: &Words, now_ns: u64) {
        let newer = self.group_arrival.get() == 0 || self.group_sequence.get() < words.sequence();
        if words.receiver() == 0 && newer {
            self.group_sequence.set(words.sequence());
            self.group_arrival.set(now_ns);
        }
    }

    /// Forgets what came by the group: another incarnation counts anew.
    #[inline(always)]
    pub fn forget_group(&self) {
        self.group_sequence.set(0);
        self.group_arrival.set(0);
    }

    /// Whether the newest heartbeat of this incarnation, or the one before, came by the group. Not the newest
    /// alone: its other copy may still be on the way.
    #[inline(always)]
    pub fn hears_group(&self, slot: &Slot, incarnation: u64) -> bool {
        slot.incarnation.get() == incarnation
            && self.group_arrival.get() != 0
            && slot.sequence.get() <= self.group_sequence.get().saturating_add(1)
    }
}

#[inline(always)]
fn is_too_soon(last_ns: u64, now_ns: u64, interval_ns: u64) -> bool {
    last_ns != 0 && now_ns < last_ns.saturating_add(interval_ns)
}

#[inline(always)]
const fn larger(a: u64, b: u64) -> u64 {
    if a < b { b } else { a }
}

#[cfg(test)]
mod tests;
