//! Every outcome of a datagram that XDP passed up as part of a message.
//!
//! A message that is refused without a trace can't be explained, so each refusal is counted, as those of XDP are.

macro_rules! verdicts {
    ($($(#[$doc:meta])* $name:ident $label:literal)*) => {
        /// The outcome of one datagram.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Verdict { $($(#[$doc])* $name),* }

        impl Verdict {
            /// All verdicts.
            pub const ALL: &'static [Verdict] = &[$(Verdict::$name),*];

            /// Its value of the metrics' `verdict` label.
            pub const fn label(self) -> &'static str {
                match self { $(Verdict::$name => $label),* }
            }
        }
    };
}

verdicts! {
    /// Taken.
    Taken "taken"
    /// Not laid out as a message's datagram is.
    Malformed "malformed"
    /// Not from a peer's address to this node in this cluster: it did not come through the XDP program.
    Stranger "stranger"
    /// Signed with a key that this node does not have.
    Key "key"
    /// For another run of this node's agent.
    OtherRun "other_run"
    /// Of a run of the peer that is not the one heard.
    Unconfirmed "unconfirmed"
    /// Taken before, perhaps over another network, or too old to tell.
    Replay "replay"
    /// The MAC does not hold.
    Mac "mac"
    /// Authentic, but the message that it belongs to can't be understood.
    Meaningless "meaningless"
}

/// How many datagrams came to which outcome.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts([u64; Verdict::ALL.len()]);

impl Counts {
    /// Counts one.
    pub fn note(&mut self, verdict: Verdict) {
        self.0[verdict as usize] += 1;
    }

    /// All counts.
    pub fn all(&self) -> impl Iterator<Item = (Verdict, u64)> + '_ {
        Verdict::ALL.iter().copied().zip(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_outcome_has_a_count_of_its_own() {
        let mut counts = Counts::default();
        for (times, verdict) in Verdict::ALL.iter().enumerate() {
            (0..times).for_each(|_| counts.note(*verdict));
        }
        for (times, (verdict, count)) in counts.all().enumerate() {
            assert_eq!(count, times as u64, "{}", verdict.label());
        }
    }
}
