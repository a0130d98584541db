//! The metrics page, from a snapshot.
//!
//! Every series of every configured path exists from the start, because a counter that is born at 1 fires no
//! `increase() > 0`. The page is made anew from each snapshot, so a path that leaves the configuration takes
//! its series along, and no figure is kept twice. Counters that live in the kernel go on across restarts of
//! the agent, others restart at 0; each help text says which.

use std::collections::HashMap;

use prometheus::core::Collector;
use prometheus::process_collector::ProcessCollector;
use prometheus::{
    Encoder as _, Gauge, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, TextEncoder,
};

use crate::lateness::{Lateness, Part};
use crate::snapshot::Snapshot;

mod agents;
mod membership;
mod messages;
mod paths;

/// States a path may be in, as `heartbeat_path_state` tells them.
const STATES: [&str; 5] = ["unknown", "up", "lost", "restarting", "left"];
const KERNEL: &str = "Kept in the kernel: goes on across restarts of the agent.";
const AGENT: &str = "Restarts at 0 with the agent.";

/// The page in Prometheus's text format.
pub fn render(snapshot: &Snapshot, lateness: &Lateness) -> prometheus::Result<String> {
    let page = Page(Registry::new());
    page.frames(snapshot)?;
    page.node(snapshot)?;
    page.sender(lateness)?;
    for histogram in lateness.histograms() {
        page.0.register(Box::new(histogram))?;
    }
    page.0.register(Box::new(ProcessCollector::for_self()))?;
    let mut text = Vec::new();
    TextEncoder::new().encode(&page.0.gather(), &mut text)?;
    let wrong = |error: &dyn std::error::Error| prometheus::Error::Msg(error.to_string());
    let mut text = String::from_utf8(text).map_err(|error| wrong(&error))?;
    paths::write(&mut text, &snapshot.paths).map_err(|error| wrong(&error))?;
    membership::write(&mut text, &snapshot.networks).map_err(|error| wrong(&error))?;
    Ok(text)
}

struct Page(Registry);

impl Page {
    fn add<C: Collector + Clone + 'static>(
        &self,
        metric: prometheus::Result<C>,
    ) -> prometheus::Result<C> {
        let metric = metric?;
        self.0.register(Box::new(metric.clone()))?;
        Ok(metric)
    }

    fn counter(
        &self,
        name: &str,
        help: &str,
        kept: &str,
        labels: &[&str],
    ) -> prometheus::Result<IntCounterVec> {
        self.add(IntCounterVec::new(
            Opts::new(name, format!("{help} {kept}")),
            labels,
        ))
    }

    fn gauge(&self, name: &str, help: &str, labels: &[&str]) -> prometheus::Result<IntGaugeVec> {
        self.add(IntGaugeVec::new(Opts::new(name, help), labels))
    }

    fn frames(&self, snapshot: &Snapshot) -> prometheus::Result<()> {
        let frames = self.counter(
            "heartbeat_frames_total",
            "Datagrams to port 3343 that the XDP program judged.",
            KERNEL,
            &["network", "verdict"],
        )?;
        let attached = self.gauge(
            "heartbeat_xdp_attached",
            "Whether the XDP program is attached in this mode to the network's interface.",
            &["network", "mode"],
        )?;
        let configured = self.gauge(
            "heartbeat_xdp_configured",
            "Always 1; how the configuration wants the XDP program attached: auto, native or generic.",
            &["network", "mode"],
        )?;
        let info = self.gauge(
            "heartbeat_network_info",
            "Always 1; the network's role: internal and mixed ones count for whether a node lives, client ones do not.",
            &["network", "role"],
        )?;
        for network in &snapshot.networks {
            let label = network.network.as_str();
            configured
                .with_label_values(&[label, &network.xdp_configured])
                .set(1);
            info.with_label_values(&[label, &network.role]).set(1);
            for (verdict, count) in &network.frames {
                frames
                    .with_label_values(&[network.network.as_str(), verdict])
                    .inc_by(*count);
            }
            for mode in ["native", "generic"] {
                let value = network.xdp.as_deref() == Some(mode);
                attached
                    .with_label_values(&[network.network.as_str(), mode])
                    .set(i64::from(value));
            }
        }
        Ok(())
    }

    fn sender(&self, lateness: &Lateness) -> prometheus::Result<()> {
        let late = self.add(Gauge::new(
            "heartbeat_sender_lateness_max_1m_seconds",
            "How late the agent's sender was at most with a round in the last minute.",
        ))?;
        late.set(lateness.max_1m(Part::Sender).as_secs_f64());
        Ok(())
    }

    fn node(&self, snapshot: &Snapshot) -> prometheus::Result<()> {
        let events = self.counter(
            "heartbeat_events_total",
            "Events reported, by number.",
            AGENT,
            &["id"],
        )?;
        for (id, count) in &snapshot.events {
            events.with_label_values(&[&id.to_string()]).inc_by(*count);
        }
        let authenticated = self.add(IntGauge::new(
            "heartbeat_authenticated",
            "Whether heartbeats carry a tag.",
        ))?;
        authenticated.set(i64::from(snapshot.authenticated));
        let keys = self.add(IntGauge::new(
            "heartbeat_keys",
            "Keys that verify heartbeats: 2 while one is replaced by another, 0 without authentication.",
        ))?;
        keys.set(i64::try_from(snapshot.keys).unwrap_or(i64::MAX));
        let late = self.add(Gauge::new(
            "heartbeat_agent_lateness_max_1m_seconds",
            "How late the agent's main loop woke up at most in the last minute.",
        ))?;
        late.set(snapshot.lateness_max_1m_seconds);
        self.membership(snapshot)?;
        self.agents(snapshot)?;
        self.messages(snapshot)?;
        self.configuration(snapshot)?;
        let labels = HashMap::from([
            ("version".to_owned(), snapshot.version.clone()),
            ("cluster".to_owned(), snapshot.cluster.clone()),
            ("node".to_owned(), snapshot.node.clone()),
        ]);
        let info = Opts::new(
            "heartbeat_build_info",
            "Always 1; the labels say what runs here.",
        )
        .const_labels(labels);
        self.add(IntGauge::with_opts(info))?.set(1);
        Ok(())
    }

    fn configuration(&self, snapshot: &Snapshot) -> prometheus::Result<()> {
        let differs = self.gauge(
            "heartbeat_config_differs",
            "Whether the peer was last heard to run another configuration than this node.",
            &["peer"],
        )?;
        for (peer, value) in &snapshot.config_differs {
            differs.with_label_values(&[peer]).set(i64::from(*value));
        }
        let reloaded = self.add(IntGauge::new(
            "heartbeat_config_last_reload_successful",
            "Whether the last attempt to take another configuration succeeded; 1 before the first.",
        ))?;
        reloaded.set(i64::from(snapshot.reload_successful));
        let maintenance = self.add(IntGauge::new(
            "heartbeat_maintenance",
            "Whether any maintenance is on at this node.",
        ))?;
        maintenance.set(i64::from(!snapshot.maintenance.is_empty()));
        Ok(())
    }
}
