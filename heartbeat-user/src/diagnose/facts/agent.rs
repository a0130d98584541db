//! What the agent says: its view, and what has happened lately.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::diagnose::reading::Counters;

/// The agent's view, as far as rules need it.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AgentFacts {
    /// Its release.
    pub version: String,
    /// Scheduling of its sender and of its main loop: deadline, fifo or normal.
    pub scheduling: [String; 2],
    /// The main loop's largest lateness of the last minute, in seconds.
    pub lateness_seconds: f64,
    /// Whether the configuration is the one that was last asked to be taken.
    pub reload_successful: bool,
    /// Peers that run another configuration.
    pub config_differs: Vec<String>,
    /// Why the program is not attached, by network.
    pub problems: BTreeMap<String, String>,
    /// Networks on which heartbeats go to the group at the moment.
    pub multicast: Vec<String>,
    /// Frames that were refused and sending that failed: `Private Network.tag`, `node-b.Private Network.send_errors`.
    pub refused: Counters,
    /// Paths that are not up: peer, network, state.
    pub lost: Vec<(String, String, String)>,
    /// Peers, and on how many networks each is to be heard.
    pub paths: BTreeMap<String, u32>,
    /// What has happened, newest last.
    pub events: Vec<Happening>,
}

/// An event, as far as rules need it.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Happening {
    /// Its number on this node.
    pub seq: u64,
    /// When, seconds since 1970.
    pub at_unix_seconds: f64,
    /// Which event.
    pub id: u32,
    /// Whom it is about.
    pub peer: Option<String>,
    /// On which network.
    pub network: Option<String>,
    /// Whether it was under maintenance.
    pub maintenance: bool,
    /// The agent's own word for the cause, as `agent-stalled`.
    pub class: Option<String>,
    /// Length of the outage that ended, in seconds.
    pub outage_seconds: Option<f64>,
}

impl AgentFacts {
    /// Notes what changed since an earlier look.
    pub fn since(&mut self, earlier: &AgentFacts) {
        self.refused.since(&earlier.refused);
    }
}

impl Happening {
    /// Whether it tells of something lost that nobody announced.
    pub fn is_loss(&self) -> bool {
        matches!(
            self.id,
            1123 | 1124 | 1126 | 1127 | 1129 | 1130 | 1135 | 334_306
        ) && !self.maintenance
    }
}
