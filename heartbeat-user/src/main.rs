//! `heartbeat`: the agent and the commands that talk to it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use heartbeat_user::commands::{self, Exit, NoAgent};
use heartbeat_user::xdp::Trace;
use heartbeat_user::{agent, check, config, logging};

/// Heartbeats between cluster nodes, stamped by XDP.
#[derive(Parser)]
#[command(version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Check the configuration and print the plan
    #[command(after_help = "Example:\n  heartbeat check --config cluster.toml --node node-a")]
    Check(Local),
    /// Run the agent in the foreground
    #[command(after_help = "Example:\n  heartbeat run --config /etc/heartbeat-ebpf/cluster.toml")]
    Run {
        #[command(flatten)]
        local: Local,
        /// Log refused frames with their reason, at most 50 lines a second
        #[arg(long)]
        trace_frames: bool,
    },
    /// Show nodes by networks, and what is wrong (exit status 1: degraded)
    #[command(
        after_help = "Example:\n  heartbeat status --json | jq '.paths[] | select(.state != \"up\")'"
    )]
    Status {
        #[command(flatten)]
        agent: Remote,
        /// Print all figures as one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Print the events, oldest first
    #[command(after_help = "Example:\n  heartbeat events --json | jq 'select(.id == 1123)'")]
    Events {
        #[command(flatten)]
        agent: Remote,
        /// Print them as they are kept, one JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Work with cluster keys
    #[command(subcommand)]
    Key(KeyVerb),
    /// Remove links, programs, maps and pins of a stopped agent
    #[command(after_help = "Example:\n  heartbeat detach --node node-a")]
    Detach(Local),
}

#[derive(Subcommand)]
enum KeyVerb {
    /// Print a new key line
    #[command(
        after_help = "Example:\n  (umask 077; heartbeat key generate > /etc/heartbeat-ebpf/cluster.key)"
    )]
    Generate {
        /// Number of the key; a new key beside an old one needs another
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..))]
        id: u8,
    },
}

/// What commands on this node's configuration take.
#[derive(clap::Args)]
struct Local {
    /// The cluster's configuration
    #[arg(long, default_value = config::DEFAULT_FILE)]
    config: PathBuf,
    /// The node to be; without it, the one that owns this host's addresses
    #[arg(long)]
    node: Option<String>,
}

/// What commands that talk to an agent take.
#[derive(clap::Args)]
struct Remote {
    /// The agent's control socket
    #[arg(long, default_value = config::DEFAULT_SOCKET)]
    socket: PathBuf,
}

fn main() -> ExitCode {
    let exit = run(Arguments::parse().verb).unwrap_or_else(|error| {
        eprintln!("heartbeat: {error:#}");
        if error.downcast_ref::<NoAgent>().is_some() {
            Exit::NoAgent
        } else {
            Exit::Wrong
        }
    });
    ExitCode::from(exit as u8)
}

fn run(verb: Verb) -> Result<Exit> {
    match verb {
        Verb::Check(local) => check::run(&local.config, local.node.as_deref()).map(|()| Exit::Well),
        Verb::Run {
            local,
            trace_frames,
        } => {
            logging::start();
            let trace = if trace_frames {
                Trace::Refused
            } else {
                Trace::Off
            };
            agent::run(&agent::Options {
                config: local.config,
                node: local.node,
                trace,
            })
            .map(|()| Exit::Well)
        }
        Verb::Status { agent, json } => commands::status::run(&agent.socket, json),
        Verb::Events { agent, json } => commands::events::run(&agent.socket, json),
        Verb::Key(KeyVerb::Generate { id }) => commands::key::generate(id),
        Verb::Detach(local) => {
            commands::detach::run(Path::new(&local.config), local.node.as_deref())
        }
    }
}
