//! What the sender sends: a datagram to each peer, or one to the network's group.

use std::net::IpAddr;

use heartbeat_core::config::{NetworkIndex, PathIndex};
use heartbeat_core::group::Carriage;
use heartbeat_ebpf::wire::{Header, Kind, flags};

use super::Agent;
use super::devices::Port;
use super::plan::PathPlan;
use crate::sender::Entry;
use crate::socket::Route;

impl Agent {
    /// Hands the sender everything that is to be sent, from wherever our addresses are now.
    pub(super) fn send_everywhere(&self) {
        let mut entries = Vec::with_capacity(self.site.paths.len());
        for (position, port) in self.site.devices.ports.iter().enumerate() {
            let carriage = self.core.carriage(NetworkIndex(position as u32));
            let group = port.group.filter(|_| carriage != Carriage::Unicast);
            entries.extend(group.and_then(|group| self.to_group(port, group)));
        }
        for (position, path) in self.site.paths.iter().enumerate() {
            if self.core.is_sent_unicast(PathIndex(position as u32)) {
                entries.extend(self.to_peer(path));
            }
        }
        let signature = self.keys.as_ref().map(|keys| keys.signing.heartbeat);
        self.sender.send(entries, signature);
    }

    fn to_peer(&self, path: &PathPlan) -> Option<Entry> {
        let port = self.port_of(path.network)?;
        let beside_group = match self.carriage_on(path.network) {
            Carriage::Unicast => 0,
            Carriage::Both | Carriage::Group => flags::MULTICAST,
        };
        let template = self.template(path);
        Some(Entry {
            route: self.route(path)?,
            interval: path.interval,
            network: path.entry,
            slot: Some(path.slot as usize),
            template: Header {
                flags: template.flags | port.group.map_or(0, |_| beside_group),
                ..template
            },
            sent: vec![path.counts.sent.clone()],
        })
    }

    /// One datagram for all whom it takes the place of a datagram to.
    fn to_group(&self, port: &Port, group: IpAddr) -> Option<Entry> {
        let on_it = |path: &&PathPlan| path.network == port.network;
        let first = self.site.paths.iter().find(on_it)?;
        let paths = self.site.paths.iter().enumerate();
        let instead = paths.filter(|(position, path)| {
            path.network == port.network && !self.core.is_sent_unicast(PathIndex(*position as u32))
        });
        Some(Entry {
            route: Route {
                remote: group,
                ..self.route(first)?
            },
            interval: first.interval,
            network: first.entry,
            slot: None,
            template: Header {
                flags: flags::MULTICAST,
                receiver: 0,
                ..self.template(first)
            },
            sent: instead.map(|(_, path)| path.counts.sent.clone()).collect(),
        })
    }

    /// How a network's heartbeats are sent; by the network's index in the configuration.
    pub(super) fn carriage_on(&self, network: usize) -> Carriage {
        let ports = &self.site.devices.ports;
        let position = ports.iter().position(|port| port.network == network);
        position.map_or(Carriage::Unicast, |position| {
            self.core.carriage(NetworkIndex(position as u32))
        })
    }

    fn port_of(&self, network: usize) -> Option<&Port> {
        let mut ports = self.site.devices.ports.iter();
        ports.find(|port| port.network == network)
    }

    /// Where a path's datagrams go, if its interface is there.
    pub(super) fn route(&self, path: &PathPlan) -> Option<Route> {
        Some(Route {
            local: path.local,
            remote: path.remote,
            interface: self.port_of(path.network)?.interface.as_ref()?.index,
        })
    }

    /// What every datagram on a path has in common; a heartbeat's otherwise.
    pub(super) fn template(&self, path: &PathPlan) -> Header {
        Header {
            kind: Kind::Heartbeat,
            flags: 0,
            key_id: self.keys.as_ref().map_or(0, |keys| keys.signing.id),
            sender: self.cluster.nodes[self.node].id.number(),
            cluster: self.cluster.hash,
            receiver: path.peer.number(),
            network: path.network_id.number(),
            interval_ms: u16::try_from(path.interval.as_millis()).unwrap_or(u16::MAX),
            agent_age_ms: 0,
            config_digest: self.cluster.digest,
            incarnation: self.incarnation.0,
            sequence: 0,
            sent: 0,
            heard: 0,
        }
    }
}
