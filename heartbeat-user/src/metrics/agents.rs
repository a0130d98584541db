//! The series of the peers' agents.

use super::Page;
use crate::snapshot::{AgentState, Snapshot};

impl Page {
    pub(super) fn agents(&self, snapshot: &Snapshot) -> prometheus::Result<()> {
        let stalled = self.gauge(
            "heartbeat_agent_stalled",
            "Whether the peer's agent does nothing while its host answers (334301), as far as this node knows.",
            &["peer"],
        )?;
        for agent in &snapshot.agents {
            let value = agent.state == AgentState::Stalled;
            let labels = [agent.peer.as_str()];
            stalled.with_label_values(&labels).set(value.into());
        }
        Ok(())
    }
}
