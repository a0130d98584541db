//! Configurations and keys of a lab's agents, before their start and while they run.
//!
//! A file is written when the first agent starts, or when a test wants to change it before that. What a node
//! reads may differ from the plan that the lab was wired by: a plan with more nodes than a configuration
//! names is a cluster that has room to grow.

use std::path::Path;
use std::process::{Command, Output};

use anyhow::{Context, Result, ensure};

use super::plan::{Node, Plan};
use super::{Lab, binary};

/// What agents read.
impl Lab {
    /// Writes the configuration and key of every node, unless they are there.
    pub fn write_missing_files(&self) -> Result<()> {
        if self.files.configuration(Node(0)).exists() {
            return Ok(());
        }
        self.files.write(&self.plan, new_key)
    }

    /// Changes one node's configuration file. A running agent does not notice before it reloads.
    pub fn rewrite(&self, node: Node, change: impl FnOnce(&str) -> String) -> Result<()> {
        self.write_missing_files()?;
        let text = self.files.read_configuration(node)?;
        self.files.write_configuration(node, &change(&text))
    }

    /// Writes one node's configuration file by another plan, which may have fewer nodes and networks than
    /// the lab. Keys stay.
    pub fn write_configuration(&self, node: Node, plan: &Plan) -> Result<()> {
        self.write_missing_files()?;
        self.files
            .write_configuration(node, &self.files.render(plan, node))
    }

    /// `heartbeat reload`, as an operator on the node's host types it.
    pub fn reload_agent(&self, node: Node) -> Result<Output> {
        self.ask_agent(node, &["reload"])
    }

    /// Runs a command that talks to the node's agent; the socket is added.
    pub fn ask_agent(&self, node: Node, arguments: &[&str]) -> Result<Output> {
        let socket = self.files.socket(node).display().to_string();
        self.run_heartbeat(node, &[arguments, &["--socket", &socket]].concat())
    }
}

/// A new line for a key file.
pub fn new_key() -> Result<String> {
    new_key_with(&["key", "generate"])
}

/// A new line for a key file, under this number.
pub fn new_key_of_id(id: u8) -> Result<String> {
    new_key_with(&["key", "generate", "--id", &id.to_string()])
}

fn new_key_with(arguments: &[&str]) -> Result<String> {
    let binary = binary::find()?;
    let output = run(&binary, arguments)?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(
        output.status.success(),
        "`heartbeat key generate` ended with an error: {said}"
    );
    String::from_utf8(output.stdout).context("a key line is text")
}

fn run(binary: &Path, arguments: &[&str]) -> Result<Output> {
    Command::new(binary)
        .args(arguments)
        .output()
        .with_context(|| format!("run {} {}", binary.display(), arguments.join(" ")))
}
