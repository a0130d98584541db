//! Membership: which nodes are in the cluster, agreed by those who are.
//!
//! ```text
//!   sights (own paths) ──┐                                  ┌─> reports, on change and each interval
//!   reports ─────────────┼─> matrix ─> wish: who should be ─┼─> proposal ─> accepts ─> install ─> view
//!   time ────────────────┘             a member             └─> 1135, 334310, 1177
//! ```
//!
//! Every node hands round whom it reaches, and everybody who has the same reports wishes for the same members:
//! the largest fully connected set (`wish`). Its first node proposes it as a view with a new epoch
//! (`coordinate`); nodes accept (`accept`), and what all acceptors have accepted is installed (`install`).
//! Safety does not rest on wishing for the same: a node accepts one view an epoch and none below what it has
//! promised, which outlives its agent; acceptors are a quorum, and two quorums share a node; and a view is acted
//! by only as long as enough others have promised not to go on without this node (`lease`).
//!
//! The awkward case is a node that is wrong about others: one that froze, whose network card is dying, that
//! hears but is not heard. It can wish for what it likes; the others' wishes, made of everybody's words, leave
//! it out, and it learns so or finds its leases over.

use alloc::vec::Vec;
use core::time::Duration;

use heartbeat_ebpf::ids::Incarnation;
use heartbeat_ebpf::time::Timestamp;

use crate::lease::Leases;
use crate::message::{Caution, Report, Row};
use crate::nodes::{NodeIndex, NodeSet};
use crate::quarantine::Quarantined;
use crate::regroup::Regroup;
use crate::terms::Terms;
use crate::view::{Epoch, View};
use crate::voters::Voters;
use accept::Pending;
use coordinate::Proposed;
use speak::Pace;

pub use outcome::{News, Outcome, Post};
pub use sight::Sight;

mod accept;
mod cause;
mod coordinate;
mod hear;
mod install;
mod moved;
pub mod offset;
mod outcome;
mod rows;
mod sight;
mod speak;
mod wish;

/// One node's part in the membership.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Membership {
    terms: Terms,
    /// The voters before the configuration changed them, until a view has the consent of both.
    previous: Option<Voters>,
    incarnation: Incarnation,
    begun: Timestamp,
    sights: Vec<Sight>,
    reports: Vec<Option<Heard>>,
    reaches: NodeSet,
    rows: Vec<Row>,
    leases: Leases,
    promised: Epoch,
    /// The newest view that this node has accepted; never older than the installed one.
    accepted: Option<View>,
    pending: Option<Pending>,
    /// What earlier runs may have accepted.
    floor: Epoch,
    /// The newest view that this node, in this run or an earlier one, may have accepted without each node's consent.
    without: Vec<Epoch>,
    proposed: Option<Proposed>,
    /// When another node proposed something last.
    courted: Option<Timestamp>,
    /// When this node's turn to propose was taken by a newer proposal last.
    outbid: Option<Timestamp>,
    installed: Option<View>,
    /// What was told last, to tell differences to; `None` after a loss of quorum.
    told: Option<View>,
    /// When this node gave its view up without knowing of a newer one.
    gave_up: Option<Timestamp>,
    newest: Epoch,
    regroup: Regroup,
    quarantine: Option<Quarantined>,
    cautious_until: Option<Timestamp>,
    departed: bool,
    /// Whether this run has had quorum since a loss was told last.
    had_quorum: bool,
    pace: Pace,
    /// Something may have changed what this node wishes for.
    stirred: bool,
    deadline: Timestamp,
}

/// The newest report of a node.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Heard {
    at: Timestamp,
    report: Report,
}

impl Membership {
    /// A run that begins at `begun`, and is in no view.
    pub fn new(terms: Terms, incarnation: Incarnation, begun: Timestamp) -> Self {
        let nodes = terms.nodes;
        Membership {
            previous: None,
            incarnation,
            begun,
            sights: alloc::vec![Sight::default(); nodes],
            reports: alloc::vec![None; nodes],
            reaches: [terms.me].into_iter().collect(),
            rows: Vec::new(),
            leases: Leases::new(nodes, begun, terms.promise),
            promised: Epoch(0),
            accepted: None,
            pending: None,
            floor: Epoch(0),
            without: alloc::vec![Epoch(0); nodes],
            proposed: None,
            courted: None,
            outbid: None,
            installed: None,
            told: None,
            gave_up: None,
            newest: Epoch(0),
            regroup: Regroup::new(begun),
            quarantine: terms.quarantine.map(|terms| Quarantined::new(terms, nodes)),
            cautious_until: None,
            departed: false,
            had_quorum: false,
            pace: Pace::new(begun),
            stirred: true,
            deadline: begun,
            terms,
        }
    }

    /// This run has another incarnation now; what it was a member as is over.
    pub fn reborn(&mut self, incarnation: Incarnation) {
        self.incarnation = incarnation;
        self.installed = None;
        self.told = None;
        self.accepted = None;
        self.pending = None;
        self.proposed = None;
        self.promised_before(self.promised);
        self.stirred = true;
    }

    /// Goes on above what an earlier run has promised.
    pub fn promised_before(&mut self, epoch: Epoch) {
        self.promised = self.promised.max(epoch);
        self.floor = self.floor.max(epoch);
        for without in &mut self.without {
            *without = epoch.max(*without);
        }
    }

    /// The view that this node acts by; `None`: none.
    pub fn view(&self) -> Option<&View> {
        self.installed.as_ref()
    }

    /// The newest view that was heard of.
    pub fn epoch(&self) -> Epoch {
        self.newest
    }

    /// How far this node is with a regroup.
    pub fn stage(&self) -> crate::regroup::Stage {
        self.regroup.stage()
    }

    /// Whether a node is a member of the view that this node acts by.
    pub fn is_member(&self, node: NodeIndex) -> bool {
        self.installed
            .as_ref()
            .is_some_and(|view| view.incarnation(node).is_some())
    }

    /// Whether the view that this node acts by holds at `now`: it has accepted no other, and enough others have
    /// promised not to go on without it.
    pub fn is_quorate(&self, now: Timestamp) -> bool {
        let current = |view: &View| {
            self.accepted
                .as_ref()
                .is_some_and(|accepted| accepted.epoch == view.epoch)
        };
        let mut good = self.leases.good(now);
        good.insert(self.terms.me);
        self.installed.as_ref().is_some_and(current) && self.has_quorum(&good)
    }

    /// Whom this node reaches, itself included.
    pub fn reaches(&self) -> &NodeSet {
        &self.reaches
    }

    /// Takes note of what this node's own paths say of a peer.
    pub fn see(&mut self, now: Timestamp, peer: NodeIndex, sight: Sight) {
        let before = core::mem::replace(&mut self.sights[peer.position()], sight);
        if before.incarnation != sight.incarnation {
            self.reports[peer.position()] = None;
            // Where no run was known, an earlier run of this node may have promised this one something.
            if before.incarnation.is_some() {
                self.leases.release(peer, now);
            }
            self.leases.drop_of(peer);
        }
        let same = before.incarnation == sight.incarnation
            && before.heard == sight.heard
            && before.departure == sight.departure;
        self.stirred |= !same;
        if let Some(from) = sight.suspect_from {
            self.deadline = self.deadline.min(from);
        }
    }

    /// This node's own timing was bad: for a while its word about others needs a second one.
    pub fn be_cautious(&mut self, now: Timestamp) {
        self.cautious_until = Some(now.after(self.terms.caution));
        self.pace.hurry();
        self.stirred = true;
    }

    /// The whole machine has paused: nothing that was promised is known to hold.
    pub fn doubt(&mut self, now: Timestamp) {
        self.leases.drop_all();
        self.be_cautious(now);
    }

    /// This node is about to say that it goes.
    pub fn depart(&mut self) {
        self.departed = true;
        self.installed = None;
        self.told = None;
        self.gave_up = None;
        self.pending = None;
        self.proposed = None;
        self.regroup.rest();
    }

    /// Decides what follows from all that was seen and heard, if something may.
    /// Says whether there was something to decide.
    pub fn turn(&mut self, now: Timestamp, out: &mut Outcome) -> bool {
        let due = !self.departed && (self.stirred || self.deadline <= now);
        if due {
            self.stirred = false;
            self.look_around(now);
            self.accept_pending(now, out);
            self.coordinate(now, out);
            self.admit_loss(now, out);
            self.speak(now, out);
            self.deadline = self.next(now);
        }
        self.had_quorum |= self.is_quorate(now);
        due
    }

    /// When to decide again at the latest: at once if something may have changed.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        let due = if self.stirred {
            self.begun
        } else {
            self.deadline
        };
        (!self.departed).then_some(due)
    }

    /// Whom this node reaches now: who is heard, and who was and is not silent for too long.
    fn look_around(&mut self, now: Timestamp) {
        if self.cautious_until.is_some_and(|until| until <= now) {
            self.cautious_until = None;
            self.pace.hurry();
        }
        for place in 0..self.terms.nodes {
            let node = NodeIndex(place as u16);
            let sight = &self.sights[place];
            let kept = self.reaches.contains(node) && !sight.is_suspect(now);
            let reached =
                node == self.terms.me || (!sight.has_left() && (sight.is_heard() || kept));
            let changed = if reached {
                self.reaches.insert(node)
            } else {
                self.reaches.remove(node)
            };
            if changed {
                self.pace.hurry();
            }
        }
    }

    /// A node's newest report, unless it is too old, of another run, or its last word was that it goes.
    fn fresh(&self, node: NodeIndex, now: Timestamp) -> Option<&Report> {
        self.said_within(node, now, self.terms.stale)
    }

    fn said_within(&self, node: NodeIndex, now: Timestamp, age: Duration) -> Option<&Report> {
        let heard = self.reports[node.position()].as_ref()?;
        let stays = self.sights[node.position()].departure.is_none();
        (stays && now.since(heard.at) < age).then_some(&heard.report)
    }

    fn has_quorum(&self, nodes: &NodeSet) -> bool {
        let before = |voters: &Voters| voters.is_quorum(nodes);
        self.terms.voters.is_quorum(nodes) && self.previous.as_ref().is_none_or(before)
    }

    fn caution(&self) -> Caution {
        match self.cautious_until {
            Some(_) => Caution::Cautious,
            None => Caution::None,
        }
    }

    fn promise(&mut self, epoch: Epoch, out: &mut Outcome) {
        if self.promised < epoch {
            self.promised = epoch;
            out.promised = Some(epoch);
            self.pace.hurry();
        }
    }

    /// When the next thing is due that no message or sight will announce.
    fn next(&self, now: Timestamp) -> Timestamp {
        let stale = |heard: &Heard| {
            let ages = [self.terms.stale, self.terms.rows_stale];
            ages.map(|age| heard.at.after(age))
        };
        let reports = self.reports.iter().flatten().flat_map(stale);
        let suspicions = self.sights.iter().filter_map(|sight| sight.suspect_from);
        let own = [
            self.cautious_until,
            self.pending_deadline(now),
            self.proposed.as_ref().map(|proposed| proposed.again),
            self.outbid.map(|at| at.after(self.terms.attempt)),
            self.regroup.deadline(&self.terms, now),
            self.gave_up.map(|at| at.after(self.terms.opening * 2)),
            self.quarantine
                .as_ref()
                .and_then(|quarantine| quarantine.deadline(now)),
            self.installed
                .is_some()
                .then(|| self.leases.next_end(now))
                .flatten(),
        ];
        let later = |moment: &Timestamp| now < *moment;
        let all = reports.chain(suspicions).chain(own.into_iter().flatten());
        let due = self.pace.due(&self.terms);
        all.filter(later).chain([due]).min().unwrap_or(due)
    }
}

#[cfg(test)]
mod tests;
