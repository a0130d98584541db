//! Starting, stopping and mistreating the agents of a lab.
//!
//! Starts are two steps, spawn and wait, so that all agents of a lab start at once and one wait covers them.

use std::path::Path;
use std::process::Output;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use nix::sys::signal::Signal;

use super::agent::Agent;
use super::answers::ANSWER_LIMIT;
use super::metrics::Metrics;
use super::plan::Node;
use super::{Lab, binary, wait};

/// How long an agent may take to answer after its start, on a busy machine.
pub(super) const START_LIMIT: Duration = Duration::from_secs(20);
/// How long an agent may take to end after SIGTERM.
const STOP_LIMIT: Duration = Duration::from_secs(10);
/// What an agent is doing, as far as the lab had a hand in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Condition {
    /// It was not started, or was ended.
    Absent,
    /// It is stopped by a signal.
    Paused,
    /// It runs.
    Running,
}

/// What can be done to the agents.
impl Lab {
    /// Starts the agents of all nodes and waits until they answer.
    pub fn start_agents(&mut self) -> Result<()> {
        let nodes: Vec<Node> = self.plan.all_nodes().collect();
        nodes.iter().try_for_each(|node| self.spawn_agent(*node))?;
        nodes.iter().try_for_each(|node| self.wait_answering(*node))
    }

    /// Starts the node's agent and waits until it answers.
    pub fn start_agent(&mut self, node: Node) -> Result<()> {
        self.spawn_agent(node)?;
        self.wait_answering(node)
    }

    /// Starts the node's agent from this binary and waits until it answers.
    pub fn start_agent_with(&mut self, node: Node, binary: &Path) -> Result<()> {
        self.spawn_agent_with(node, binary)?;
        self.wait_answering(node)
    }

    /// Starts the node's agent and does not wait for anything.
    pub fn spawn_agent(&mut self, node: Node) -> Result<()> {
        self.spawn_agent_with(node, &binary::find()?)
    }

    /// Starts the node's agent from this binary and does not wait for anything.
    pub fn spawn_agent_with(&mut self, node: Node, binary: &Path) -> Result<()> {
        ensure!(
            self.agents[node.0].is_none(),
            "the agent of {node} already runs"
        );
        self.write_missing_files()?;
        let agent = Agent::start(binary, self.wiring.node(node), &self.files, node)?;
        self.agents[node.0] = Some(agent);
        Ok(())
    }

    /// Waits until the node's agent answers.
    pub fn wait_answering(&mut self, node: Node) -> Result<()> {
        let namespace = Arc::clone(self.node(node));
        let agent = self.agent(node)?;
        wait::until(
            &format!("the first answer of {node}'s agent"),
            START_LIMIT,
            || {
                agent.check_running()?;
                Ok(Metrics::get(&namespace, ANSWER_LIMIT).ok().map(drop))
            },
        )
    }

    /// The node's running agent.
    pub fn agent(&mut self, node: Node) -> Result<&mut Agent> {
        self.agents[node.0]
            .as_mut()
            .with_context(|| format!("no agent of {node} runs"))
    }

    /// SIGSTOP: the agent does nothing any more, its host lives on.
    pub fn pause_agent(&mut self, node: Node) -> Result<()> {
        self.agent(node)?.pause()
    }

    /// SIGCONT.
    pub fn resume_agent(&mut self, node: Node) -> Result<()> {
        self.agent(node)?.resume()
    }

    /// SIGKILL, and waits for the end.
    pub fn kill_agent(&mut self, node: Node) -> Result<()> {
        self.agent(node)?.kill()?;
        self.agents[node.0] = None;
        Ok(())
    }

    /// SIGTERM, and waits for the end; returns the exit status.
    pub fn stop_agent(&mut self, node: Node) -> Result<Option<i32>> {
        self.agent(node)?.signal(Signal::SIGTERM)?;
        self.end_agent(node)
    }

    /// `heartbeat leave`, and waits for the agent's end; returns its exit status.
    pub fn leave_agent(&mut self, node: Node) -> Result<Option<i32>> {
        let output = self.ask_agent(node, &["leave"])?;
        ensure!(
            output.status.success(),
            "`heartbeat leave` was refused: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        self.end_agent(node)
    }

    /// SIGTERM, end, and start again.
    pub fn restart_agent(&mut self, node: Node) -> Result<()> {
        self.stop_agent(node)?;
        self.start_agent(node)
    }

    /// `heartbeat detach`: the kernel forgets everything about the node, as it does when a host boots.
    pub fn detach_node(&self, node: Node) -> Result<()> {
        let output = self.try_detach_node(node)?;
        ensure!(
            output.status.success(),
            "`heartbeat detach` was refused: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(())
    }

    /// What `heartbeat detach` says.
    pub fn try_detach_node(&self, node: Node) -> Result<Output> {
        let file = self.files.configuration(node).display().to_string();
        let arguments = ["detach", "--config", &file, "--node", &node.to_string()];
        self.run_heartbeat(node, &arguments)
    }

    fn end_agent(&mut self, node: Node) -> Result<Option<i32>> {
        let status = self.agent(node)?.wait_for_end(STOP_LIMIT)?;
        self.agents[node.0] = None;
        Ok(status.code())
    }

    /// Errors if an agent that shall run has ended.
    pub fn check_agents(&mut self) -> Result<()> {
        self.agents
            .iter_mut()
            .flatten()
            .try_for_each(Agent::check_running)
    }

    /// What the node's agent is doing, as far as the lab had a hand in it.
    pub fn condition(&self, node: Node) -> Condition {
        match &self.agents[node.0] {
            None => Condition::Absent,
            Some(agent) if agent.is_paused() => Condition::Paused,
            Some(_) => Condition::Running,
        }
    }

    /// Nodes whose agents were started and not ended.
    pub fn nodes_with_agents(&self) -> impl Iterator<Item = Node> {
        self.plan
            .all_nodes()
            .filter(|node| self.agents[node.0].is_some())
    }
}
