//! The series of the membership, and of interfaces and networks.
//!
//! The states of interfaces are written straight into the page like the series of paths, because there are as
//! many of them.

use std::fmt::{self, Write as _};

use heartbeat_core::interface::{InterfaceState, NetworkState};
use prometheus::IntGauge;

use super::Page;
use super::paths::escaped;
use crate::snapshot::{NetworkView, Snapshot};

impl Page {
    pub(super) fn membership(&self, snapshot: &Snapshot) -> prometheus::Result<()> {
        let membership = &snapshot.membership;
        let member = self.gauge(
            "heartbeat_member",
            "Whether the node is a member of the view that this node acts by; this node included.",
            &["peer"],
        )?;
        for node in &membership.nodes {
            let labels = [node.node.as_str()];
            member.with_label_values(&labels).set(node.member.into());
        }
        let epoch = self.add(IntGauge::new(
            "heartbeat_membership_epoch",
            "Number of the newest view of the membership that this node has heard of; 0: none.",
        ))?;
        epoch.set(i64::try_from(membership.epoch).unwrap_or(i64::MAX));
        let quorate = self.add(IntGauge::new(
            "heartbeat_quorate",
            "Whether this node acts by a view that has quorum.",
        ))?;
        quorate.set(membership.quorate.into());
        let state = self.gauge(
            "heartbeat_network_state",
            "Whether the network is held to be in this state; in none where the node takes no part in the membership.",
            &["network", "state"],
        )?;
        for network in &snapshot.networks {
            for known in NetworkState::ALL.map(NetworkState::label) {
                let labels = [network.network.as_str(), known];
                let holds = network.state == known;
                state.with_label_values(&labels).set(holds.into());
            }
        }
        Ok(())
    }
}

/// Appends the states of all interfaces to a page.
pub(super) fn write(page: &mut String, networks: &[NetworkView]) -> fmt::Result {
    const NAME: &str = "heartbeat_interface_state";
    writeln!(
        page,
        "# HELP {NAME} Whether the node's interface to the network is held to be in this state, this node's own \
         ones included; in none where the node takes no part in the membership.\n# TYPE {NAME} gauge"
    )?;
    for network in networks {
        let label = escaped(&network.network);
        for interface in &network.interfaces {
            let peer = escaped(&interface.node);
            for state in InterfaceState::ALL.map(InterfaceState::label) {
                let value = u8::from(interface.state == state);
                writeln!(
                    page,
                    "{NAME}{{network=\"{label}\",peer=\"{peer}\",state=\"{state}\"}} {value}"
                )?;
            }
        }
    }
    Ok(())
}
