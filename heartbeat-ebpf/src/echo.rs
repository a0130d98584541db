//! Echoes: asking a peer's kernel, and believing a new incarnation.
//!
//! An echo request is answered by the peer's XDP program, so it tells a dead host from a hung agent. It also
//! settles the awkward case of a new incarnation: a recording of a dead peer carries valid tags, and a
//! freshly booted receiver has no window to refuse it by. So an unknown incarnation is only a *candidate*
//! until a reply with our own random nonce names it; a recording can't answer that.
//!
//! A request is itself worth recording to an attacker, who could use up the one answer per interval. So a
//! path answers only requests newer (by incarnation, then by `sent`) than the last one it answered.

use crate::wire::Words;
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
    /// Incarnation in the last request answered.
    pub asker_incarnation: Word,
    /// `sent` in the last request answered.
    pub asker_sent: Word,
    /// When it was answered, CLOCK_MONOTONIC ns.
    pub answered: Word,
    /// Zero; keeps the record at two cache lines.
    pub reserved: [Word; 5],
}

const _: () = assert!(size_of::<Echo>() == 128);

impl Echo {
    /// Keeps the newest unconfirmed incarnation heard.
    #[inline(always)]
    pub fn propose(&self, incarnation: u64, now_ns: u64) {
        if self.candidate.get() <= incarnation {
            self.candidate.set(incarnation);
            self.candidate_arrival.set(now_ns);
        }
    }

    /// Whether this request may be answered now: newer than the last one answered, and at most one in
    /// `interval_ns`. If so it becomes the last one answered.
    #[inline(always)]
    pub fn allow(&self, words: &Words, now_ns: u64, interval_ns: u64) -> bool {
        let answered = self.answered.get();
        if answered != 0 && now_ns < answered.saturating_add(interval_ns) {
            return false;
        }
        let (asker, incarnation) = (self.asker_incarnation.get(), words.incarnation());
        if incarnation < asker || (incarnation == asker && words.sent() <= self.asker_sent.get()) {
            return false;
        }
        self.asker_incarnation.set(incarnation);
        self.asker_sent.set(words.sent());
        self.answered.set(now_ns);
        true
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Header, Kind};

    fn request(incarnation: u64, sent: u64) -> Words {
        Header {
            kind: Kind::EchoRequest,
            flags: 0,
            key_id: 1,
            sender: 2,
            cluster: 3,
            receiver: 4,
            network: 5,
            interval_ms: 1200,
            agent_age_ms: 0,
            config_digest: 0,
            incarnation,
            sequence: 0,
            sent,
            heard: 77,
        }
        .words()
    }

    #[test]
    fn one_request_an_interval_is_answered_and_never_the_same_twice() {
        let echo = Echo::default();
        assert!(echo.allow(&request(5, 100), 1_000, 500));
        assert!(!echo.allow(&request(5, 200), 1_400, 500), "too soon");
        assert!(!echo.allow(&request(5, 100), 9_000, 500), "a recording");
        assert!(
            !echo.allow(&request(4, 900), 9_000, 500),
            "an older incarnation"
        );
        assert!(echo.allow(&request(5, 101), 9_000, 500));
        assert!(echo.allow(&request(6, 1), 10_000, 500));
    }

    #[test]
    fn an_older_candidate_does_not_displace_a_newer_one() {
        let echo = Echo::default();
        echo.propose(9, 1);
        echo.propose(8, 2);
        assert_eq!(echo.candidate.get(), 9);
        assert_eq!(echo.candidate_arrival.get(), 1);
    }
}
