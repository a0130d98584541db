//! One host: a node of the core, and as much of its agent and kernel as it needs.
//!
//! The kernel stamps while the agent stands still, and keeps what came for it; what the core has promised outlives
//! its run. The awkward case is a host whose kernel answers though its agent is silent: it is not suspected for
//! a while, and a member that says nothing.

use std::sync::Arc;

use heartbeat_core::Incarnation;
use heartbeat_core::arrival::Departure;
use heartbeat_core::membership::offset::Offset;
use heartbeat_core::membership::{Membership, Outcome, Sight};
use heartbeat_core::view::{Epoch, View};
use heartbeat_ebpf::time::Timestamp;

use crate::letter::Letter;
use crate::mutant::Mutant;
use crate::scale;

/// One host.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Host {
    /// What it is up to.
    pub condition: Condition,
    /// The core of the newest run; absent while there is none.
    pub core: Option<Membership>,
    /// Which run that is, or was.
    pub run: Incarnation,
    /// The highest epoch that any of its runs has promised.
    pub kept: Epoch,
    /// By peer, what its kernel has stamped last.
    pub stamps: Vec<Option<Stamp>>,
    /// What came while its agent stood still.
    pub socket: Vec<Arc<Letter>>,
    /// When it looked at its clock last, where it is asked by that.
    looked: Option<Timestamp>,
}

/// What a host is up to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Condition {
    /// Its agent runs.
    Runs,
    /// Its agent stands still, its kernel does not.
    Stalled,
    /// It stands still.
    Frozen,
    /// Its agent has ended, its kernel goes on.
    Ended,
    /// It is off.
    Off,
}

/// What a kernel has stamped of one peer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Stamp {
    /// The last heartbeat.
    pub at: Timestamp,
    /// Which run sent it.
    pub run: Incarnation,
    /// What that run has said of its going.
    pub departure: Option<Departure>,
}

impl Condition {
    /// Whether its kernel stamps and answers.
    pub fn has_kernel(self) -> bool {
        match self {
            Condition::Runs | Condition::Stalled | Condition::Ended => true,
            Condition::Frozen | Condition::Off => false,
        }
    }
}

impl Host {
    /// One of so many, in its first run.
    pub fn new(me: usize, nodes: usize, mutant: Mutant) -> Self {
        Host {
            condition: Condition::Runs,
            core: Some(Membership::new(
                mutant.terms(me, nodes),
                Incarnation(1),
                scale::now(),
            )),
            run: Incarnation(1),
            kept: Epoch(0),
            stamps: vec![None; nodes],
            socket: Vec::new(),
            looked: None,
        }
    }

    /// Its agent ends.
    pub fn end(&mut self, condition: Condition) {
        self.condition = condition;
        self.core = None;
        self.socket.clear();
        self.looked = None;
        if !condition.has_kernel() {
            self.stamps.fill(None);
        }
    }

    /// A new run begins.
    pub fn start(&mut self, me: usize, mutant: Mutant) {
        let nodes = self.stamps.len();
        self.run = Incarnation(self.run.0 + 1);
        self.condition = Condition::Runs;
        let mut core = Membership::new(mutant.terms(me, nodes), self.run, mutant.begun());
        core.promised_before(mutant.kept(self.kept));
        self.core = Some(core);
    }

    /// The view that it acts by with quorum, if it does.
    pub fn acts_by(&self) -> Option<&View> {
        let core = self.core.as_ref()?;
        let asked = self.looked.unwrap_or_else(scale::now);
        core.view().filter(|_| core.is_quorate(asked))
    }

    /// Lets the core do something, and keeps what it promises.
    pub fn act(
        &mut self,
        mutant: Mutant,
        now: Timestamp,
        does: impl FnOnce(&mut Membership, &mut Outcome),
    ) -> Outcome {
        let mut out = Outcome::default();
        if let Some(core) = &mut self.core {
            does(core, &mut out);
            core.turn(now, &mut out);
        }
        self.kept = out.promised.unwrap_or(self.kept);
        self.looked = (mutant == Mutant::StandsStill).then_some(now);
        out
    }

    /// What its paths say of a peer, whose kernel answers it or does not.
    pub fn sight(&self, peer: usize, now: Timestamp, answers: bool) -> Sight {
        let Some(stamp) = self.stamps[peer] else {
            return Sight::default();
        };
        let silence = now.since(stamp.at);
        let (left, restarts) = match stamp.departure {
            Some(Departure::Leaving) => (true, false),
            Some(Departure::Restarting) => (false, silence <= scale::GRACE),
            None => (false, false),
        };
        let heard = restarts || (stamp.departure.is_none() && silence <= scale::MISSED);
        let stalled = stamp.at.after(scale::STALLED).min(now.after(scale::ANSWER));
        let suspect = stamp.at.after(scale::SUSPICION);
        Sight {
            incarnation: Some(stamp.run),
            heard: u64::from(heard),
            counted: u64::from(heard),
            suspect_from: Some(if answers {
                suspect.max(stalled)
            } else {
                suspect
            }),
            departure: stamp.departure.filter(|_| left || restarts),
        }
    }

    /// Moves all moments.
    pub fn offset(&mut self, by: &Offset) {
        if let Some(core) = &mut self.core {
            core.offset(by);
        }
        for stamp in self.stamps.iter_mut().flatten() {
            stamp.at = by.moment(stamp.at);
        }
        self.socket.retain(|letter| letter.lasts(scale::next()));
        for letter in &mut self.socket {
            Arc::make_mut(letter).offset(by);
        }
        if let Some(looked) = &mut self.looked {
            *looked = by.moment(*looked);
        }
    }
}
