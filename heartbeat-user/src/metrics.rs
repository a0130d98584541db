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
    Encoder as _, Gauge, GaugeVec, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
    TextEncoder,
};

use crate::lateness::{Lateness, Part};
use crate::snapshot::{PathView, Snapshot};

/// States a path may be in, as `heartbeat_path_state` tells them.
const STATES: [&str; 5] = ["unknown", "up", "lost", "restarting", "left"];
const PATH: [&str; 2] = ["peer", "network"];
const KERNEL: &str = "Kept in the kernel: goes on across restarts of the agent.";
const AGENT: &str = "Restarts at 0 with the agent.";

/// The page in Prometheus's text format.
pub fn render(snapshot: &Snapshot, lateness: &Lateness) -> prometheus::Result<String> {
    let page = Page(Registry::new());
    page.paths(snapshot)?;
    page.frames(snapshot)?;
    page.node(snapshot)?;
    page.sender(lateness)?;
    for histogram in lateness.histograms() {
        page.0.register(Box::new(histogram))?;
    }
    page.0.register(Box::new(ProcessCollector::for_self()))?;
    let mut text = Vec::new();
    TextEncoder::new().encode(&page.0.gather(), &mut text)?;
    String::from_utf8(text).map_err(|error| prometheus::Error::Msg(error.to_string()))
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

    fn seconds(&self, name: &str, help: &str, labels: &[&str]) -> prometheus::Result<GaugeVec> {
        self.add(GaugeVec::new(Opts::new(name, help), labels))
    }

    fn paths(&self, snapshot: &Snapshot) -> prometheus::Result<()> {
        let up = self.gauge("heartbeat_path_up", "Whether the path is up.", &PATH)?;
        let state = self.gauge(
            "heartbeat_path_state",
            "Whether the path is in this state.",
            &["peer", "network", "state"],
        )?;
        let stamp = self.seconds(
            "heartbeat_path_last_arrival_timestamp_seconds",
            "When the last heartbeat arrived, since 1970; absent until heard.",
            &PATH,
        )?;
        let gap = self.seconds(
            "heartbeat_path_largest_gap_seconds",
            "Longest time between two heartbeats, of the last minute.",
            &PATH,
        )?;
        for path in &snapshot.paths {
            let labels = [path.peer.as_str(), path.network.as_str()];
            up.with_label_values(&labels)
                .set(i64::from(path.state == "up"));
            for name in STATES {
                state
                    .with_label_values(&[labels[0], labels[1], name])
                    .set(i64::from(path.state == name));
            }
            if let Some(last) = path.last_arrival_unix_seconds {
                stamp.with_label_values(&labels).set(last);
            }
            gap.with_label_values(&labels).set(path.largest_gap_seconds);
        }
        self.path_counters(snapshot)
    }

    fn path_counters(&self, snapshot: &Snapshot) -> prometheus::Result<()> {
        type Figure = fn(&PathView) -> u64;
        let counters: [(&str, &str, &str, Figure); 8] = [
            (
                "heartbeat_path_lost_total",
                "Times the path was reported lost (1123).",
                AGENT,
                |path| path.lost_total,
            ),
            (
                "heartbeat_path_restored_total",
                "Times the path was reported up (1122), the first time included.",
                AGENT,
                |path| path.restored_total,
            ),
            (
                "heartbeat_arrivals_total",
                "Heartbeats recorded.",
                KERNEL,
                |path| path.arrivals,
            ),
            (
                "heartbeat_heartbeats_lost_total",
                "Heartbeats missing by sequence; those that came late are among the reordered too.",
                KERNEL,
                |path| path.lost_shown,
            ),
            (
                "heartbeat_reordered_total",
                "Heartbeats overtaken by others.",
                KERNEL,
                |path| path.reordered,
            ),
            (
                "heartbeat_duplicates_total",
                "Heartbeats heard twice.",
                KERNEL,
                |path| path.duplicates,
            ),
            ("heartbeat_sent_total", "Heartbeats sent.", AGENT, |path| {
                path.sent
            }),
            (
                "heartbeat_send_errors_total",
                "Heartbeats that this host's kernel refused to send.",
                AGENT,
                |path| path.send_errors,
            ),
        ];
        for (name, help, kept, figure) in counters {
            let counter = self.counter(name, help, kept, &PATH)?;
            for path in &snapshot.paths {
                counter
                    .with_label_values(&[&path.peer, &path.network])
                    .inc_by(figure(path));
            }
        }
        Ok(())
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
        for network in &snapshot.networks {
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
        let late = self.add(Gauge::new(
            "heartbeat_agent_lateness_max_1m_seconds",
            "How late the agent's main loop woke up at most in the last minute.",
        ))?;
        late.set(snapshot.lateness_max_1m_seconds);
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
