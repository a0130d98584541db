//! `heartbeat diagnose`: looks at this host, asks the agent and perhaps the peers, and says what it makes of it.
//!
//! It works without an agent, and without rights: what could not be read is part of the answer. Only what is asked for
//! wrongly is an error: a configuration with mistakes, a peer or a network that it does not have.

use std::io::{self, IsTerminal as _};
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use serde::Serialize;

use super::{Exit, client};
use crate::config::{Cluster, Node};
use crate::diagnose::collect::{self, Subject};
use crate::diagnose::facts::Facts;
use crate::diagnose::finding::Finding;
use crate::diagnose::render::{self, Style};
use crate::diagnose::weigh::{self, Focus};
use crate::interface;

/// What the command line says.
#[derive(Clone, Debug)]
pub struct Options {
    /// The configuration.
    pub config: PathBuf,
    /// The node to be, where the addresses do not tell.
    pub node: Option<String>,
    /// The agent's socket, where it is not the configured one.
    pub socket: Option<PathBuf>,
    /// What is asked about; the network by key or label.
    pub focus: Focus,
    /// In which form it is answered.
    pub form: Form,
}

/// In which form it is answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// For people.
    Text,
    /// One JSON object: findings, and the facts that they rest on.
    Json,
}

#[derive(Serialize)]
struct Answer<'a> {
    findings: &'a [Finding],
    facts: &'a Facts,
}

/// Looks, judges and prints.
pub fn run(options: &Options) -> Result<Exit> {
    let cluster = Cluster::load(&options.config)?;
    let local = interface::local_addresses()?;
    let node = cluster.local_node(options.node.as_deref(), &local)?.clone();
    let focus = known(&options.focus, &cluster)?;
    let socket = options
        .socket
        .as_deref()
        .unwrap_or(&cluster.agent.socket)
        .to_owned();
    let asked = asked(&focus, &cluster, &node);
    let subject = Subject {
        cluster,
        node,
        socket,
    };
    let facts = collect::facts(&subject, &asked);
    let findings = weigh::findings(&facts, &focus);
    print(options.form, &facts, &findings, &focus)?;
    let suspicious = findings.iter().any(Finding::is_suspicious);
    Ok(if suspicious {
        Exit::Degraded
    } else {
        Exit::Well
    })
}

fn print(form: Form, facts: &Facts, findings: &[Finding], focus: &Focus) -> Result<()> {
    match form {
        Form::Json => {
            let answer = Answer { findings, facts };
            client::print(&serde_json::to_string(&answer).context("write the answer")?)
        }
        Form::Text => {
            let losses = weigh::losses(facts, focus);
            let text = render::text(facts, findings, &losses, style());
            client::print(text.trim_end())
        }
    }
}

fn style() -> Style {
    let colour = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    if colour { Style::Colour } else { Style::Plain }
}

/// The peers to ask: the one that is asked about, or all on the network.
fn asked(focus: &Focus, cluster: &Cluster, node: &Node) -> Vec<String> {
    let mut networks = cluster.networks.iter();
    let network = focus
        .network
        .as_ref()
        .and_then(|label| networks.find(|network| network.label == *label));
    let wanted = |peer: &&Node| match (&focus.peer, network) {
        (Some(name), _) => peer.name == *name,
        (None, Some(network)) => peer.addresses.contains_key(&network.id),
        (None, None) => false,
    };
    let peers = cluster.nodes.iter().filter(|peer| peer.id != node.id);
    peers.filter(wanted).map(|peer| peer.name.clone()).collect()
}

/// The focus with the network's label, which is what events call it.
fn known(focus: &Focus, cluster: &Cluster) -> Result<Focus> {
    if let Some(peer) = &focus.peer
        && !cluster.nodes.iter().any(|node| node.name == *peer)
    {
        bail!("no node is called '{peer}': `heartbeat status` lists them");
    }
    let label = |name: &String| {
        let mut networks = cluster.networks.iter();
        let network = networks.find(|network| network.key == *name || network.label == *name);
        network.map(|network| network.label.clone()).with_context(|| {
            format!("no network is called '{name}': allowed is its key or its label in the configuration")
        })
    };
    Ok(Focus {
        peer: focus.peer.clone(),
        network: focus.network.as_ref().map(label).transpose()?,
    })
}
