//! How interfaces and networks stand: what was told of them, and what is about to be.
//!
//! A state is told when it has settled and is another than the one told before. The awkward cases are the
//! ends. An agent's start is no change: what it first finds is told only if it is not up. A node that is
//! no member is not told of here, because 1135 or 334303 did, but it is remembered, so that its return is
//! 1125. And the removal of a node does not wait for anything to settle, though 1126 must come before it.

use alloc::vec::Vec;
use core::time::Duration;

use heartbeat_ebpf::time::Timestamp;

use crate::config::NetworkIndex;
use crate::event::{Event, Reach, Unity};
use crate::interface::{InterfaceState, NetworkState, States};
use crate::nodes::NodeIndex;
use crate::settle::{Settled, Settling};

/// All networks of a node.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Standing {
    networks: Vec<Network>,
}

/// One network and its interfaces.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Network {
    interfaces: Vec<Settling<InterfaceState>>,
    whole: Settling<NetworkState>,
    due: Option<Timestamp>,
}

impl Standing {
    /// So many networks, of which nothing is known.
    pub fn new(networks: usize) -> Self {
        let networks = (0..networks).map(|_| Network::default());
        Standing {
            networks: networks.collect(),
        }
    }

    /// The same by another configuration: `networks` and `nodes` say, for each place there, which place the
    /// same network or node had; `None`: it is new.
    pub fn moved(
        &self,
        networks: &[Option<NetworkIndex>],
        nodes: &[Option<NodeIndex>],
    ) -> Standing {
        let place = |old: &Option<NetworkIndex>| {
            let known = old.and_then(|old| self.networks.get(old.position()));
            known.map_or_else(Network::default, |known| known.moved(nodes))
        };
        Standing {
            networks: networks.iter().map(place).collect(),
        }
    }

    /// Takes what is judged of a network at `now`, and tells what has settled: interfaces first, in order.
    /// To be called when what is known of it changed, and when [`Standing::due`] has come.
    pub fn judge(
        &mut self,
        now: Timestamp,
        network: NetworkIndex,
        states: &States,
        settle: Duration,
        events: &mut Vec<Event>,
    ) {
        let Some(known) = self.networks.get_mut(network.position()) else {
            return;
        };
        if known.interfaces.len() < states.interfaces.len() {
            let count = states.interfaces.len();
            known.interfaces.resize_with(count, Settling::default);
        }
        for (place, judged) in states.interfaces.iter().enumerate() {
            let settled = known.interfaces[place].judge(now, *judged, settle);
            let node = NodeIndex(place as u16);
            events.extend(settled.and_then(|settled| {
                let state = reach(settled)?;
                Some(interface(now, network, node, state))
            }));
        }
        let settled = known.whole.judge(now, states.network, settle);
        events.extend(settled.and_then(unity).map(|state| Event::Network {
            network,
            state,
            judged: now,
        }));
        known.find_due();
    }

    /// Prepares for 1135: an interface of the removed node that was not told of as failed or unreachable is
    /// now, because its owner's silence is all that is known.
    pub fn remove(
        &mut self,
        now: Timestamp,
        network: NetworkIndex,
        node: NodeIndex,
        events: &mut Vec<Event>,
    ) {
        let Some(known) = self.networks.get_mut(network.position()) else {
            return;
        };
        if known.interfaces.len() <= node.position() {
            known
                .interfaces
                .resize_with(node.position() + 1, Settling::default);
        }
        let settling = &mut known.interfaces[node.position()];
        match settling.held() {
            Some(InterfaceState::Failed | InterfaceState::Unreachable) => {}
            Some(InterfaceState::Unavailable | InterfaceState::Up) | None => {
                settling.hold(InterfaceState::Unreachable);
                events.push(interface(now, network, node, Reach::Unreachable));
                known.find_due();
            }
        }
    }

    /// When something is to be told, unless it changes before; `None`: everything has settled.
    pub fn deadline(&self) -> Option<Timestamp> {
        self.networks.iter().filter_map(|network| network.due).min()
    }

    /// The same of one network.
    pub fn due(&self, network: NetworkIndex) -> Option<Timestamp> {
        self.networks.get(network.position())?.due
    }

    /// What an interface is held to be; unavailable where nothing has settled, and for one that is not there.
    pub fn interface(&self, network: NetworkIndex, node: NodeIndex) -> InterfaceState {
        let network = self.networks.get(network.position());
        let settling = network.and_then(|network| network.interfaces.get(node.position()));
        settling.and_then(Settling::held).unwrap_or_default()
    }

    /// What a network is held to be; unavailable where nothing has settled, and for one that is not there.
    pub fn network(&self, network: NetworkIndex) -> NetworkState {
        let network = self.networks.get(network.position());
        network
            .and_then(|network| network.whole.held())
            .unwrap_or_default()
    }
}

impl Network {
    fn moved(&self, nodes: &[Option<NodeIndex>]) -> Network {
        let place = |old: &Option<NodeIndex>| {
            let known = old.and_then(|old| self.interfaces.get(old.position()));
            known.cloned().unwrap_or_default()
        };
        let mut moved = Network {
            interfaces: nodes.iter().map(place).collect(),
            whole: self.whole.clone(),
            due: None,
        };
        moved.find_due();
        moved
    }

    fn find_due(&mut self) {
        let interfaces = self.interfaces.iter().filter_map(Settling::due);
        self.due = interfaces.chain(self.whole.due()).min();
    }
}

fn interface(now: Timestamp, network: NetworkIndex, node: NodeIndex, state: Reach) -> Event {
    Event::Interface {
        node,
        network,
        state,
        judged: now,
    }
}

/// What is told of an interface that stands differently now.
fn reach(settled: Settled<InterfaceState>) -> Option<Reach> {
    match settled.state {
        InterfaceState::Unavailable => None,
        InterfaceState::Failed => Some(Reach::Failed),
        InterfaceState::Unreachable => Some(Reach::Unreachable),
        InterfaceState::Up => settled.before.map(|_| Reach::Up),
    }
}

/// What is told of a network that stands differently now.
fn unity(settled: Settled<NetworkState>) -> Option<Unity> {
    match settled.state {
        NetworkState::Unavailable => None,
        NetworkState::Down => Some(Unity::Down),
        NetworkState::Partitioned => Some(Unity::Partitioned),
        NetworkState::Up => settled.before.map(|_| Unity::Up),
    }
}

#[cfg(test)]
mod tests;
