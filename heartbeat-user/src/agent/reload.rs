//! Taking another configuration while heartbeats go on.
//!
//! Files are read and checked beside the loop, for that may take longer than an interval; what is valid is
//! compared with what runs, and is taken whole or not at all. Then the site is furnished anew, the core judges
//! on, and the sender is told last, so that a peer never hears of something that this node does not know yet.

use anyhow::{Context, Result, anyhow};
use heartbeat_core::node::Input;
use tokio::sync::oneshot;

use super::{Agent, start};
use crate::clock;
use crate::config::diff::{self, Change};
use crate::loaded::Loaded;
use crate::request::{Answer, Request};

impl Agent {
    /// Has the files read; the answer comes when they are taken or refused.
    pub(super) fn begin_reload(&self, asker: String, answer: Option<oneshot::Sender<Answer>>) {
        self.service.reloading(clock::now());
        let (file, requests) = (self.file.clone(), self.requests.clone());
        tokio::spawn(async move {
            let read = tokio::task::spawn_blocking(move || Loaded::read(&file)).await;
            let read =
                read.unwrap_or_else(|error| Err(anyhow!("reading the files failed: {error}")));
            // An agent that ends needs no configuration.
            let _ = requests
                .send(Request::Loaded(read.map(Box::new), asker, answer))
                .await;
        });
    }

    /// Takes what was read, or says why not.
    pub(super) fn finish_reload(
        &mut self,
        read: Result<Box<Loaded>>,
        asker: &str,
        answer: Option<oneshot::Sender<Answer>>,
    ) {
        let outcome = read.and_then(|loaded| self.take(*loaded, asker));
        self.reloaded = outcome.is_ok();
        let outcome = outcome.map_err(|error| {
            let text = format!("{error:#}\nthe configuration is as it was");
            log::error!("reload asked for by {asker} is refused: {text}");
            text
        });
        self.tell_ready();
        if let Some(answer) = answer {
            // A client that left gets no answer.
            let _ = answer.send(outcome);
        }
    }

    fn take(&mut self, loaded: Loaded, asker: &str) -> Result<Vec<String>> {
        let node = &self.cluster.nodes[self.node];
        let changes = diff::compare(&self.cluster, &loaded.cluster, node)?;
        let mut lines: Vec<String> = changes.iter().map(ToString::to_string).collect();
        if let (Some(old), Some(new)) = (&self.keys, &loaded.keys) {
            lines.extend(old.compare(new)?.iter().map(ToString::to_string));
        }
        if lines.is_empty() {
            self.tell_order(&format!(
                "{asker} reloaded the configuration: nothing changed."
            ));
            return Ok(vec!["nothing changed".to_owned()]);
        }
        self.furnish(loaded)
            .context("carry out the change; restart the agent, which then adopts what stands")?;
        self.tell_changes(&changes);
        self.tell_order(&format!(
            "{asker} reloaded the configuration: {}.",
            lines.join("; ")
        ));
        Ok(lines)
    }

    fn furnish(&mut self, loaded: Loaded) -> Result<()> {
        let id = self.cluster.nodes[self.node].id;
        self.node = start::position(&loaded.cluster, id).context("find this node")?;
        self.cluster = loaded.cluster;
        self.text = loaded.text;
        self.keys = loaded.keys;
        let local = &self.cluster.nodes[self.node];
        let core = self.cluster.core(local);
        self.site
            .furnish(&self.cluster, local, self.keys.as_ref(), &core)?;
        self.readdress_to(&core);
        let mut actions = Vec::new();
        self.tell_core(clock::now(), Input::Configure(core), &mut actions);
        self.act(actions);
        self.tell_soundness();
        self.tick = start::tick(&self.cluster);
        self.send_everywhere();
        Ok(())
    }

    /// Events 1131 to 1134.
    fn tell_changes(&mut self, changes: &[Change]) {
        use heartbeat_core::event::EventKind;
        for change in changes {
            let (kind, peer, network) = match change {
                Change::InterfaceAdded { node, network, .. } => {
                    (EventKind::InterfaceAdded, Some(node), network)
                }
                Change::InterfaceRemoved { node, network, .. } => {
                    (EventKind::InterfaceRemoved, Some(node), network)
                }
                Change::NetworkAdded { network, .. } => (EventKind::NetworkAdded, None, network),
                Change::NetworkRemoved { network, .. } => {
                    (EventKind::NetworkRemoved, None, network)
                }
                Change::Setting { .. }
                | Change::NodeAdded { .. }
                | Change::NodeRemoved { .. }
                | Change::AddressChanged { .. } => continue,
            };
            self.tell_plain(
                kind,
                peer.cloned(),
                Some(network.clone()),
                format!("By configuration: {change}."),
            );
        }
    }

    /// A signal asks for a reload, and nobody waits for the answer.
    pub(super) fn reload_by_signal(&self) {
        log::info!("SIGHUP orders: Reload");
        self.begin_reload("SIGHUP".to_owned(), None);
    }
}
