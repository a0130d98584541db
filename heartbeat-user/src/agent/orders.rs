//! Orders by operators: each is an event that says what was done and who asked.

use std::time::Duration;

use anyhow::{Context, Result};
use heartbeat_core::event::EventKind;
use heartbeat_core::flapping::Voice;
use tokio::sync::oneshot;

use super::Agent;
use super::shutdown::Departure;
use crate::announce::Telling;
use crate::clock;
use crate::journal::Batch;
use crate::maintenance;
use crate::record::Record;
use crate::request::{Answer, Asker, Maintenance, Order, Scope};

impl Agent {
    /// Carries out an order, and answers when it is done or refused.
    pub(super) fn order(&mut self, order: Order, asker: &Asker, answer: oneshot::Sender<Answer>) {
        log::info!("{asker} orders: {order:?}");
        let outcome = match order {
            Order::Reload => return self.begin_reload(asker.to_string(), Some(answer)),
            Order::Leave => {
                self.tell_order(&format!("{asker} has this node leave the cluster."));
                self.departure = Some(Departure::Leaving);
                Ok(vec![
                    "left: the peers are told, and this node's agent ends".to_owned(),
                ])
            }
            Order::Maintenance(order) => self.maintain(order, asker),
        };
        // A client that left gets no answer.
        let _ = answer.send(outcome.map_err(|error| format!("{error:#}")));
    }

    fn maintain(&mut self, order: Maintenance, asker: &Asker) -> Result<Vec<String>> {
        let line = match order {
            Maintenance::On {
                scope,
                lasting,
                why,
            } => {
                let scope = self.known(scope)?;
                let end = clock::wall() + lasting;
                let until = clock::rfc3339(Duration::from_secs(end.as_secs()));
                let line = format!("maintenance of {scope} is on until {until}: {why}");
                self.maintenance.begin(maintenance::Maintenance {
                    peer: scope.peer,
                    network: scope.network,
                    why,
                    by: asker.to_string(),
                    until: end.as_secs(),
                })?;
                line
            }
            Maintenance::Off { scope } => {
                let scope = self.known(scope)?;
                let ended = self
                    .maintenance
                    .end(scope.peer.as_deref(), scope.network.as_deref())?;
                anyhow::ensure!(
                    0 < ended,
                    "no maintenance of {scope} is on (`heartbeat maintenance show`)"
                );
                format!("maintenance of {scope} is off")
            }
        };
        self.tell_order(&format!("By {asker}: {line}."));
        Ok(vec![line])
    }

    /// The scope with the network's label, which is what events call it.
    fn known(&self, scope: Scope) -> Result<Scope> {
        if let Some(peer) = &scope.peer {
            let known = self.cluster.nodes.iter().any(|node| node.name == *peer);
            anyhow::ensure!(
                known,
                "no node is called '{peer}': `heartbeat status` lists them"
            );
        }
        let label = |name: String| {
            let called =
                |network: &&crate::config::Network| network.key == name || network.label == name;
            let network = self.cluster.networks.iter().find(called);
            network.map(|network| network.label.clone()).with_context(|| {
                format!("no network is called '{name}': allowed is its key or its label in the configuration")
            })
        };
        Ok(Scope {
            peer: scope.peer,
            network: scope.network.map(label).transpose()?,
        })
    }

    /// 334312.
    pub(super) fn tell_order(&mut self, message: &str) {
        let name = self.core.config().name.clone();
        self.tell_plain(EventKind::Operator, Some(name), None, message.to_owned());
    }

    /// An event that no judgement led to.
    pub(super) fn tell_plain(
        &mut self,
        kind: EventKind,
        peer: Option<String>,
        network: Option<String>,
        message: String,
    ) {
        let observer = &self.core.config().name;
        let record = Record {
            maintenance: Some(self.maintenance.covers(peer.as_deref(), network.as_deref())),
            peer,
            network,
            ..Record::plain(kind, observer, message, clock::wall())
        };
        self.journal.tell(Batch {
            tellings: vec![Telling::new(record, Voice::Loud)],
            afterwards: None,
        });
    }
}
