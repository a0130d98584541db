//! The series of messages between nodes.

use super::{AGENT, Page};
use crate::snapshot::Snapshot;

impl Page {
    pub(super) fn messages(&self, snapshot: &Snapshot) -> prometheus::Result<()> {
        let datagrams = self.counter(
            "heartbeat_message_datagrams_total",
            "Datagrams of messages that the XDP program let through, and what became of them.",
            AGENT,
            &["verdict"],
        )?;
        for (verdict, count) in &snapshot.message_datagrams {
            datagrams.with_label_values(&[verdict]).inc_by(*count);
        }
        Ok(())
    }
}
