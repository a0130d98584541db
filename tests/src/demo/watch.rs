//! Looks at the agents while a scenario is played.
//!
//! The source is the one that an operator's monitoring has: the metrics say how each path stands. A stopped
//! agent would keep a reader waiting, so it is not asked.

use std::time::Duration;

use crate::lab::Lab;
use crate::lab::agents::Condition;
use crate::lab::metrics::Metrics;
use crate::lab::plan::{Network, Node};

/// How long an agent may keep the display waiting.
const PATIENCE: Duration = Duration::from_millis(250);

/// How one path stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PathState {
    /// Heartbeats come.
    Up,
    /// They do not.
    Lost,
    /// Never heard, or none of our concern here.
    Other,
}

/// What one node says of all its paths.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Row {
    /// Its agent runs; the states lie by network, then by peer.
    Hears(Vec<Vec<PathState>>),
    /// Its agent was stopped by a signal.
    Stopped,
    /// No agent of it runs.
    Gone,
    /// Its agent should run but does not answer.
    Silent,
}

/// What every node says of its paths now.
pub fn rows(lab: &Lab) -> Vec<Row> {
    lab.plan().all_nodes().map(|node| row(lab, node)).collect()
}

fn row(lab: &Lab, node: Node) -> Row {
    match lab.condition(node) {
        Condition::Absent => Row::Gone,
        Condition::Paused => Row::Stopped,
        Condition::Running => match Metrics::get(lab.node(node), PATIENCE) {
            Ok(metrics) => Row::Hears(states(lab, &metrics)),
            Err(_) => Row::Silent,
        },
    }
}

fn states(lab: &Lab, metrics: &Metrics) -> Vec<Vec<PathState>> {
    let plan = lab.plan();
    plan.all_networks()
        .map(|network| {
            plan.all_nodes()
                .map(|peer| state(lab, metrics, peer, network))
                .collect()
        })
        .collect()
}

fn state(lab: &Lab, metrics: &Metrics, peer: Node, network: Network) -> PathState {
    let peer = peer.to_string();
    let is = |state: &str| {
        let labels = [
            ("peer", peer.as_str()),
            ("network", lab.plan().label(network)),
            ("state", state),
        ];
        metrics
            .value("heartbeat_path_state", &labels)
            .is_ok_and(|value| value == 1.0)
    };
    match () {
        () if is("up") => PathState::Up,
        () if is("lost") => PathState::Lost,
        () => PathState::Other,
    }
}
