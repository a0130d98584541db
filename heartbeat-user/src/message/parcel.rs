//! Parcels: what users send each other.
//!
//! A parcel is the bytes that a user handed over, and nothing more. Its sender numbers its parcels, one number for
//! all receivers, and keeps each until the receiver's agent says what became of it: a receipt. The awkward case is
//! a receipt that is lost. The parcel comes again, and must neither be taken twice nor be judged anew, or the
//! sender would be told of the second judgement while the first was carried out. So the receiver remembers what
//! became of the newest parcel of each peer, and says it again; there is never more than one on the way.

use heartbeat_ebpf::ids::Incarnation;

/// Bytes of the longest parcel.
pub const BODY_MAX: usize = 64 * 1024;

/// What became of a parcel at its receiver.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It waits there for whoever receives.
    Queued = 1,
    /// Too many wait there already.
    Full = 2,
    /// Its sender is no member of the receiver's view.
    NotMember = 3,
}

impl Outcome {
    /// As a receipt's bytes.
    pub const fn bytes(self) -> [u8; 1] {
        [self as u8]
    }

    /// From a receipt's bytes; `None` where a later release says something else.
    pub const fn from_bytes(bytes: &[u8]) -> Option<Outcome> {
        Some(match bytes {
            [1] => Outcome::Queued,
            [2] => Outcome::Full,
            [3] => Outcome::NotMember,
            _ => return None,
        })
    }
}

/// The newest parcel of a peer, and what became of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Settled(Option<(Incarnation, u64, Outcome)>);

/// Whether a parcel that came has come before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// It has not.
    New,
    /// It has, and this became of it.
    Known(Outcome),
    /// Its sender has sent another since, so it does not wait for a receipt.
    Overtaken,
}

impl Settled {
    /// Where a run's parcel with this number stands.
    pub fn standing(&self, run: Incarnation, number: u64) -> Standing {
        match self.0 {
            Some((known, newest, outcome)) if (known, newest) == (run, number) => {
                Standing::Known(outcome)
            }
            Some((known, newest, _)) if (run, number) < (known, newest) => Standing::Overtaken,
            Some(_) | None => Standing::New,
        }
    }

    /// Keeps what became of a new parcel.
    pub fn note(&mut self, run: Incarnation, number: u64, outcome: Outcome) {
        self.0 = Some((run, number, outcome));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_became_of_a_parcel_is_said_again_and_not_judged_anew() {
        let (run, next) = (Incarnation(7), Incarnation(8));
        let mut settled = Settled::default();
        assert_eq!(settled.standing(run, 5), Standing::New);
        settled.note(run, 5, Outcome::Full);
        assert_eq!(settled.standing(run, 5), Standing::Known(Outcome::Full));
        assert_eq!(settled.standing(run, 4), Standing::Overtaken);
        assert_eq!(settled.standing(run, 6), Standing::New);
        assert_eq!(settled.standing(next, 1), Standing::New);
        settled.note(next, 1, Outcome::Queued);
        assert_eq!(settled.standing(run, 6), Standing::Overtaken);
    }

    #[test]
    fn a_receipt_says_one_of_these_or_nothing() {
        for outcome in [Outcome::Queued, Outcome::Full, Outcome::NotMember] {
            assert_eq!(Outcome::from_bytes(&outcome.bytes()), Some(outcome));
        }
        for bytes in [&[][..], &[0], &[4], &[1, 1]] {
            assert_eq!(Outcome::from_bytes(bytes), None);
        }
    }
}
