//! Having witnesses asked where the core wants to know, and telling it what they say.

use std::net::IpAddr;

use heartbeat_core::config::NetworkIndex;
use heartbeat_core::interface::Witness;
use heartbeat_core::node::Input;

use super::Agent;
use crate::clock;
use crate::witness::{Finding, News, Question};

impl Agent {
    /// Has the witnesses on a network asked. Where it has none, nothing is ever known of them.
    pub(super) fn probe(&mut self, network: NetworkIndex) {
        let Some(port) = self.site.devices.ports.get(network.position()) else {
            return;
        };
        let configured = &self.cluster.networks[port.network];
        let witnesses: Vec<IpAddr> = self.cluster.witnesses(configured).collect();
        if witnesses.is_empty() {
            return;
        }
        let from = (port.address, port.device());
        let interval = configured.timing.interval;
        self.witnesses
            .ask(Question::new(configured.id, from, witnesses, interval));
    }

    /// Tells the core what was found, if the network is still there.
    pub(super) fn note_finding(&mut self, finding: &Finding) {
        let news = self.witnesses.note(finding);
        let networks = &self.core.config().networks;
        let Some(position) = networks
            .iter()
            .position(|network| network.id == finding.network)
        else {
            return;
        };
        if news == News::Changed {
            let label = &networks[position].label;
            match finding.witness {
                Witness::Answers => log::info!("witnesses on {label}: {}", finding.why),
                Witness::Silent | Witness::Unknown => {
                    log::warn!("witnesses on {label}: {}", finding.why);
                }
            }
        }
        let mut actions = Vec::new();
        let input = Input::Witness(NetworkIndex(position as u32), finding.witness);
        self.tell_core(clock::now(), input, &mut actions);
        self.act(actions);
    }
}
