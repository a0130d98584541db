//! Who should be a member, as far as one node can tell.
//!
//! Members come first: of those that are in the view, the largest fully connected set stays, and others are
//! added only where they are connected with all of it, so that a newcomer with half a connection displaces
//! nobody and does not come and go. The awkward case is a member whose agent says nothing while its host is
//! there: it stays, judged by the words of others, but nothing is asked of it. It may know what this node can't: that
//! a newer view was installed, with a newcomer in it.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use heartbeat_ebpf::ids::Incarnation;
use heartbeat_ebpf::time::Timestamp;

use super::Membership;
use crate::clique::{self, Weights};
use crate::message::{Caution, Report};
use crate::nodes::{NodeIndex, NodeSet};
use crate::view::{Choice, View};

/// Who should be a member.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Wish {
    /// By place, and which run.
    pub members: Vec<(NodeIndex, Incarnation)>,
    /// Those of them that can accept.
    pub acceptors: NodeSet,
    /// How they were chosen.
    pub choice: Choice,
}

impl Wish {
    /// Its members.
    pub fn set(&self) -> NodeSet {
        self.members.iter().map(|(node, _)| *node).collect()
    }

    /// Whether a view has the same members.
    pub fn is_met_by(&self, view: &View) -> bool {
        self.members == view.members
    }
}

/// What one look at all reports shows.
struct Look<'a> {
    now: Timestamp,
    /// Reports that are fresh, by node; our own is not among them.
    fresh: Vec<Option<&'a Report>>,
    /// Nodes that said something, this one included.
    speaking: NodeSet,
    cautious: NodeSet,
}

impl Membership {
    /// Who should be a member now; `None` where that is for others to say.
    pub(super) fn wish(&self, now: Timestamp) -> Option<Wish> {
        let look = self.look(now);
        match &self.installed {
            Some(view) => Some(self.go_on(view, &look)),
            None => self.form(&look),
        }
    }

    fn look(&self, now: Timestamp) -> Look<'_> {
        let nodes = || (0..self.terms.nodes).map(|place| NodeIndex(place as u16));
        let fresh: Vec<Option<&Report>> = nodes().map(|node| self.fresh(node, now)).collect();
        let said = |node: &NodeIndex| *node == self.terms.me || fresh[node.position()].is_some();
        let cautious = |node: &NodeIndex| {
            let theirs = fresh[node.position()].map(|report| report.caution);
            let caution = if *node == self.terms.me {
                Some(self.caution())
            } else {
                theirs
            };
            caution == Some(Caution::Cautious)
        };
        Look {
            now,
            speaking: nodes().filter(said).collect(),
            cautious: nodes().filter(cautious).collect(),
            fresh,
        }
    }

    /// The view with whoever is gone left out, and whoever came added.
    fn go_on(&self, view: &View, look: &Look<'_>) -> Wish {
        let (old, choice) = self.largest(&self.stay(view, look), look, Trust::Silence);
        let (agreed, came) = self.agreed(&old, view, look);
        let kept = old.or(&agreed);
        let (chosen, joined) = self.add(&kept, &view.set(), look);
        self.wish_for(&kept.or(&chosen), look, choice.max(came).max(joined))
    }

    /// Members of a view that are still there.
    fn stay(&self, view: &View, look: &Look<'_>) -> NodeSet {
        let stays = |(node, incarnation): &&(NodeIndex, Incarnation)| {
            let sight = &self.sights[node.position()];
            let same = *node == self.terms.me || sight.incarnation == Some(*incarnation);
            let there = look.speaking.contains(*node)
                || !sight.is_suspect(look.now)
                || look.cautious.contains(self.terms.me);
            same && !sight.has_left() && there
        };
        let staying = view.members.iter().filter(stays);
        staying.map(|(node, _)| *node).collect()
    }

    /// Newcomers that `old` and a newer view which this node has accepted have room for. While a member of `view` says
    /// nothing, it and they may act by the newer one already, and would be parted before anybody was silent for
    /// long. Where all members speak, they tell whether there is such a view.
    fn agreed(&self, old: &NodeSet, view: &View, look: &Look<'_>) -> (NodeSet, Choice) {
        let secret = !view.set().is_subset(&look.speaking);
        let accepted = self.accepted.as_ref();
        let Some(newer) = accepted.filter(|newer| secret && view.epoch < newer.epoch) else {
            return (NodeSet::new(), Choice::Exact);
        };
        let came = self.stay(newer, look).without(old);
        let fits = |node: &NodeIndex| self.is_connected_with(*node, old, look, Trust::Silence);
        self.largest(&came.iter().filter(fits).collect(), look, Trust::Silence)
    }

    /// Those who can be added to `kept`, which are connected with all of it.
    fn add(&self, kept: &NodeSet, view: &NodeSet, look: &Look<'_>) -> (NodeSet, Choice) {
        let fits = |node: &NodeIndex| {
            !kept.contains(*node)
                && self.may_join(*node, look)
                && self.is_connected_with(*node, kept, look, Trust::Words)
        };
        let candidates: NodeSet = look.speaking.iter().filter(fits).collect();
        let free = candidates.without(&self.kept_out(view, look));
        let quorate = |added: &NodeSet| self.has_quorum(&kept.or(added).and(&look.speaking));
        let (chosen, choice) = self.largest(&free, look, Trust::Words);
        if quorate(&chosen) || free == candidates {
            return (chosen, choice);
        }
        self.largest(&candidates, look, Trust::Words)
    }

    /// Nodes that this one or a member keeps out.
    fn kept_out(&self, members: &NodeSet, look: &Look<'_>) -> NodeSet {
        let theirs = members
            .iter()
            .filter_map(|node| look.fresh[node.position()]);
        theirs.fold(self.quarantined(look.now), |all, report| {
            all.or(&report.quarantined)
        })
    }

    /// Nodes that this one keeps out.
    pub(super) fn quarantined(&self, now: Timestamp) -> NodeSet {
        let quarantine = self.quarantine.as_ref();
        quarantine.map_or_else(NodeSet::new, |quarantine| quarantine.kept_out(now))
    }

    /// A view where there was none, of all who are there; `None` while somebody acts by one.
    fn form(&self, look: &Look<'_>) -> Option<Wish> {
        let reports = look.fresh.iter().flatten();
        if reports.clone().any(|report| report.view.is_some()) {
            return None;
        }
        let free = |node: &NodeIndex| *node == self.terms.me || self.may_join(*node, look);
        let candidates: NodeSet = look.speaking.iter().filter(free).collect();
        let (chosen, choice) = self.largest(&candidates, look, Trust::Words);
        Some(self.wish_for(&chosen, look, choice))
    }

    fn may_join(&self, node: NodeIndex, look: &Look<'_>) -> bool {
        let report = look.fresh[node.position()];
        let known = self.sights[node.position()].incarnation.is_some();
        known && report.is_some_and(|report| report.voters == self.terms.voters.digest())
    }

    fn wish_for(&self, members: &NodeSet, look: &Look<'_>, choice: Choice) -> Wish {
        let run = |node: NodeIndex| {
            let theirs = self.sights[node.position()].incarnation;
            let incarnation = if node == self.terms.me {
                Some(self.incarnation)
            } else {
                theirs
            };
            (node, incarnation.unwrap_or_default())
        };
        Wish {
            members: members.iter().map(run).collect(),
            acceptors: members.and(&look.speaking),
            choice,
        }
    }

    /// The largest set of these in which all are connected.
    fn largest(&self, candidates: &NodeSet, look: &Look<'_>, trust: Trust) -> (NodeSet, Choice) {
        let nodes = (0..self.terms.nodes).map(|place| NodeIndex(place as u16));
        let edges: Vec<Cow<'_, NodeSet>> = nodes
            .map(|node| self.not_denied(node, look, trust))
            .collect();
        // Whoever says nothing stays where nobody is in the way of it, but displaces nobody who speaks.
        let voice = |(place, votes): (usize, &u32)| {
            let speaks = look.speaking.contains(NodeIndex(place as u16));
            if speaks { *votes } else { 0 }
        };
        let votes: Vec<u32> = self
            .terms
            .voters
            .votes()
            .iter()
            .enumerate()
            .map(voice)
            .collect();
        let weights = Weights {
            votes: &votes,
            cautious: &look.cautious.or(&candidates.without(&look.speaking)),
            tie_breaker: self.terms.voters.tie_breaker(),
        };
        clique::largest(candidates, &edges, &weights, self.terms.steps)
    }

    /// Those from whom a node is not parted by its own word. A pair is connected if neither end parts it.
    fn not_denied<'a>(
        &'a self,
        node: NodeIndex,
        look: &Look<'a>,
        trust: Trust,
    ) -> Cow<'a, NodeSet> {
        let everybody = || NodeSet::first(self.terms.nodes);
        match (trust, self.word(node, look)) {
            (Trust::Words, None) => Cow::Owned(NodeSet::new()),
            (Trust::Silence, None) => Cow::Owned(everybody()),
            (Trust::Silence, Some(reaches)) if look.cautious.contains(node) => {
                Cow::Owned(reaches.or(&everybody().without(&look.cautious)))
            }
            (Trust::Words | Trust::Silence, Some(reaches)) => Cow::Borrowed(reaches),
        }
    }

    /// Whether a node is connected with all of these.
    fn is_connected_with(
        &self,
        node: NodeIndex,
        all: &NodeSet,
        look: &Look<'_>,
        trust: Trust,
    ) -> bool {
        let theirs = |other| self.not_denied(other, look, trust);
        all.is_subset(&theirs(node)) && all.iter().all(|other| theirs(other).contains(node))
    }

    /// Whom one node says that it reaches; `None`: it says nothing.
    fn word<'a>(&'a self, node: NodeIndex, look: &Look<'a>) -> Option<&'a NodeSet> {
        if node == self.terms.me {
            return Some(&self.reaches);
        }
        look.fresh[node.position()].map(|report| &report.reaches)
    }
}

/// What it takes to call two nodes connected.
#[derive(Clone, Copy)]
enum Trust {
    /// Both say so.
    Words,
    /// Neither denies it, as far as its word counts: that of a cautious node counts against cautious ones only.
    Silence,
}
