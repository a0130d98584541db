//! The membership's part of a snapshot.

use std::collections::BTreeSet;

use heartbeat_core::config::{Config, NetworkIndex, PathIndex};
use heartbeat_core::nodes::NodeIndex;
use heartbeat_core::path::PathState;
use heartbeat_core::terms::Terms;
use heartbeat_core::view::Choice;
use heartbeat_ebpf::ids::NetworkId;
use heartbeat_ebpf::time::Timestamp;

use super::Agent;
use crate::snapshot::{InterfaceView, MemberView, MembershipView};

/// Where this node takes no part in saying what works.
const UNKNOWN: &str = "unknown";

impl Agent {
    pub(super) fn membership_view(&self, now: Timestamp) -> MembershipView {
        let (core, config) = (&self.core, self.core.config());
        let name = |index| config.node_at(index).map(|node| node.name.clone());
        let nodes = config.nodes.iter().enumerate();
        let nodes = nodes.map(|(at, node)| MemberView {
            node: node.name.clone(),
            member: core.is_member(NodeIndex(at as u16)),
            votes: node.votes,
        });
        let view = core.view();
        MembershipView {
            takes_part: takes_part(config),
            view: view.map(|view| view.epoch.0),
            epoch: core.epoch().0,
            stage: core.stage().label().to_owned(),
            quorate: core.is_quorate(now),
            choice: view.map(|view| choice(view.choice).to_owned()),
            tie_breaker: name(config.membership.tie_breaker).unwrap_or_default(),
            nodes: nodes.collect(),
        }
    }

    /// The paths that messages go over now, one for each peer that is heard on one that may carry them.
    pub(super) fn message_paths(&self, now: Timestamp) -> BTreeSet<PathIndex> {
        let paths = &self.core.config().paths;
        let peers = paths.chunk_by(|one, other| one.peer == other.peer);
        let best = peers.filter_map(|paths| self.core.best_path(now, paths[0].peer));
        let is_up = |index: &PathIndex| {
            let path = self.core.path(*index);
            path.is_some_and(|path| matches!(path.state(), PathState::Up))
        };
        best.filter(is_up).collect()
    }

    /// What a network is held to be.
    pub(super) fn network_state(&self, network: NetworkId) -> &'static str {
        let config = self.core.config();
        match network_index(config, network) {
            Some(index) if takes_part(config) => self.core.network_state(index).label(),
            Some(_) | None => UNKNOWN,
        }
    }

    /// The same of the interfaces of all nodes on it.
    pub(super) fn interfaces(&self, network: NetworkId) -> Vec<InterfaceView> {
        let config = self.core.config();
        let Some(index) = network_index(config, network) else {
            return Vec::new();
        };
        let part = takes_part(config);
        let label = &config.networks[index.position()].label;
        let attached = config.networks[index.position()].attached.iter();
        let view = |node: NodeIndex| {
            let name = &config.node_at(node)?.name;
            let peer = (*name != config.name).then_some(name.as_str());
            let state = || self.core.interface_state(node, index).label();
            Some(InterfaceView {
                node: name.clone(),
                state: part.then(state).unwrap_or(UNKNOWN).to_owned(),
                maintenance: self.maintenance.covers(peer, Some(label)),
            })
        };
        attached.filter_map(view).collect()
    }
}

/// Whether the node has terms by which it could agree with others.
fn takes_part(config: &Config) -> bool {
    Terms::new(config).is_some()
}

fn network_index(config: &Config, network: NetworkId) -> Option<NetworkIndex> {
    let mut networks = config.networks.iter();
    let at = networks.position(|known| known.id == network)?;
    Some(NetworkIndex(at as u32))
}

const fn choice(choice: Choice) -> &'static str {
    match choice {
        Choice::Exact => "exact",
        Choice::Greedy => "greedy",
    }
}
