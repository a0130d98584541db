//! Regroup: the stages in which nodes agree on a view.
//!
//! The stages are those that Microsoft's and Tandem's cluster managers published (Vogels et al., FTCS 1998; US
//! 5884018, 5991518, 6002851): activate, closing, pruning, cleanup one and two, stabilized. Where this differs:
//!
//! 1. *Nobody moves in lock-step.* Nodes report their stage, but what lets a node go on is what others have seen
//!    and promised, not a timer: among nodes that agree a regroup takes some round trips. Timers only bound how
//!    long a node waits for others to see what it sees.
//! 2. *No tick is waited for* in activate to prove one's own timers: stamps are the kernel's, and a node that
//!    was late says so and is *cautious*: its suspicions need a second voice, and it coordinates last.
//! 3. *Closing counts votes of all configured nodes*, never of the last view, and there is no quorum resource:
//!    two nodes have a tie breaker instead.
//! 4. *Pruning is a proposal that acceptors can refuse*, numbered by an epoch, not one node's verdict. Losers
//!    give way instead of halting: membership is advisory here.
//! 5. *There is no poison packet*: whoever hears of a newer view without it knows enough.
//!
//! The awkward case is a view that is wished for and can't be had, because nodes see different things: the
//! regroup stays where it is, and tries again when a report changes something.

use core::time::Duration;

use heartbeat_ebpf::time::Timestamp;

use crate::membership::offset::Offset;
use crate::terms::Terms;

/// How far a node is with a regroup.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Stage {
    /// Nothing is to be changed, and everybody knows.
    #[default]
    Stabilized,
    /// Something is to be changed: reports are collected.
    Activate,
    /// This side has no quorum, as far as it can tell.
    Closing,
    /// Who stays: a view is proposed.
    Pruning,
    /// The view is installed here; whoever was removed is not listened to any more.
    CleanupOne,
    /// It is installed at all members.
    CleanupTwo,
}

impl Stage {
    /// As commands print it.
    pub const fn label(self) -> &'static str {
        match self {
            Stage::Stabilized => "stabilized",
            Stage::Activate => "activate",
            Stage::Closing => "closing",
            Stage::Pruning => "pruning",
            Stage::CleanupOne => "cleanup one",
            Stage::CleanupTwo => "cleanup two",
        }
    }

    /// Whether its node knows that the view is installed everywhere.
    pub const fn has_cleaned(self) -> bool {
        match self {
            Stage::Stabilized | Stage::CleanupTwo => true,
            Stage::Activate | Stage::Closing | Stage::Pruning | Stage::CleanupOne => false,
        }
    }
}

/// Where one node stands.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Regroup {
    stage: Stage,
    reported: Stage,
    since: Timestamp,
}

impl Regroup {
    /// Nothing is under way.
    pub fn new(now: Timestamp) -> Self {
        Regroup {
            stage: Stage::Stabilized,
            reported: Stage::Stabilized,
            since: now,
        }
    }

    /// How far it is.
    pub fn stage(&self) -> Stage {
        self.stage
    }

    /// When it began.
    pub fn since(&self) -> Timestamp {
        self.since
    }

    /// For how long something is to be changed; nothing at rest.
    pub fn waited(&self, now: Timestamp) -> Duration {
        match self.stage {
            Stage::Activate | Stage::Closing | Stage::Pruning => now.since(self.since),
            Stage::Stabilized | Stage::CleanupOne | Stage::CleanupTwo => Duration::ZERO,
        }
    }

    /// Something is to be changed; what was under way goes on.
    pub fn begin(&mut self, now: Timestamp) {
        match self.stage {
            Stage::Activate | Stage::Closing | Stage::Pruning => {}
            Stage::Stabilized | Stage::CleanupOne | Stage::CleanupTwo => {
                self.stage = Stage::Activate;
                self.since = now;
            }
        }
    }

    /// It is for others to say what is to be changed.
    pub fn wait(&mut self, now: Timestamp) {
        self.begin(now);
        self.stage = Stage::Activate;
    }

    /// Goes on to a stage.
    pub fn enter(&mut self, stage: Stage) {
        self.stage = stage;
    }

    /// A view is installed.
    pub fn install(&mut self, now: Timestamp) {
        self.stage = Stage::CleanupOne;
        self.since = now;
    }

    /// Nothing is under way any more.
    pub fn rest(&mut self) {
        self.stage = Stage::Stabilized;
    }

    /// Goes through the cleanups. Says whether that is a step.
    pub fn clean(&mut self, installed: Everywhere, cleaned: Everywhere) -> bool {
        let before = self.stage;
        self.stage = match self.stage {
            Stage::CleanupOne if installed == Everywhere::Yes => Stage::CleanupTwo,
            Stage::CleanupTwo if cleaned == Everywhere::Yes => Stage::Stabilized,
            Stage::CleanupOne | Stage::CleanupTwo => self.stage,
            Stage::Stabilized | Stage::Activate | Stage::Closing | Stage::Pruning => {
                Stage::Stabilized
            }
        };
        before != self.stage
    }

    /// Whether others do not know yet how far it is.
    pub fn has_news(&self) -> bool {
        self.stage != self.reported
    }

    /// Others were told.
    pub fn reported(&mut self) {
        self.reported = self.stage;
    }

    /// Moves its moment, from which every `opening` something may be due.
    pub fn offset(&mut self, by: &Offset, opening: Duration) {
        self.since = by.beat(self.since, opening);
    }

    /// When waiting for others ends; `None` while nothing is under way.
    pub fn deadline(&self, terms: &Terms, now: Timestamp) -> Option<Timestamp> {
        match self.stage {
            Stage::Stabilized | Stage::CleanupOne | Stage::CleanupTwo => None,
            Stage::Activate | Stage::Closing | Stage::Pruning => {
                let opening = terms.opening.as_nanos().max(1);
                let passed = now.since(self.since).as_nanos() / opening;
                let next = u64::try_from((passed + 1) * opening).unwrap_or(u64::MAX);
                Some(self.since.after(Duration::from_nanos(next)))
            }
        }
    }
}

/// Whether something holds at all members.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Everywhere {
    /// It does.
    Yes,
    /// Somebody has not said so.
    NotYet,
}

impl From<bool> for Everywhere {
    fn from(holds: bool) -> Self {
        if holds {
            Everywhere::Yes
        } else {
            Everywhere::NotYet
        }
    }
}
