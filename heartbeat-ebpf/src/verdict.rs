//! Every outcome of a datagram to port 3343, and what happens to its frame.
//!
//! A dropped heartbeat that nobody counted is a missed heartbeat that nobody can explain, so the program
//! has no silent exit: each frame that reaches port 3343 raises exactly one of these counters, kept per
//! network and per CPU. The numbers are indices into pinned records: they never change their meaning, new
//! ones are added at the end.

/// What becomes of a frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    /// Goes on up the stack, untouched.
    Pass,
    /// Ends here.
    Drop,
    /// Turned into its own answer and sent back.
    Reply,
}

macro_rules! verdicts {
    ($($(#[$doc:meta])* $name:ident = $number:literal $label:literal $fate:ident)*) => {
        /// The outcome of one datagram to port 3343.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u32)]
        pub enum Verdict { $($(#[$doc])* $name = $number),* }

        impl Verdict {
            /// All verdicts, by number.
            pub const ALL: &'static [Verdict] = &[$(Verdict::$name),*];

            /// Its value of the metrics' `verdict` label.
            pub const fn label(self) -> &'static str {
                match self { $(Verdict::$name => $label),* }
            }

            /// What happens to the frame.
            #[inline(always)]
            pub const fn fate(self) -> Fate {
                match self { $(Verdict::$name => Fate::$fate),* }
            }
        }
    };
}

verdicts! {
    /// Not addressed to this node: a bridged guest's own cluster, for one.
    Transit = 0 "transit" Pass
    /// A heartbeat, recorded as an arrival.
    Heartbeat = 1 "heartbeat" Drop
    /// A heartbeat that others overtook; recorded, but the last arrival stays.
    Reordered = 2 "reordered" Drop
    /// A heartbeat already seen, though it was sent once.
    Duplicate = 3 "duplicate" Drop
    /// Older than the window, or of an older incarnation.
    Replay = 4 "replay" Drop
    /// Of an incarnation that no echo has confirmed yet.
    Candidate = 5 "candidate" Drop
    /// An echo request, answered.
    Echo = 6 "echo" Reply
    /// An echo request too soon after, or older than, the last one answered.
    EchoLimited = 7 "echo_limited" Drop
    /// The answer to our own echo request.
    EchoReply = 8 "echo_reply" Drop
    /// An echo reply that nobody asked for.
    EchoUnexpected = 9 "echo_unexpected" Drop
    /// A message for the agent.
    Message = 10 "message" Pass
    /// The first fragment of a larger datagram.
    Fragment = 11 "fragment" Drop
    /// IPv4 options or IPv6 extension headers.
    Options = 12 "options" Drop
    /// Too short, too long, or lengths that contradict each other.
    Length = 13 "length" Drop
    /// Not our first two bytes.
    Magic = 14 "magic" Drop
    /// Another version of the protocol.
    Version = 15 "version" Drop
    /// A kind that this version does not know.
    Kind = 16 "kind" Drop
    /// Another cluster.
    Cluster = 17 "cluster" Drop
    /// Another receiver than this node, or multicast where unicast belongs.
    Receiver = 18 "receiver" Drop
    /// No path leads from that sender over that network to that interface and VLAN.
    Path = 19 "path" Drop
    /// The path exists, but from another source address.
    Source = 20 "source" Drop
    /// Authenticated where this node is not, or the other way round.
    Authentication = 21 "authentication" Drop
    /// Signed with a key that this node does not have.
    Key = 22 "key" Drop
    /// The tag does not hold.
    Tag = 23 "tag" Drop
    /// An announced interval outside 10 ms to 60 s.
    Interval = 24 "interval" Drop
    /// The other copy of a heartbeat that went both to us and to the network's group.
    Copy = 25 "copy" Drop
}

/// Room for verdicts in a counter record.
pub const VERDICTS_MAX: usize = 32;

const _: () = assert!(Verdict::ALL.len() <= VERDICTS_MAX);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_indices_and_labels_differ() {
        for (index, verdict) in Verdict::ALL.iter().enumerate() {
            assert_eq!(*verdict as usize, index);
            let same = Verdict::ALL
                .iter()
                .filter(|other| other.label() == verdict.label());
            assert_eq!(same.count(), 1, "{}", verdict.label());
        }
    }
}
