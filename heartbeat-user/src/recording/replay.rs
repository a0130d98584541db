//! A recording, judged again by a core of its own.
//!
//! A file may say anything, and the core trusts what it is told: so whatever the agent could not have told it is
//! an error here, with the number of its line.

use std::io::BufRead;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use heartbeat_core::action::Action;
use heartbeat_core::config::{Config, NetworkIndex, PathIndex};
use heartbeat_core::incidents::Drops;
use heartbeat_core::message::Message;
use heartbeat_core::node::{Input, Node as Core};
use heartbeat_core::view::Epoch;
use heartbeat_ebpf::ids::{Incarnation, NodeId};
use heartbeat_ebpf::time::Timestamp;

use super::facts::Left;
use super::levels::{Levels, Sweep};
use super::line::{Begin, What, unhex};
use super::lines::{Ending, Lines, Next};
use super::recorder::numbers;
use crate::config::Cluster;
use crate::record::Record;

/// What the configuration's mistakes name as its file.
const CONFIGURATION: &str = "recorded configuration";

/// A recording that is being replayed.
#[derive(Debug)]
pub struct Replay<R> {
    lines: Lines<R>,
    begin: Begin,
    begun: Timestamp,
    id: NodeId,
    core: Core,
    levels: Levels,
    nodes: Vec<NodeId>,
    now: Timestamp,
    inputs: u64,
    events: u64,
}

/// What comes of a step.
#[derive(Debug)]
pub enum Step {
    /// The events that one input led to, if any.
    Events(Vec<Record>),
    /// There is no more.
    Ended(Ending),
}

impl<R: BufRead> Replay<R> {
    /// Reads the beginning.
    ///
    /// # Errors
    /// What is no recording, or one that this version cannot replay.
    pub fn open(source: R) -> Result<Self> {
        let (lines, line, begin) = Lines::open(source)?;
        let begun = Timestamp::from_ns(line.at).context("it begins at no time")?;
        let id = NodeId::new(begin.id).context("it is of no node: its number is 0")?;
        let config = judged_by(&begin.text, id)?;
        Ok(Replay {
            lines,
            begun,
            id,
            nodes: numbers(&config),
            core: Core::new(config, Incarnation(begin.incarnation)),
            begin,
            levels: Levels::default(),
            now: begun,
            inputs: 0,
            events: 0,
        })
    }

    /// Who was recorded.
    pub fn begin(&self) -> &Begin {
        &self.begin
    }

    /// What it has come to.
    pub fn core(&self) -> &Core {
        &self.core
    }

    /// Events so far.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// From the beginning to the input told last.
    pub fn length(&self) -> Duration {
        self.now.since(self.begun)
    }

    /// Inputs told so far.
    pub fn inputs(&self) -> u64 {
        self.inputs
    }

    /// Tells the core the next input.
    ///
    /// # Errors
    /// A line that no agent has written.
    pub fn step(&mut self) -> Result<Step> {
        let line = match self.lines.read()? {
            Next::Line(line) => line,
            Next::Ended(ending) => return Ok(Step::Ended(ending)),
        };
        // Lines do not go back, and the first was not 0.
        self.now = Timestamp::from_ns(line.at).unwrap_or(self.now);
        let actions = self
            .tell(line.what)
            .with_context(|| format!("line {}", self.lines.number()))?;
        self.inputs += 1;
        Ok(Step::Events(self.records(&actions)))
    }

    fn tell(&mut self, what: What) -> Result<Vec<Action>> {
        match what {
            What::Adopt(left) => self.adopt(&left),
            What::Sweep(sweep) => self.sweep(&sweep),
            What::Configure { text } => {
                let config = judged_by(&text, self.id)?;
                self.nodes = numbers(&config);
                Ok(self.handle(Input::Configure(config)))
            }
            What::Reborn(incarnation) => Ok(self.handle(Input::Reborn(Incarnation(incarnation)))),
            What::Late { part, ns, waited } => Ok(self.handle(Input::Late {
                part,
                late: Duration::from_nanos(ns),
                waited: Duration::from_nanos(waited),
            })),
            What::Refused { path, count } => {
                self.check_path(path)?;
                Ok(self.handle(Input::Refused(PathIndex(path), count)))
            }
            What::Dropped {
                network,
                received,
                unsent,
                lately,
            } => {
                let network = self.network(network)?;
                let drops = Drops { received, unsent };
                let lately = Duration::from_nanos(lately);
                Ok(self.handle(Input::Dropped(network, drops, lately)))
            }
            What::Paused { by, ahead } => {
                Ok(self.handle(Input::Paused(by, Duration::from_nanos(ahead))))
            }
            What::Promised(epoch) => Ok(self.handle(Input::Promised(Epoch(epoch)))),
            What::Message {
                from,
                incarnation,
                bytes,
            } => self.message(from, Incarnation(incarnation), &bytes),
            What::Soundness { network, state } => {
                let network = self.network(network)?;
                Ok(self.handle(Input::Soundness(network, state)))
            }
            What::Witness { network, state } => {
                let network = self.network(network)?;
                Ok(self.handle(Input::Witness(network, state)))
            }
            What::Depart(departure) => Ok(self.handle(Input::Depart(departure.into()))),
            // The lines hand on neither.
            What::Begin(_) | What::End(_) => Ok(Vec::new()),
        }
    }

    fn handle(&mut self, input: Input<'_>) -> Vec<Action> {
        let mut actions = Vec::new();
        self.core.handle(self.now, input, &mut actions);
        actions
    }

    fn adopt(&mut self, left: &[Left]) -> Result<Vec<Action>> {
        for left in left {
            self.check_path(left.facts.path)?;
        }
        let left: Vec<_> = left.iter().map(Left::read).collect();
        Ok(self.handle(Input::Adopt(&left)))
    }

    fn sweep(&mut self, sweep: &Sweep) -> Result<Vec<Action>> {
        let arrivals = self.levels.follow(sweep)?.to_vec();
        for arrival in &arrivals {
            self.check_path(arrival.path.0)?;
        }
        let gaps = sweep.gaps.iter().map(|gap| {
            self.check_path(gap.path)?;
            let gap = gap.read().filter(|gap| gap.start < gap.end);
            gap.context("a gap that does not end after it began")
        });
        let gaps = gaps.collect::<Result<Vec<_>>>()?;
        Ok(self.handle(Input::Sweep {
            arrivals: &arrivals,
            gaps: &gaps,
        }))
    }

    fn message(&mut self, from: u16, incarnation: Incarnation, bytes: &str) -> Result<Vec<Action>> {
        let from = NodeId::new(from).filter(|from| self.nodes.contains(from));
        let from = from.context("a message of a node that is not configured")?;
        let message = unhex(bytes).and_then(|bytes| Message::decode(&bytes, &self.nodes));
        let message = message.context("a message that cannot be read")?;
        Ok(self.handle(Input::Message {
            from,
            incarnation,
            message: &message,
        }))
    }

    fn check_path(&self, path: u32) -> Result<()> {
        let paths = self.core.config().paths.len();
        ensure!(
            (path as usize) < paths,
            "path {path} of {paths}, counted from 0"
        );
        Ok(())
    }

    fn network(&self, network: u32) -> Result<NetworkIndex> {
        let networks = self.core.config().networks.len();
        ensure!(
            (network as usize) < networks,
            "network {network} of {networks}, counted from 0"
        );
        Ok(NetworkIndex(network))
    }

    fn records(&mut self, actions: &[Action]) -> Vec<Record> {
        let wall = Duration::from_nanos(self.begin.wall) + self.length();
        let mut records = Vec::new();
        for action in actions {
            if let Action::Emit(event, _) = action
                && let Some(record) = Record::new(event, self.core.config(), wall)
            {
                self.events += 1;
                records.push(Record {
                    seq: self.events,
                    maintenance: None,
                    ..record
                });
            }
        }
        records
    }
}

/// What the recorded node judged by.
fn judged_by(text: &str, id: NodeId) -> Result<Config> {
    let cluster = Cluster::parse(text, CONFIGURATION)?;
    let node = cluster.nodes.iter().find(|node| node.id == id);
    let node = node.with_context(|| format!("node {id} is not in its own configuration"))?;
    Ok(cluster.core(node))
}

#[cfg(test)]
mod tests;
