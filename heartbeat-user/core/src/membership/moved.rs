//! Going on by another configuration.
//!
//! Nodes have other places then, some are gone and some are new. The awkward case is a change of the votes: two
//! halves of a cluster, one of which has not heard of it, could each find itself to be a majority of its own
//! count. So until a view has the consent of a quorum by both counts, both are asked for.

use alloc::vec::Vec;

use heartbeat_ebpf::time::Timestamp;

use super::{Membership, Sight};
use crate::config::Config;
use crate::nodes::{NodeIndex, NodeSet};
use crate::quarantine::Quarantined;
use crate::terms::Terms;
use crate::view::View;

impl Membership {
    /// The same membership by `terms`, which `config` gives, where it went by `before` until now.
    pub fn moved(&self, terms: Terms, before: &Config, config: &Config, now: Timestamp) -> Self {
        let from: Vec<Option<NodeIndex>> = config
            .nodes
            .iter()
            .map(|node| before.index_of(node.id))
            .collect();
        let counted = self.previous.as_ref().unwrap_or(&self.terms.voters);
        let changed = counted.digest() != terms.voters.digest();
        let view = |view: &View| moved_view(view, &from);
        let mut moved = Membership::new(terms, self.incarnation, self.begun);
        moved.previous = changed.then(|| counted.moved(&from));
        moved.leases = self.leases.moved(&from, now.after(self.terms.promise));
        // What was promised under the old terms may be shorter than what reports say from now on.
        for place in 0..moved.terms.nodes {
            moved.leases.withhold(NodeIndex(place as u16));
        }
        moved.sights = from.iter().map(|place| self.sight(*place)).collect();
        moved.reaches = moved_set(&self.reaches, &from);
        moved.reaches.insert(moved.terms.me);
        moved.promised = self.promised;
        moved.floor = self.floor;
        moved.without = from
            .iter()
            .map(|place| place.map_or(self.promised, |old| self.without[old.position()]))
            .collect();
        moved.newest = self.newest;
        moved.accepted = self.accepted.as_ref().map(view);
        moved.installed = self.installed.as_ref().map(view);
        moved.told = self.told.as_ref().map(view);
        moved.gave_up = self.gave_up;
        moved.courted = self.courted;
        moved.regroup = self.regroup.clone();
        moved.cautious_until = self.cautious_until;
        moved.departed = self.departed;
        moved.had_quorum = self.had_quorum;
        moved.quarantine = moved.terms.quarantine.map(|terms| {
            let known = self.quarantine.as_ref();
            known.map_or_else(
                || Quarantined::new(terms, from.len()),
                |known| known.moved(terms, &from),
            )
        });
        moved
    }

    fn sight(&self, place: Option<NodeIndex>) -> Sight {
        // Networks have other places too; the next sweep says what is heard on which.
        place.map_or_else(Sight::default, |place| Sight {
            heard: 0,
            counted: 0,
            ..self.sights[place.position()]
        })
    }
}

fn moved_set(set: &NodeSet, from: &[Option<NodeIndex>]) -> NodeSet {
    let places = from.iter().enumerate();
    places
        .filter(|(_, old)| old.is_some_and(|old| set.contains(old)))
        .map(|(place, _)| NodeIndex(place as u16))
        .collect()
}

/// A view without the nodes that are not configured any more.
fn moved_view(view: &View, from: &[Option<NodeIndex>]) -> View {
    let member = |(place, old): (usize, &Option<NodeIndex>)| {
        let incarnation = view.incarnation((*old)?)?;
        Some((NodeIndex(place as u16), incarnation))
    };
    View {
        epoch: view.epoch,
        members: from.iter().enumerate().filter_map(member).collect(),
        acceptors: moved_set(&view.acceptors, from),
        joined: moved_set(&view.joined, from),
        choice: view.choice,
    }
}
