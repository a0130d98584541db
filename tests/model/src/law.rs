//! What must hold in every state.

use heartbeat_core::Incarnation;
use heartbeat_core::nodes::NodeIndex;
use heartbeat_core::view::{Epoch, View};

use crate::host::Host;

/// One law.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Law {
    /// S1: equal epochs have equal members, ever.
    EqualEpochs,
    /// S3: whoever is no member of the newest view does not count itself quorate.
    Outsiders,
    /// S4: at no moment two views are acted by.
    OneView,
    /// Epochs of the views that a node acts by grow, whichever of its runs installs them.
    EpochsGrow,
    /// A view is accepted by a quorum of its members, and its node is one of them.
    Quorum,
    /// A regroup comes to an end, without epochs beyond all bounds.
    Ends,
}

impl Law {
    /// All.
    pub const ALL: [Law; 6] = [
        Law::EqualEpochs,
        Law::Outsiders,
        Law::OneView,
        Law::EpochsGrow,
        Law::Quorum,
        Law::Ends,
    ];

    /// As a sentence.
    pub const fn label(self) -> &'static str {
        match self {
            Law::EqualEpochs => "S1: equal epochs have equal members",
            Law::Outsiders => "S3: whoever is not in the newest view does not count itself quorate",
            Law::OneView => "S4: at most one view is acted by",
            Law::EpochsGrow => "epochs on a node only grow",
            Law::Quorum => "no view without a quorum of its members",
            Law::Ends => "regroups end",
        }
    }
}

/// An epoch far above what the faults of a run need.
pub const HIGHEST: Epoch = Epoch(60);

/// Views that were installed, and what must not be done again.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct History {
    /// Every view, oldest first: its number and members.
    pub views: Vec<(Epoch, Vec<(NodeIndex, Incarnation)>)>,
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

    /// A node installs a view. Returns the law that this breaks.
    pub fn install(&mut self, node: usize, run: Incarnation, view: &View) -> Option<Law> {
        let me = NodeIndex(node as u16);
        let set = view.set();
        let accepted = set.and(&view.acceptors) == view.acceptors && self.has_quorum(view);
        if !accepted || view.incarnation(me) != Some(run) {
            return Some(Law::Quorum);
        }
        match self.views.binary_search_by_key(&view.epoch, |(epoch, _)| *epoch) {
            Ok(at) if self.views[at].1 != view.members => return Some(Law::EqualEpochs),
            Ok(_) => {}
            Err(at) => self.views.insert(at, (view.epoch, view.members.clone())),
        }
        let newest = std::mem::replace(&mut self.newest[node], view.epoch);
        (view.epoch <= newest).then_some(Law::EpochsGrow)
    }

    /// Whether the newest view has a node that one before it had and a later one did not.
    pub fn brings_back(&self) -> bool {
        let Some(((_, newest), before)) = self.views.split_last() else {
            return false;
        };
        let has = |members: &[(NodeIndex, Incarnation)], node| members.iter().any(|(member, _)| *member == node);
        newest.iter().any(|(node, _)| {
            let mut views = before.iter().map(|(_, members)| has(members, *node));
            views.any(|had| had) && views.any(|had| !had)
        })
    }

    /// Counted without the core's help: more than half of the nodes, or half with the first.
    fn has_quorum(&self, view: &View) -> bool {
        let (nodes, accepted) = (self.newest.len(), view.acceptors.len());
        let tie = 2 * accepted == nodes && view.acceptors.contains(NodeIndex(0));
        nodes < 2 * accepted || tie
    }

    /// Looks at what all nodes believe at one moment.
    pub fn look(&self, hosts: &[impl AsRef<Host>]) -> Option<Law> {
        let quorate = hosts.iter().enumerate().filter_map(|(node, host)| {
            let host = host.as_ref();
            let view = host.acts_by()?;
            Some((NodeIndex(node as u16), host.run, view))
        });
        let mut acted: Option<Epoch> = None;
        for (node, run, view) in quorate {
            if acted.is_some_and(|epoch| epoch != view.epoch) {
                return Some(Law::OneView);
            }
            acted = Some(view.epoch);
            let newest = self.views.last().map(|(_, members)| members);
            if !newest.is_some_and(|members| members.contains(&(node, run))) {
                return Some(Law::Outsiders);
            }
        }
        None
    }
}
