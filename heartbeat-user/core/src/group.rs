//! A network's multicast group, and whether heartbeats may go to it instead of to each peer.
//!
//! One datagram for all peers is cheap, but a group can fail where unicast works: a switch that prunes it
//! because nobody asks for members is the classic. So the group proves itself first: heartbeats go both ways
//! until the kernel of every peer that is up has said, in reply to an echo request, that they come through the
//! group. The awkward case is a group that fails later. A peer that misses the first heartbeat says so in an
//! echo request; at that moment unicast is sent again, before the peer's deadline, and only then, with both
//! on the wire, does the next reply tell a group that failed from a frame that was lost.

use alloc::vec::Vec;
use core::time::Duration;

use heartbeat_ebpf::time::Timestamp;

use crate::arrival::{HeardBy, Reply};
use crate::config::{GroupUse, PathIndex};
use crate::inquiry::Need;

/// A group that failed is not tried again for this long.
pub const REST: Duration = Duration::from_secs(600);
/// Rounds that went both ways before a reply can prove that the group does not carry them.
const PROOF: u32 = 10;
/// The same while a group that worked is in doubt.
const DOUBT: u32 = 2;

/// How a network's heartbeats are sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Carriage {
    /// To each peer.
    Unicast,
    /// To each peer and to the group.
    Both,
    /// To the group; and to each peer that is not up, so that it can come up.
    Group,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Mode {
    /// The group is not used.
    Never,
    /// It has to prove itself.
    Trying { since: Timestamp },
    /// It has.
    Trusted { since: Timestamp },
    /// A peer has missed something.
    Doubtful { since: Timestamp },
    /// It has failed.
    Resting { until: Timestamp },
    /// Nothing was heard yet.
    Fresh,
}

/// What is known of the group at one path of the network that is up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Member {
    /// The path.
    pub path: PathIndex,
    /// Since when it is up.
    pub up_since: Timestamp,
    /// Its newest reply.
    pub reply: Option<Reply>,
    /// When the peer last said that it misses our heartbeats.
    pub missed: Option<Timestamp>,
    /// Between two rounds.
    pub interval: Duration,
}

/// One network's group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Group {
    mode: Mode,
}

impl Group {
    /// A group that nobody has heard yet.
    pub fn new(allowed: GroupUse) -> Self {
        let mode = match allowed {
            GroupUse::Never => Mode::Never,
            GroupUse::Allowed => Mode::Fresh,
        };
        Group { mode }
    }

    /// The same group under another configuration.
    pub fn configure(&mut self, allowed: GroupUse) {
        match (allowed, self.mode) {
            (GroupUse::Never, _) => self.mode = Mode::Never,
            (GroupUse::Allowed, Mode::Never) => self.mode = Mode::Fresh,
            (GroupUse::Allowed, _) => {}
        }
    }

    /// How heartbeats are to be sent.
    pub fn carriage(&self) -> Carriage {
        match self.mode {
            Mode::Never | Mode::Resting { .. } => Carriage::Unicast,
            Mode::Fresh | Mode::Trying { .. } | Mode::Doubtful { .. } => Carriage::Both,
            Mode::Trusted { .. } => Carriage::Group,
        }
    }

    /// How eagerly it waits for replies.
    pub fn need(&self) -> Need {
        match self.mode {
            Mode::Never | Mode::Resting { .. } => Need::None,
            Mode::Trusted { .. } => Need::Calm,
            Mode::Fresh | Mode::Trying { .. } | Mode::Doubtful { .. } => Need::Eager,
        }
    }

    /// Whether it may be used at all.
    pub fn is_used(&self) -> bool {
        self.mode != Mode::Never
    }

    /// When the rest after a failure ends.
    pub fn deadline(&self) -> Option<Timestamp> {
        match self.mode {
            Mode::Resting { until } => Some(until),
            Mode::Never
            | Mode::Fresh
            | Mode::Trying { .. }
            | Mode::Trusted { .. }
            | Mode::Doubtful { .. } => None,
        }
    }

    /// Judges the group by what its members' kernels say. Returns the path on which it has failed, if it has
    /// now.
    pub fn judge(&mut self, now: Timestamp, members: &[Member]) -> Option<PathIndex> {
        match self.mode {
            Mode::Never => None,
            Mode::Fresh => {
                self.mode = Mode::Trying { since: now };
                None
            }
            Mode::Resting { until } => {
                if until <= now {
                    self.mode = Mode::Trying { since: now };
                }
                None
            }
            Mode::Trying { since } => self.prove(now, members, since, PROOF),
            Mode::Doubtful { since } => self.prove(now, members, since, DOUBT),
            Mode::Trusted { since } => {
                let missed = |member: &Member| member.missed.is_some_and(|at| since < at);
                if members.iter().any(missed) {
                    self.mode = Mode::Doubtful { since: now };
                } else if !members.iter().all(Member::has_confirmed) {
                    self.mode = Mode::Trying { since: now };
                }
                None
            }
        }
    }

    /// Both ways are sent since `since`: trusts the group, drops it, or waits on.
    fn prove(
        &mut self,
        now: Timestamp,
        members: &[Member],
        since: Timestamp,
        rounds: u32,
    ) -> Option<PathIndex> {
        let verdicts: Vec<Option<HeardBy>> = members
            .iter()
            .map(|member| member.proof(since, rounds))
            .collect();
        let failed = verdicts
            .iter()
            .position(|heard| *heard == Some(HeardBy::Unicast));
        if let Some(failed) = failed {
            self.mode = Mode::Resting {
                until: now.after(REST),
            };
            return Some(members[failed].path);
        }
        let confirmed = |heard: &Option<HeardBy>| *heard == Some(HeardBy::Group);
        if !verdicts.is_empty() && verdicts.iter().all(confirmed) {
            self.mode = Mode::Trusted { since: now };
        }
        None
    }
}

impl Member {
    /// Whether a reply since it is up says that it hears the group.
    fn has_confirmed(&self) -> bool {
        let confirms = |reply: Reply| reply.heard == HeardBy::Group && self.up_since < reply.at;
        self.reply.is_some_and(confirms)
    }

    /// What its newest reply proves, where heartbeats go both ways since `since`: that the group works at
    /// once, that it does not only after some rounds.
    fn proof(&self, since: Timestamp, rounds: u32) -> Option<HeardBy> {
        let since = since.max(self.up_since);
        let reply = self.reply.filter(|reply| since < reply.at)?;
        let certain = since.after(self.interval * rounds) <= reply.at;
        match reply.heard {
            HeardBy::Group => Some(HeardBy::Group),
            HeardBy::Unicast => certain.then_some(HeardBy::Unicast),
        }
    }
}

#[cfg(test)]
mod tests;
