//! The files an agent is started with: the cluster's configuration and its key.
//!
//! The agents of a lab share one host and one file system, so what a real cluster keeps apart by machine is
//! kept apart by path: every node has its own socket and key file, all of them inside the lab's directory.

use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::name::LabName;
use super::plan::{Node, Plan};

/// Where the files of one lab's agents lie.
#[derive(Clone, Debug)]
pub struct Files {
    name: LabName,
}

impl Files {
    /// The files of this lab.
    pub fn of(name: LabName) -> Self {
        Files { name }
    }

    /// The node's configuration.
    pub fn configuration(&self, node: Node) -> PathBuf {
        self.name.directory().join(format!("{node}.toml"))
    }

    /// The node's control socket.
    pub fn socket(&self, node: Node) -> PathBuf {
        self.name.directory().join(format!("{node}.sock"))
    }

    /// What the node's agent wrote to its standard error.
    pub fn log(&self, node: Node) -> PathBuf {
        self.name.directory().join(format!("{node}.log"))
    }

    /// The node's events.
    pub fn events(&self, node: Node) -> PathBuf {
        self.state(node).join("events.jsonl")
    }

    /// The agents' process ids, one a line: who may have to be ended if the lab's owner cannot.
    pub fn processes(&self) -> PathBuf {
        self.name.directory().join("agents")
    }

    /// The node's state directory: its incarnation, its events.
    pub fn state(&self, node: Node) -> PathBuf {
        self.states().join(node.to_string())
    }

    fn states(&self) -> PathBuf {
        self.name.directory().join("state")
    }

    fn key(&self, node: Node) -> PathBuf {
        self.name.directory().join(format!("{node}.key"))
    }

    /// Writes configuration and key of every node. `new_key` makes a line of a key file.
    pub fn write(&self, plan: &Plan, new_key: impl Fn() -> Result<String>) -> Result<()> {
        let shared = new_key()?;
        let wrong = with_id_of(&shared, &new_key()?);
        for node in plan.all_nodes() {
            let key = if plan.wrong_key == Some(node) {
                &wrong
            } else {
                &shared
            };
            self.write_keys(node, &[key])?;
            self.write_configuration(node, &self.render(plan, node))?;
        }
        Ok(())
    }

    /// Replaces the node's configuration; its agent reads it when it starts or reloads.
    pub fn write_configuration(&self, node: Node, text: &str) -> Result<()> {
        let path = self.configuration(node);
        fs::write(&path, text).with_context(|| format!("write {}", path.display()))
    }

    /// The node's configuration as it lies there now.
    pub fn read_configuration(&self, node: Node) -> Result<String> {
        let path = self.configuration(node);
        fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))
    }

    /// Replaces the node's key file by these lines; its agent reads it when it starts or reloads.
    pub fn write_keys(&self, node: Node, lines: &[&str]) -> Result<()> {
        write_secret(&self.key(node), lines)
    }

    /// The node's configuration as text.
    pub fn render(&self, plan: &Plan, node: Node) -> String {
        let mut text = format!(
            "[cluster]\n\
             name = \"{}\"\n\
             interval = \"{}ms\"\n\
             lost_after = {}\n\
             regroup_after = {}\n",
            self.name,
            plan.interval.as_millis(),
            plan.lost_after,
            plan.membership.regroup_after(plan.lost_after),
        );
        if plan.authentication {
            put(
                &mut text,
                format_args!(
                    "authentication = \"key\"\nkey_file = {}\n",
                    quoted(&self.key(node))
                ),
            );
        } else {
            text.push_str("authentication = \"off\"\n");
        }
        put(
            &mut text,
            format_args!("multicast = \"{}\"\n", plan.multicast),
        );
        if let Some(grace) = plan.restart_grace {
            put(
                &mut text,
                format_args!("restart_grace = \"{}ms\"\n", grace.as_millis()),
            );
        }
        render_networks(&mut text, plan);
        render_nodes(&mut text, plan, plan.all_nodes());
        text.push_str(&plan.membership.table());
        self.render_agent(&mut text, plan, node);
        text
    }

    fn render_agent(&self, text: &mut String, plan: &Plan, node: Node) {
        let pins = self.name.pins();
        put(
            text,
            format_args!(
                "\n[agent]\nmetrics = \"127.0.0.1:{METRICS_PORT}\"\nsocket = {}\nstate_dir = {}\npins = {}\n",
                quoted(&self.socket(node)),
                quoted(&self.states()),
                quoted(&pins),
            ),
        );
        for line in &plan.extra_agent {
            put(text, format_args!("{line}\n"));
        }
    }
}

/// The configuration of these nodes where each is a host of its own, with everything in its usual place.
pub fn of_hosts(plan: &Plan, cluster: &str, nodes: &[Node]) -> String {
    let mut text = format!(
        "[cluster]\nname = \"{cluster}\"\ninterval = \"{}ms\"\nlost_after = {}\nmulticast = \"{}\"\n",
        plan.interval.as_millis(),
        plan.lost_after,
        plan.multicast,
    );
    render_networks(&mut text, plan);
    render_nodes(&mut text, plan, nodes.iter().copied());
    text
}

/// Where every agent answers /metrics, inside its namespace.
pub const METRICS_PORT: u16 = 13343;

fn render_networks(text: &mut String, plan: &Plan) {
    for network in plan.all_networks() {
        put(
            text,
            format_args!(
                "\n[networks.{}]\nid = {}\nlabel = \"{}\"\nsubnet = \"{}\"\nrole = \"{}\"\n",
                plan.interface(network),
                network.0 + 1,
                plan.label(network),
                plan.subnet(network),
                plan.role(network).label(),
            ),
        );
    }
}

fn render_nodes(text: &mut String, plan: &Plan, nodes: impl Iterator<Item = Node>) {
    for node in nodes {
        let addresses: Vec<String> = plan
            .all_networks()
            .map(|network| {
                format!(
                    "{} = \"{}\"",
                    plan.interface(network),
                    plan.address(node, network)
                )
            })
            .collect();
        put(
            text,
            format_args!(
                "\n[nodes.{node}]\nid = {}\naddresses = {{ {} }}\n{}",
                node.id(),
                addresses.join(", "),
                plan.membership.votes_line(node),
            ),
        );
    }
}

fn put(text: &mut String, more: std::fmt::Arguments<'_>) {
    text.write_fmt(more)
        .expect("a String takes whatever is written");
}

/// The path as a TOML string. Temporary directories have no quotes in their names.
fn quoted(path: &Path) -> String {
    format!("\"{}\"", path.display())
}

/// Another key under the same number: one that is looked up and then does not fit.
fn with_id_of(shared: &str, other: &str) -> String {
    let (id, _) = shared.split_once(':').unwrap_or((shared, ""));
    let (_, hex) = other.split_once(':').unwrap_or(("", other));
    format!("{id}:{hex}")
}

fn write_secret(path: &Path, lines: &[&str]) -> Result<()> {
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("create {}", path.display()))?;
    lines
        .iter()
        .try_for_each(|line| writeln!(file, "{}", line.trim_end()))
        .with_context(|| format!("write {}", path.display()))
}
