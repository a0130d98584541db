//! What everything looks like at one moment: the one source of `status` and of the metrics.
//!
//! Two views that count for themselves drift apart, and a view that reads the loop's state while it changes
//! is wrong now and then. So the loop takes a snapshot when asked, between two turns, and everything that
//! shows something renders it elsewhere.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use agents::{AgentState, AgentView};
pub use hour::HourView;
pub use membership::{InterfaceView, MemberView, MembershipView};
pub use told::ToldView;

mod agents;
mod hour;
mod membership;
pub mod problems;
pub mod standing;
mod told;
pub mod words;

/// One node's view.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Snapshot {
    /// The cluster's name.
    pub cluster: String,
    /// This node's name.
    pub node: String,
    /// Release of the agent.
    pub version: String,
    /// When the snapshot was taken, RFC 3339.
    pub time: String,
    /// When this run began, RFC 3339.
    pub started: String,
    /// This run.
    pub incarnation: u64,
    /// Whether heartbeats carry a tag.
    pub authenticated: bool,
    /// Keys that verify: 2 while one is replaced by another, 0 without authentication.
    #[serde(default)]
    pub keys: u64,
    /// Scheduling of the sender: deadline, fifo or normal.
    pub scheduling: String,
    /// The same of the main loop.
    pub loop_scheduling: String,
    /// Whether the configuration is the one that was last asked to be taken.
    pub reload_successful: bool,
    /// The main loop's largest lateness of the last minute.
    pub lateness_max_1m_seconds: f64,
    /// Digest of the configuration, hexadecimal.
    pub config_digest: String,
    /// How far the nodes agree on who is a member.
    #[serde(default)]
    pub membership: MembershipView,
    /// This node's networks.
    pub networks: Vec<NetworkView>,
    /// Its paths, by peer and network.
    pub paths: Vec<PathView>,
    /// Maintenances that are on.
    pub maintenance: Vec<MaintenanceView>,
    /// By peer: whether its last heartbeat announced another configuration than ours.
    pub config_differs: BTreeMap<String, bool>,
    /// What the peers' agents do, by peer.
    #[serde(default)]
    pub agents: Vec<AgentView>,
    /// Events told in this run, by number.
    pub events: BTreeMap<u32, u64>,
    /// Datagrams of messages that came in this run, by outcome.
    #[serde(default)]
    pub message_datagrams: BTreeMap<String, u64>,
}

/// One maintenance.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MaintenanceView {
    /// Whose paths it covers; absent: all peers.
    pub peer: Option<String>,
    /// Label of the network whose paths it covers; absent: all networks.
    pub network: Option<String>,
    /// The operator's reason.
    pub why: String,
    /// When it ends by itself, RFC 3339.
    pub until: String,
    /// Who began it.
    pub by: String,
}

/// One network, from this node.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NetworkView {
    /// Its label.
    pub network: String,
    /// internal, mixed or client.
    pub role: String,
    /// Our address.
    pub address: String,
    /// The device that owns it now.
    pub interface: Option<String>,
    /// How the configuration wants the XDP program attached: auto, native or generic.
    #[serde(default)]
    pub xdp_configured: String,
    /// native or generic, where the XDP program is attached.
    pub xdp: Option<String>,
    /// Why it is not.
    pub problem: Option<String>,
    /// Between two heartbeats.
    pub interval_seconds: f64,
    /// Missed heartbeats that end a path.
    pub lost_after: u32,
    /// From the last arrival to 1123.
    pub detection_seconds: f64,
    /// How heartbeats go out: unicast or multicast.
    pub sending: String,
    /// What the network is held to be: unavailable, down, partitioned or up; unknown where this node takes no
    /// part in the membership.
    #[serde(default)]
    pub state: String,
    /// The interfaces to it, by node, this one included.
    #[serde(default)]
    pub interfaces: Vec<InterfaceView>,
    /// Datagrams to port 3343, by verdict.
    pub frames: BTreeMap<String, u64>,
}

/// One path.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PathView {
    /// The other end.
    pub peer: String,
    /// The network's label.
    pub network: String,
    /// unknown, up, lost, restarting or left.
    pub state: String,
    /// Whether it is under maintenance.
    pub maintenance: bool,
    /// Last arrival, CLOCK_MONOTONIC ns; absent until heard.
    pub last_arrival_ns: Option<u64>,
    /// The same in wall time, seconds since 1970.
    pub last_arrival_unix_seconds: Option<f64>,
    /// How long ago it was.
    pub silent_seconds: Option<f64>,
    /// Longest time between two arrivals, of the last minute.
    pub largest_gap_seconds: f64,
    /// From the last arrival to 1123.
    pub detection_seconds: f64,
    /// Heartbeats recorded, since the slot exists.
    pub arrivals: u64,
    /// Missing by sequence.
    pub lost: u64,
    /// The same as a counter, which never falls when a late heartbeat is filled in.
    pub lost_shown: u64,
    /// Overtaken by others.
    pub reordered: u64,
    /// Heard twice.
    pub duplicates: u64,
    /// Highest sequence of ours that the peer has heard here.
    pub heard: u64,
    /// Age of the peer's main loop's progress in its last heartbeat.
    pub agent_age_seconds: f64,
    /// Whether messages to the peer go this way now.
    #[serde(default)]
    pub carries_messages: bool,
    /// Whether an incarnation is heard that no echo has confirmed.
    pub candidate: bool,
    /// Heartbeats sent in this run.
    pub sent: u64,
    /// Refused by our own kernel.
    pub send_errors: u64,
    /// The last refusal.
    pub send_error: Option<String>,
    /// What strains it, though it is not lost: losing, late, unheard.
    #[serde(default)]
    pub strains: Vec<String>,
    /// What it bore lately.
    #[serde(default)]
    pub last_minute: MinuteView,
    /// What was lost in the last hour.
    #[serde(default)]
    pub last_hour: HourView,
    /// The event that told of the loss, while it is lost.
    #[serde(default)]
    pub told: Option<ToldView>,
    /// 1123 in this run.
    pub lost_total: u64,
    /// 1122 in this run.
    pub restored_total: u64,
}

/// What a path bore in the last half to whole minute, since it was last told up, and while this node was not late.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct MinuteView {
    /// Heartbeats that were due.
    pub expected: u64,
    /// Of these, the ones lost, by their numbers.
    pub lost: u64,
    /// And the ones that were late.
    pub late: u64,
    /// Longest time between two of them.
    pub largest_gap_seconds: f64,
    /// Times that the peer said it misses ours.
    pub complaints: u64,
}

impl Snapshot {
    /// Whether something is not as it should be: a path lost or unknown, an interface not up or without the
    /// program, the quorum gone.
    pub fn degraded(&self) -> bool {
        self.paths.iter().any(PathView::degraded)
            || self.networks.iter().any(|network| network.xdp.is_none())
            || self.interfaces_degraded()
            || self.membership.lacks_quorum()
    }

    /// Whether the agent does its work: the program is attached wherever an address is.
    pub fn ready(&self) -> bool {
        self.networks.iter().all(|network| network.xdp.is_some())
    }
}

impl PathView {
    /// Whether it is not as it should be: a peer that announced its end or its restart is missed by nobody,
    /// nor is one under maintenance.
    pub fn degraded(&self) -> bool {
        !self.maintenance && !matches!(self.state.as_str(), "up" | "left" | "restarting")
    }
}
