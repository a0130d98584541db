//! Every outcome of a datagram that XDP passed up as part of a message.
//!
//! A message that is refused without a trace can't be explained, so each refusal is counted, as those of XDP are.

use std::collections::BTreeMap;

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
    /// Taken before: the copy over another network, for one.
    Duplicate "duplicate"
    /// Too old to tell whether it was taken before, or of an older run.
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

    /// All counts, by the verdicts' labels.
    pub fn by_label(&self) -> BTreeMap<String, u64> {
        let labels = Verdict::ALL
            .iter()
            .map(|verdict| verdict.label().to_owned());
        labels.zip(self.0).collect()
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
        let counts = counts.by_label();
        assert_eq!(counts.len(), Verdict::ALL.len());
        for (times, verdict) in Verdict::ALL.iter().enumerate() {
            assert_eq!(counts[verdict.label()], times as u64, "{}", verdict.label());
        }
    }
}
