//! A cluster on one machine: real kernels' network stacks, real agents, real faults.
//!
//! The product is about what happens between hosts, and a host, as far as a network is concerned, is a
//! network namespace. So a [`Lab`] is made of namespaces: one per node, and one per network with a
//! bridge in it that plays the switch. Agents run in them unchanged and faults are injected at the
//! switches, where real networks lose frames. A lab is a value: dropped, also by a panic, it takes its agents,
//! namespaces, pins and files with it.
//!
//! ```text
//!   node-a            node-b            node-c          one namespace each
//!   private public    private public    private public  veth ends, native XDP by the agent
//!      |      |          |      |          |      |
//!      |      +----------|------+----------|------+--- switch-public    one namespace each, a bridge,
//!      +-----------------+-----------------+---------- switch-private   nftables rules while a fault lasts
//! ```

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};

pub mod account;
pub mod agent;
pub mod agents;
mod answers;
pub mod batch;
pub mod binary;
pub mod card;
pub mod cast;
pub mod clock;
pub mod configuration;
pub mod cut;
pub mod event;
pub mod far;
pub mod fault;
pub mod feed;
pub mod hold;
pub mod interrupt;
pub mod leftovers;
mod listener;
pub mod membership;
pub mod metrics;
pub mod multicast;
pub mod name;
pub mod namespace;
pub mod objects;
pub mod other_build;
pub mod plan;
mod port;
pub mod power;
pub mod premises;
pub mod recording;
pub mod reload;
pub mod requirements;
pub mod switch_pass;
pub mod tap;
pub mod transcript;
pub mod view;
pub mod wait;
pub mod wiring;
pub mod witness;

use agent::Agent;
use configuration::Files;
use name::LabName;
use namespace::Namespace;
use plan::{Network, Node, Plan};
use premises::Premises;
use wiring::Wiring;

/// Longest time until nodes whose paths are up act by a view: some regroups.
const VIEW_LIMIT: Duration = Duration::from_secs(30);

/// Nodes, networks and agents that exist as long as this value.
#[derive(Debug)]
pub struct Lab {
    plan: Plan,
    files: Files,
    agents: Vec<Option<Agent>>,
    wiring: Wiring,
    switch_pass: PathBuf,
    /// Last, so that it is dropped after all that lives on it.
    premises: Premises,
}

impl Lab {
    /// Builds nodes and networks; no agent runs yet.
    pub fn build(plan: Plan) -> Result<Self> {
        plan.check()?;
        // A courtesy: another process may be sweeping the same remains at this moment.
        let _ = leftovers::sweep(leftovers::Sweep::Orphans);
        switch_pass::mount_bpf_fs()?;
        let premises = Premises::take()?;
        let name = premises.name;
        let switch_pass = switch_pass::pin_in(&name.pins())?;
        let wiring = Wiring::build(&plan, name, &switch_pass).context("wire the lab")?;
        let agents = plan.all_nodes().map(|_| None).collect();
        Ok(Lab {
            files: Files::of(name),
            plan,
            agents,
            wiring,
            switch_pass,
            premises,
        })
    }

    /// Builds nodes and networks, starts every agent, and waits until all paths between them are up and all nodes
    /// act by one view.
    pub fn running(plan: Plan) -> Result<Self> {
        let mut lab = Self::build(plan)?;
        lab.start_agents()?;
        lab.wait_all_up()?;
        if lab.plan.authentication {
            let nodes: Vec<Node> = lab.nodes_with_agents().collect();
            lab.wait_for_view(&nodes, VIEW_LIMIT)?;
        }
        Ok(lab)
    }

    /// What it was built by.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Its name in the system.
    pub fn name(&self) -> LabName {
        self.premises.name
    }

    /// Where its agents' files lie.
    pub fn files(&self) -> &Files {
        &self.files
    }

    /// The namespace of a node.
    pub fn node(&self, node: Node) -> &Arc<Namespace> {
        self.wiring.node(node)
    }

    /// The namespace of a network's switch.
    pub fn switch(&self, network: Network) -> &Arc<Namespace> {
        self.wiring.switch(network)
    }

    /// The pin of the XDP program that passes everything, for devices that need one.
    pub fn switch_pass(&self) -> &Path {
        &self.switch_pass
    }

    /// Leaves everything standing when this value is dropped, agents included.
    pub fn keep(mut self) -> Result<LabName> {
        let mark = self.name().keep_mark();
        fs::write(&mark, "").with_context(|| format!("write {}", mark.display()))?;
        self.premises.kept = true;
        self.agents.drain(..).flatten().for_each(Agent::hand_over);
        Ok(self.name())
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.post_mortem());
        }
    }
}
