//! Views that were installed, and what they make unlawful.

use std::sync::Arc;

use heartbeat_core::Incarnation;
use heartbeat_core::nodes::NodeIndex;
use heartbeat_core::view::{Epoch, View};

use crate::host::Host;
use crate::law::Law;
use crate::scale;

/// Views that were installed.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct History {
    /// Every view, oldest first: its number and members.
    views: Vec<(Epoch, Vec<(NodeIndex, Incarnation)>)>,
    /// By node, the newest that it has installed.
    newest: Vec<Epoch>,
}

impl History {
    /// Nothing was installed.
    pub fn new(nodes: usize) -> Self {
        History {
            views: Vec::new(),
            newest: vec![Epoch(0); nodes],
        }
    }

    /// A node installs a view. Returns the laws that this breaks.
    pub fn install(&mut self, node: usize, run: Incarnation, view: &View) -> Vec<Law> {
        let accepted = view.set().and(&view.acceptors) == view.acceptors && self.has_quorum(view);
        let lawful = accepted && view.incarnation(scale::index(node)) == Some(run);
        let found = self
            .views
            .binary_search_by_key(&view.epoch, |(epoch, _)| *epoch);
        let equal = match found {
            Ok(at) => self.views[at].1 == view.members,
            Err(at) => {
                self.views.insert(at, (view.epoch, view.members.clone()));
                true
            }
        };
        let before = std::mem::replace(&mut self.newest[node], view.epoch);
        let laws = [
            (Law::Quorum, lawful),
            (Law::EqualEpochs, equal),
            (Law::EpochsGrow, before < view.epoch),
        ];
        laws.into_iter()
            .filter(|(_, holds)| !holds)
            .map(|(law, _)| law)
            .collect()
    }

    /// Whether a node has installed any.
    pub fn was_member(&self, node: usize) -> bool {
        self.newest[node] != Epoch(0)
    }

    /// Whether the newest view has a node that one before it had and a later one did not.
    pub fn brings_back(&self) -> bool {
        let Some(((_, newest), before)) = self.views.split_last() else {
            return false;
        };
        let has = |members: &[(NodeIndex, Incarnation)], node| {
            members.iter().any(|(member, _)| *member == node)
        };
        newest.iter().any(|(node, _)| {
            let mut views = before.iter().map(|(_, members)| has(members, *node));
            views.any(|had| had) && views.any(|had| !had)
        })
    }

    /// Counted without the core's help: more than half of the nodes, or half with the first.
    fn has_quorum(&self, view: &View) -> bool {
        let (nodes, accepted) = (self.newest.len(), view.acceptors.len());
        let tie = 2 * accepted == nodes && view.acceptors.contains(scale::index(0));
        nodes < 2 * accepted || tie
    }

    /// Looks at what all nodes believe at one moment. Returns the laws that this breaks.
    pub fn look(&self, hosts: &[Arc<Host>]) -> impl Iterator<Item = Law> + use<> {
        let mut acted: Option<Epoch> = None;
        let (mut one_view, mut insiders) = (true, true);
        for (node, host) in hosts.iter().enumerate() {
            let Some(view) = host.acts_by() else { continue };
            one_view &= acted.is_none_or(|epoch| epoch == view.epoch);
            acted = Some(view.epoch);
            let newest = self.views.last().map(|(_, members)| members);
            insiders &=
                newest.is_some_and(|members| members.contains(&(scale::index(node), host.run)));
        }
        let laws = [(Law::OneView, one_view), (Law::Outsiders, insiders)];
        laws.into_iter()
            .filter(|(_, holds)| !holds)
            .map(|(law, _)| law)
    }
}
