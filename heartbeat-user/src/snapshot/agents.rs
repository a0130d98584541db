//! What is known of the peers' agents.
//!
//! Paths tell whether a host is reached, and a host is not its agent. The awkward case is an agent that hangs: all
//! paths to it are lost, and the answer is not a cable.

use serde::{Deserialize, Serialize};

use super::Snapshot;

/// What a peer's agent does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AgentState {
    /// Its work.
    Ok,
    /// Its work, but on some path it is late.
    Late,
    /// Nothing, while its host answers (334301).
    Stalled,
    /// It said that it restarts.
    Restarting,
    /// It said that it leaves.
    Left,
    /// Nobody knows: no path to it is up.
    Silent,
    /// Nobody knows: it was never heard.
    Unknown,
}

/// One peer's agent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AgentView {
    /// The peer.
    pub peer: String,
    /// What it does.
    pub state: AgentState,
    /// Since when, RFC 3339, where it is stalled, restarts or left.
    pub since: Option<String>,
    /// For how much longer a stalled one is kept as a member; absent where nothing is about to end.
    pub kept_seconds: Option<f64>,
    /// Number of the event that tells of its stall, if one was told in this run.
    pub told: Option<u64>,
}

impl Snapshot {
    /// What is known of a peer's agent.
    pub fn agent(&self, peer: &str) -> Option<&AgentView> {
        self.agents.iter().find(|agent| agent.peer == peer)
    }

    /// The agents that do this.
    pub fn agents_that(&self, state: AgentState) -> impl Iterator<Item = &AgentView> {
        self.agents.iter().filter(move |agent| agent.state == state)
    }
}
