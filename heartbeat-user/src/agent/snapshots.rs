//! Taking a snapshot, between two turns.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use heartbeat_core::config::PathIndex;
use heartbeat_core::event::EventKind;
use heartbeat_core::group::Carriage;
use heartbeat_core::path::PathState;
use heartbeat_core::strain::{Strain, Strains};
use heartbeat_ebpf::map::frames_index;
use heartbeat_ebpf::slot::{Announced, LARGEST_GAP_KEPT_NS};
use heartbeat_ebpf::time::Timestamp;
use heartbeat_ebpf::verdict::Verdict;

use super::Agent;
use super::devices::Port;
use super::plan::PathPlan;
use crate::clock;
use crate::config::Role;
use crate::lateness::Part;
use crate::maintenance::Maintenance;
use crate::snapshot::{MaintenanceView, MinuteView, NetworkView, PathView, Snapshot};
use crate::sweep::Facts;

impl Agent {
    /// What everything looks like now.
    pub(super) fn snapshot(&mut self) -> Snapshot {
        let now = clock::now();
        for path in &mut self.site.paths {
            let lost = self.site.maps.shared.slots()[path.slot as usize].lost.get();
            path.counts.lost_shown = path.counts.lost_shown.max(lost);
        }
        let names = &self.core.config().paths;
        let differs = names
            .iter()
            .map(|path| (path.peer_name.clone(), self.core.differs(path.peer)));
        let carriers = self.message_paths(now);
        let view = |(position, path)| {
            let index = PathIndex(position as u32);
            self.path_view(now, index, path, &carriers)
        };
        Snapshot {
            cluster: self.cluster.name.clone(),
            node: self.cluster.nodes[self.node].name.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            time: clock::rfc3339(clock::wall()),
            started: clock::rfc3339(self.started),
            incarnation: self.incarnation.0,
            authenticated: self.keys.is_some(),
            keys: self
                .keys
                .map_or(0, |ring| 1 + u64::from(ring.other.is_some())),
            scheduling: self.sender.scheduling().label().to_owned(),
            loop_scheduling: self.scheduling.label().to_owned(),
            lateness_max_1m_seconds: self.lateness.max_1m(Part::Loop).as_secs_f64(),
            reload_successful: self.reloaded,
            config_digest: format!("{:08x}", self.cluster.digest),
            membership: self.membership_view(now),
            networks: self
                .site
                .devices
                .ports
                .iter()
                .map(|port| self.network_view(port))
                .collect(),
            paths: self.site.paths.iter().enumerate().map(view).collect(),
            maintenance: self.maintenance.active().map(maintenance).collect(),
            config_differs: differs.collect(),
            agents: self.agent_views(now),
            events: self
                .journal
                .told()
                .counts()
                .map(|(kind, count)| (kind.id(), count))
                .collect(),
            message_datagrams: self.messages.counts.by_label(),
        }
    }

    fn network_view(&self, port: &Port) -> NetworkView {
        let network = &self.cluster.networks[port.network];
        let timing = &network.timing;
        NetworkView {
            network: network.label.clone(),
            role: role(network.role).to_owned(),
            address: port.address.to_string(),
            interface: port
                .interface
                .as_ref()
                .map(|interface| interface.name.clone()),
            xdp_configured: network.xdp.word().to_owned(),
            xdp: port.attached.map(|attached| attached.label().to_owned()),
            problem: port.problem.clone(),
            interval_seconds: timing.interval.as_secs_f64(),
            lost_after: timing.lost_after.get(),
            detection_seconds: timing.detection(None).as_secs_f64(),
            sending: sending(self.carriage_on(port.network)).to_owned(),
            state: self.network_state(network.id).to_owned(),
            interfaces: self.interfaces(network.id),
            frames: self.frames(port.entry.into()),
        }
    }

    fn frames(&self, network: u32) -> BTreeMap<String, u64> {
        let count = |verdict: &Verdict| {
            let index = frames_index(network, *verdict);
            let sum = self
                .site
                .maps
                .frames
                .get(&index, 0)
                .map_or(0, |cpus| cpus.iter().sum());
            (verdict.label().to_owned(), sum)
        };
        Verdict::ALL.iter().map(count).collect()
    }

    fn path_view(
        &self,
        now: Timestamp,
        index: PathIndex,
        path: &PathPlan,
        carriers: &BTreeSet<PathIndex>,
    ) -> PathView {
        let slot = path.slot as usize;
        let shared = &self.site.maps.shared;
        let facts = Facts::read(&shared.slots()[slot]);
        let judged = self
            .core
            .path(index)
            .expect("the core has the plan's paths");
        let names = &self.core.config().paths[index.position()];
        let last = Timestamp::from_ns(facts.last_arrival);
        let error = path.counts.sent.last_error.load(Relaxed);
        let strains = self.core.strains(index);
        let held = Strain::ALL
            .iter()
            .filter(|kind| strains.is_some_and(|strains| strains.has(**kind)));
        let told = match judged.state() {
            PathState::Lost { last_arrival, .. } => self.journal.newest().of(
                EventKind::PathLost,
                (&names.peer_name, Some(&names.network_label)),
                last_arrival,
            ),
            _ => None,
        };
        PathView {
            peer: names.peer_name.clone(),
            network: names.network_label.clone(),
            state: judged.state().label().to_owned(),
            maintenance: self
                .maintenance
                .covers(Some(&names.peer_name), Some(&names.network_label)),
            last_arrival_ns: last.map(Timestamp::ns),
            last_arrival_unix_seconds: last.map(|last| clock::wall_at(last).as_secs_f64()),
            silent_seconds: last.map(|last| now.since(last).as_secs_f64()),
            largest_gap_seconds: largest_gap(&facts, now).as_secs_f64(),
            detection_seconds: judged.detection().as_secs_f64(),
            arrivals: facts.arrivals,
            lost: facts.lost,
            lost_shown: path.counts.lost_shown,
            reordered: facts.reordered,
            duplicates: facts.duplicates,
            heard: facts.heard,
            agent_age_seconds: f64::from(Announced::unpack(facts.announced).agent_age_ms) / 1e3,
            carries_messages: carriers.contains(&index),
            candidate: facts.incarnation < shared.echoes()[slot].candidate.get(),
            sent: path.counts.sent.heartbeats.load(Relaxed),
            send_errors: path.counts.sent.errors.load(Relaxed),
            send_error: (error != 0)
                .then(|| std::io::Error::from_raw_os_error(error as i32).to_string()),
            strains: held.map(|kind| kind.label().to_owned()).collect(),
            last_minute: strains.map_or_else(MinuteView::default, last_minute),
            last_hour: path.counts.marks.view(&self.hours, &facts, now),
            told,
            lost_total: path.counts.lost,
            restored_total: path.counts.restored,
        }
    }
}

/// The largest gap of the last minute: the one that XDP kept, if it is not older, or at least the newest.
fn largest_gap(facts: &Facts, now: Timestamp) -> Duration {
    let newest = match facts.previous_arrival {
        0 => 0,
        previous => facts.last_arrival.saturating_sub(previous),
    };
    let recent = now.ns().saturating_sub(facts.largest_gap_end) <= LARGEST_GAP_KEPT_NS;
    Duration::from_nanos(if recent {
        facts.largest_gap.max(newest)
    } else {
        newest
    })
}

fn last_minute(strains: &Strains) -> MinuteView {
    let tally = strains.last_minute();
    MinuteView {
        expected: tally.expected(),
        lost: tally.lost,
        late: tally.late,
        largest_gap_seconds: tally.largest_gap.as_secs_f64(),
        complaints: tally.complaints,
    }
}

fn maintenance(maintenance: &Maintenance) -> MaintenanceView {
    MaintenanceView {
        peer: maintenance.peer.clone(),
        network: maintenance.network.clone(),
        why: maintenance.why.clone(),
        until: clock::rfc3339(Duration::from_secs(maintenance.until)),
        by: maintenance.by.clone(),
    }
}

const fn sending(carriage: Carriage) -> &'static str {
    match carriage {
        Carriage::Unicast | Carriage::Both => "unicast",
        Carriage::Group => "multicast",
    }
}

const fn role(role: Role) -> &'static str {
    match role {
        Role::Internal => "internal",
        Role::Mixed => "mixed",
        Role::Client => "client",
    }
}
