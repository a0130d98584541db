//! What the agents of a lab say: events, metrics, status.

use std::fs;
use std::process::{Command, Output};
use std::time::Duration;

use anyhow::{Context, Result};

use super::agents::START_LIMIT;
use super::event::EventLog;
use super::metrics::{Labels, Metrics};
use super::plan::Node;
use super::{Lab, agent, binary, interrupt, wait};

/// How long an answer of a running agent may take.
pub(super) const ANSWER_LIMIT: Duration = Duration::from_secs(5);

/// What the agents say.
impl Lab {
    /// The node's events, those of [`Scope::Own`](super::event::Scope::Own) unless its log is asked for more.
    pub fn events(&self, node: Node) -> EventLog {
        EventLog::at(self.files.events(node))
    }

    /// What the node's agent exports now.
    pub fn metrics(&self, node: Node) -> Result<Metrics> {
        Metrics::get(self.node(node), ANSWER_LIMIT)
    }

    /// A `heartbeat` command in the node's namespace, arguments still to come.
    pub fn heartbeat(&self, node: Node) -> Result<Command> {
        self.node(node).command(binary::find()?)
    }

    /// Runs `heartbeat` in the node's namespace to its end.
    pub fn run_heartbeat(&self, node: Node, arguments: &[&str]) -> Result<Output> {
        self.heartbeat(node)?
            .args(arguments)
            .output()
            .with_context(|| format!("run heartbeat {}", arguments.join(" ")))
    }

    /// What `heartbeat status --json` prints for the node, and its exit status.
    pub fn status(&self, node: Node) -> Result<(serde_json::Value, i32)> {
        let socket = self.files.socket(node).display().to_string();
        let output = self.run_heartbeat(node, &["status", "--json", "--socket", &socket])?;
        let value = serde_json::from_slice(&output.stdout).with_context(|| {
            format!(
                "understand the status of {node}: {}",
                String::from_utf8_lossy(&output.stderr)
            )
        })?;
        Ok((value, output.status.code().unwrap_or(-1)))
    }

    /// Waits until every running agent has every path to every other running agent up, and has written the
    /// events that say so.
    pub fn wait_all_up(&mut self) -> Result<()> {
        let limit = START_LIMIT + 4 * self.plan.interval;
        let nodes: Vec<Node> = self.nodes_with_agents().collect();
        for observer in &nodes {
            wait::until(&format!("all paths of {observer} to be up"), limit, || {
                self.check_agents()?;
                let metrics = self.metrics(*observer)?;
                let mut peers = nodes.iter().filter(|peer| *peer != observer);
                let up = peers.all(|peer| self.is_up(&metrics, *peer));
                Ok((up && all_is_written(&metrics)).then_some(()))
            })?;
        }
        Ok(())
    }

    /// Waits as [`Lab::wait_all_up`] does, after an agent's new start: its paths look up for a detection time,
    /// whether anybody hears the new run or not.
    pub fn wait_all_up_again(&mut self) -> Result<()> {
        interrupt::sleep(self.plan.detection_time() + 2 * self.plan.interval)?;
        self.wait_all_up()
    }

    fn is_up(&self, metrics: &Metrics, peer: Node) -> bool {
        self.plan.all_networks().all(|network| {
            let labels = [
                ("peer", &*peer.to_string()),
                ("network", self.plan.label(network)),
            ];
            metrics
                .value("heartbeat_path_up", &labels)
                .is_ok_and(|up| up == 1.0)
        })
    }

    /// What helps to understand a lab in which something went wrong: each agent's events and last log lines.
    pub fn post_mortem(&self) -> String {
        let mut text = String::new();
        for node in self.plan.all_nodes() {
            let events = fs::read_to_string(self.files.events(node)).unwrap_or_default();
            let log = agent::log_tail(&self.files.log(node));
            text += &format!("--- {node}: events\n{events}--- {node}: end of the log\n{log}\n");
        }
        text
    }
}

/// Whether every event that was decided is in the file. A gauge may run ahead of the disk by a sync, and a
/// [`Feed`](super::feed::Feed) that began in between would take an old event for a new one.
fn all_is_written(metrics: &Metrics) -> bool {
    let sum = |name, labels: Labels<'_>| -> f64 {
        metrics.matching(name, labels).map(|path| path.value).sum()
    };
    sum("heartbeat_path_restored_total", &[]) == sum("heartbeat_events_total", &[("id", "1122")])
        && sum("heartbeat_path_lost_total", &[]) == sum("heartbeat_events_total", &[("id", "1123")])
}
