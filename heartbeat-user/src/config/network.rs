//! `[networks.KEY]`: reading each, and checking them against each other.
//!
//! The awkward case is a network that is half wrong: what could be read of it is still compared with the
//! others and with the nodes' addresses, so that one run shows everything.

use std::num::NonZeroU32;
use std::time::Duration;

use heartbeat_core::timing::Timing;
use heartbeat_ebpf::ids::NetworkId;
use heartbeat_ebpf::map::NETWORKS_MAX;

use super::agent::XDP_MODES;
use super::cluster::{self, ClusterKeys, LOST_AFTER};
use super::document::{At, Document, Place};
use super::section::Section;
use super::value;
use super::{Agent, Multicast, Network, Role, Subnet, XdpMode, subnet};

/// What could be read of a network.
pub(super) struct NetworkDraft<'d> {
    pub key: &'d str,
    pub place: Place,
    pub id: Option<At<NetworkId>>,
    pub label: At<String>,
    pub subnet: Option<At<Subnet>>,
    pub role: Option<At<Role>>,
    pub lost_after: Option<At<u32>>,
    priority: u32,
    interval: Option<At<Duration>>,
    pub multicast: Option<At<Multicast>>,
    xdp: Option<At<XdpMode>>,
}

/// `priority` where the file has none.
const PRIORITY: u32 = 100;
const ROLES: [(&str, Role); 3] = [
    (Role::Internal.word(), Role::Internal),
    (Role::Mixed.word(), Role::Mixed),
    (Role::Client.word(), Role::Client),
];
const ROLE: &str = "\"internal\" or \"mixed\" or \"client\"";

/// Reads `[networks]`.
pub(super) fn read<'d>(
    document: &Document<'_>,
    networks: Section<'d, '_>,
) -> Vec<NetworkDraft<'d>> {
    let sections = networks.sections().into_iter();
    sections
        .map(|(key, section)| read_one(document, key, section))
        .collect()
}

fn read_one<'d>(
    document: &Document<'_>,
    key: &'d str,
    section: Section<'d, '_>,
) -> NetworkDraft<'d> {
    let place = section.place.clone();
    if !value::is_name(key) {
        document.refuse(&place, value::NAME);
    }
    let own_label = || At {
        value: key.to_owned(),
        place: place.clone(),
    };
    let draft = NetworkDraft {
        key,
        id: section.required("id", value::ID, value::id(NetworkId::new)),
        label: section
            .optional("label", value::label)
            .unwrap_or_else(own_label),
        subnet: section.required("subnet", subnet::ALLOWED, value::subnet),
        role: section.required("role", ROLE, value::choice(&ROLES)),
        lost_after: section.optional("lost_after", cluster::lost_after),
        priority: cluster::or(
            section.optional("priority", value::number(1..=65535)),
            PRIORITY,
        ),
        interval: section.optional("interval", cluster::interval),
        multicast: section.optional("multicast", cluster::multicast),
        xdp: section.optional("xdp", value::choice(&XDP_MODES)),
        place,
    };
    section.finish();
    draft
}

/// Compares the networks with each other.
pub(super) fn check(document: &Document<'_>, networks: &[NetworkDraft<'_>]) {
    let ids = networks.iter().filter_map(|network| network.id.as_ref());
    document.distinct(ids, "a number that no other network has");
    let labels = networks.iter().map(|network| &network.label);
    document.distinct(labels, "a label that no other network has");
    let Some(last) = networks.get(NETWORKS_MAX) else {
        return check_overlaps(document, networks);
    };
    let count = networks.len();
    document.note(
        &last.place,
        format!("read {count} networks; allowed are {NETWORKS_MAX}"),
    );
}

/// Each network names only the first that it overlaps, so that a hundred equal subnets are no thousand lines.
fn check_overlaps(document: &Document<'_>, networks: &[NetworkDraft<'_>]) {
    for (index, network) in networks.iter().enumerate() {
        let Some(subnet) = &network.subnet else {
            continue;
        };
        let others = networks
            .iter()
            .take(index)
            .filter_map(|other| other.subnet.as_ref());
        if let Some(other) = others
            .into_iter()
            .find(|other| other.value.overlaps(&subnet.value))
        {
            let Place { key, line, read } = &other.place;
            document.refuse(
                &subnet.place,
                format_args!("a subnet apart from all others: {key} is {read} (line {line})"),
            );
        }
    }
}

/// The cluster's *off* is the switch for the night on which a group misbehaves: it turns all networks off,
/// so that a network that wants its group must not go unnoticed beside it.
pub(super) fn check_multicast(
    document: &Document<'_>,
    networks: &[NetworkDraft<'_>],
    cluster_wide: Option<&At<Multicast>>,
) {
    let Some(At {
        value: Multicast::Off,
        place: Place { key, line, .. },
    }) = cluster_wide
    else {
        return;
    };
    for own in networks
        .iter()
        .filter_map(|network| network.multicast.as_ref())
    {
        match own.value {
            Multicast::Auto | Multicast::On => document.refuse(
                &own.place,
                format_args!("\"off\": {key} (line {line}) turns it off on every network"),
            ),
            Multicast::Off => {}
        }
    }
}

impl NetworkDraft<'_> {
    /// The network, if every part of it could be read.
    pub fn finish(self, cluster: &ClusterKeys, agent: &Agent) -> Option<Network> {
        let (timing, multicast) = (self.timing(cluster)?, self.multicast(cluster));
        Some(Network {
            key: self.key.to_owned(),
            id: self.id?.value,
            label: self.label.value,
            subnet: self.subnet?.value,
            role: self.role?.value,
            priority: u16::try_from(self.priority).ok()?,
            timing,
            multicast,
            xdp: cluster::or(self.xdp, agent.xdp),
        })
    }

    /// Whether silence on it says something about a node.
    pub fn counts(&self) -> bool {
        self.role.as_ref().is_some_and(|role| role.value.counts())
    }

    fn multicast(&self, cluster: &ClusterKeys) -> Multicast {
        let own = self.multicast.as_ref().or(cluster.multicast.as_ref());
        own.map_or(Multicast::Auto, |own| own.value)
    }

    /// How its paths are judged.
    pub fn timing(&self, cluster: &ClusterKeys) -> Option<Timing> {
        let own = self.lost_after.as_ref().or(cluster.lost_after.as_ref());
        Some(Timing {
            interval: self
                .interval
                .as_ref()
                .map_or(cluster.interval, |own| own.value),
            lost_after: NonZeroU32::new(own.map_or(LOST_AFTER, |own| own.value))?,
            tolerance: cluster.tolerance,
            restored_after: NonZeroU32::new(cluster.restored_after)?,
        })
    }
}
