//! Judging on by another configuration.
//!
//! A reload must accuse nobody, so whatever has the same identity in both configurations keeps its state: a
//! path by peer, network and both addresses, a peer and a network by their numbers. Everything else begins
//! anew, and what is gone is forgotten.

use alloc::vec::Vec;
use core::mem::take;

use heartbeat_ebpf::ids::NetworkId;
use heartbeat_ebpf::time::Timestamp;

use super::Node;
use super::members::Own;
use crate::config::{
    Authentication, Config, GroupUse, NetworkConfig, NetworkIndex, PathConfig, PathIndex,
};
use crate::group::Group;
use crate::membership::Membership;
use crate::nodes::NodeIndex;
use crate::path::Path;
use crate::peer::Peer;
use crate::terms::Terms;
use crate::watch::Watched;

impl Node {
    pub(super) fn configure(&mut self, now: Timestamp, config: Config) {
        self.move_membership(now, &config);
        let networks: Vec<NetworkId> = self
            .config
            .networks
            .iter()
            .map(|network| network.id)
            .collect();
        let groups = networks.into_iter().zip(take(&mut self.groups)).collect();
        let (paths, peers) = (take(&mut self.paths), take(&mut self.peers));
        self.config = config;
        self.incidents.reconfigure();
        self.furnish(paths, peers, groups);
    }

    /// The membership and what was told of interfaces, with every node and network at its new place.
    fn move_membership(&mut self, now: Timestamp, config: &Config) {
        let nodes: Vec<Option<NodeIndex>> = config
            .nodes
            .iter()
            .map(|node| self.config.index_of(node.id))
            .collect();
        let network = |network: &NetworkConfig| {
            let before = self.config.networks.iter();
            let place = before.map(|known| known.id).position(|id| id == network.id);
            place.map(|place| NetworkIndex(place as u32))
        };
        let networks: Vec<Option<NetworkIndex>> = config.networks.iter().map(network).collect();
        self.standing = self.standing.moved(&networks, &nodes);
        let own = |place: &Option<NetworkIndex>| {
            place.map_or_else(Own::default, |place| self.own[place.position()])
        };
        self.own = networks.iter().map(own).collect();
        self.available = nodes
            .iter()
            .enumerate()
            .filter(|(_, old)| old.is_some_and(|old| self.available.contains(old)))
            .map(|(place, _)| NodeIndex(place as u16))
            .collect();
        let terms = Terms::new(config);
        let before = self.membership.take();
        self.membership = terms.map(|terms| match before {
            Some(before) => before.moved(terms, &self.config, config, now),
            None => Membership::new(terms, self.incarnation, now),
        });
    }

    /// Makes what the configuration wants out of what there was.
    pub(super) fn furnish(
        &mut self,
        mut paths: Vec<Watched>,
        mut peers: Vec<Peer>,
        mut groups: Vec<(NetworkId, Group)>,
    ) {
        let config = &self.config;
        let group = |network: &NetworkConfig| {
            let allowed = match config.authentication {
                Authentication::Key => network.group,
                Authentication::Off => GroupUse::Never,
            };
            let known = groups.iter().position(|(id, _)| *id == network.id);
            let mut group =
                known.map_or_else(|| Group::new(allowed), |at| groups.swap_remove(at).1);
            group.configure(allowed);
            group
        };
        self.groups = config.networks.iter().map(group).collect();
        paths.sort_by_key(|watched| watched.identity);
        for (position, wanted) in config.paths.iter().enumerate() {
            let peer = seat(&mut self.peers, &mut peers, wanted);
            let network = config
                .networks
                .iter()
                .position(|network| network.id == wanted.network)
                .expect("every path's network is among the networks");
            let known = paths.binary_search_by_key(&wanted.identity, |watched| watched.identity);
            let index = PathIndex(position as u32);
            let (timing, grace) = (wanted.timing, config.restart_grace);
            self.paths.push(match known {
                Ok(at) => {
                    let mut watched = paths[at].clone();
                    watched.path.configure(index, timing, grace);
                    watched.moved(peer, network)
                }
                Err(_) => {
                    let path = Path::new(index, timing, grace);
                    Watched::new(wanted.identity, path, peer, network)
                }
            });
        }
    }
}

/// The place of a path's peer among those that have one; paths come by peer.
fn seat(seated: &mut Vec<Peer>, known: &mut Vec<Peer>, wanted: &PathConfig) -> usize {
    if seated.last().is_none_or(|last| last.id != wanted.peer) {
        let at = known.iter().position(|peer| peer.id == wanted.peer);
        let peer = at.map_or_else(|| Peer::new(wanted.peer), |at| known.swap_remove(at));
        seated.push(peer);
    }
    seated.len() - 1
}
