//! The command line.
//!
//! It lies in the library so that documents can be held against it: every command line that they show is parsed,
//! and the reference of commands is printed from here.

#![expect(
    missing_docs,
    reason = "what would document a field is its help text, and a flattened one has its own"
)]

use std::path::PathBuf;

use crate::commands::events::Since;
use crate::commands::orders::Lasting;
use crate::config;
use crate::request;
use clap::{Parser, Subcommand};

/// Heartbeats between cluster nodes, stamped by XDP.
#[derive(Parser)]
#[command(name = "heartbeat", version, max_term_width = 100)]
pub struct Arguments {
    #[command(subcommand)]
    pub verb: Verb,
}

/// What is to be done.
#[derive(Subcommand)]
pub enum Verb {
    /// Check the configuration and print the plan
    #[command(
        after_help = "Examples:\n  heartbeat check --config cluster.toml --node node-a\n  heartbeat check --json | jq '.networks[] | select(.ready | not)'"
    )]
    Check {
        #[command(flatten)]
        local: Local,
        /// The cluster key, in the place of the configured file
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
        /// Print what was found as one JSON object
        #[arg(long)]
        json: bool,
    },
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
        after_help = "Examples:\n  heartbeat status --watch\n  heartbeat status --brief >> /run/motd.dynamic\n  heartbeat status --json | jq '.paths[] | select(.state != \"up\")'\n\nLOSS 1H and GAP MAX are those of the last hour, of all networks together. --watch needs a terminal;\nprograms use --json, or `heartbeat events --follow`.\n\nDegraded: a path is lost or was never heard, or an interface is not up. A peer that left,\nthat said it restarts, or that is under maintenance is not."
    )]
    Status {
        #[command(flatten)]
        agent: Remote,
        /// Print all figures as one JSON object
        #[arg(long, conflicts_with = "brief")]
        json: bool,
        /// Print one line
        #[arg(long)]
        brief: bool,
        /// Show it on the whole screen, live, with keys to look into a path; ? tells them
        #[arg(long, conflicts_with_all = ["json", "brief"])]
        watch: bool,
    },
    /// Print the events, oldest first, or run a command for each
    #[command(
        after_help = "Examples:\n  heartbeat events --since 10m\n  heartbeat events --json | jq 'select(.id == 1123)'\n  heartbeat events --follow --cursor /var/lib/pager/cursor --exec 'jq -r .message | page-someone'\n\nWith --exec and --cursor each event is handled at least once: the cursor moves only after the\ncommand ended with 0; one that fails is run again for the same event, after a growing pause."
    )]
    Events {
        #[command(flatten)]
        agent: Remote,
        /// Go on with new ones as they come, also when the agent restarts
        #[arg(long)]
        follow: bool,
        /// Print them as they are kept, one JSON object a line
        #[arg(long)]
        json: bool,
        /// Only from this time on: RFC 3339, or a duration back such as 10m
        #[arg(long, value_name = "TIME")]
        since: Option<Since>,
        /// Go on after the event whose number is in this file, and keep it there
        #[arg(long, value_name = "FILE")]
        cursor: Option<PathBuf>,
        /// Instead of printing, run this by `sh -c` for each, with the event's JSON on standard input
        #[arg(long, value_name = "CMD", conflicts_with = "json")]
        exec: Option<String>,
    },
    /// Say why an event happened, what spoke for it, and what to do
    #[command(
        after_help = "Examples:\n  heartbeat explain                      the newest event that has a cause\n  heartbeat explain 1207                 the one with this number\n  heartbeat explain --peer node-c --network private --at 10m"
    )]
    Explain {
        #[command(flatten)]
        agent: Remote,
        /// The event's number
        #[arg(value_name = "SEQ", conflicts_with_all = ["peer", "network", "at"])]
        seq: Option<u64>,
        /// The newest about this peer
        #[arg(long, value_name = "NAME")]
        peer: Option<String>,
        /// The newest on this network, by its label or the label's first word
        #[arg(long, value_name = "NETWORK")]
        network: Option<String>,
        /// The newest until this time: RFC 3339, or a duration back such as 10m
        #[arg(long, value_name = "TIME")]
        at: Option<Since>,
    },
    /// Look for known causes of missed heartbeats on this host (exit status 1: something is suspicious)
    #[command(
        after_help = "Examples:\n  sudo heartbeat diagnose\n  sudo heartbeat diagnose --peer node-b --network private\n  sudo heartbeat diagnose --json | jq '.findings[] | select(.verdict == \"suspicious\")'\n\nIt looks twice, a second apart, and judges what changed; !! explains a loss by itself, ! is worth\na look, ? could not be read. Without root some things can't be read, which is said."
    )]
    Diagnose {
        #[command(flatten)]
        local: Local,
        /// The agent's control socket; without it, the configured one
        #[arg(long)]
        socket: Option<PathBuf>,
        /// What may explain losses of this node alone; asks it for its settings
        #[arg(long, value_name = "NAME")]
        peer: Option<String>,
        /// What may explain losses on this network alone; asks all peers on it for their settings
        #[arg(long, value_name = "NAME")]
        network: Option<String>,
        /// Print findings and facts as one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Send what standard input holds, at most 64 KiB, to a node (exit status 4: not delivered)
    #[command(
        after_help = "Examples:\n  echo \"backup is done\" | sudo heartbeat send --to node-b\n  sudo heartbeat send --to node-b < report.json\n\nIt goes over the best network that works, and over another if that fails meanwhile. Done means\nthat the agent of the node has it and keeps it for whoever receives there."
    )]
    Send {
        #[command(flatten)]
        agent: Remote,
        /// The node's name
        #[arg(long, value_name = "NODE")]
        to: String,
    },
    /// Print the messages that came for this node, and those to come
    #[command(
        after_help = "Examples:\n  heartbeat receive\n  heartbeat receive --count 1 --json | jq -r .body\n\nWhat nobody has received yet comes first: the agent keeps 256 messages, or 4 MiB. Everybody who\nreceives when a message comes gets it. With --json the bytes are in \"body\" where they are\ntext, and in \"base64\" where they are not."
    )]
    Receive {
        #[command(flatten)]
        agent: Remote,
        /// End after so many
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
        count: Option<u64>,
        /// Print one JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Have the agent read its configuration again, and print what changes
    #[command(
        after_help = "Example:\n  heartbeat check && sudo heartbeat reload\n\nA file with a mistake changes nothing."
    )]
    Reload(Remote),
    /// Have the agent say farewell to its peers and end: they do not miss it
    #[command(
        after_help = "Example:\n  sudo heartbeat leave\n\nFor a restart, stop the agent by its service instead: peers then wait for it to come back."
    )]
    Leave(Remote),
    /// Mark events as expected while somebody works on the cluster
    #[command(subcommand)]
    Maintenance(MaintenanceVerb),
    /// Judge a recording again, and print its events
    #[command(
        after_help = "Example:\n  heartbeat replay /var/tmp/node-a.recording --json\n\nAn agent records all that its verdicts follow from where its configuration says\n`[agent] record = \"/var/tmp/node-a.recording\"`. Events are counted from the recording's beginning.\nExit status 1: the recording does not go as far as its agent did."
    )]
    Replay {
        /// The recording
        file: PathBuf,
        /// Print the events as they are kept, one JSON object a line
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

/// `heartbeat maintenance`.
#[derive(Subcommand)]
pub enum MaintenanceVerb {
    /// Begin: events say so, and what is lost meanwhile is not degraded
    #[command(
        after_help = "Example:\n  sudo heartbeat maintenance on --for 2h --why \"new switch\" --network private"
    )]
    On {
        #[command(flatten)]
        agent: Remote,
        #[command(flatten)]
        scope: Scope,
        /// When it ends by itself: 1s to 30d, such as 2h
        #[arg(long = "for", value_name = "DURATION")]
        lasting: Lasting,
        /// The reason, for those who wonder
        #[arg(long, value_name = "TEXT")]
        why: String,
    },
    /// End it before its time
    #[command(after_help = "Example:\n  sudo heartbeat maintenance off --network private")]
    Off {
        #[command(flatten)]
        agent: Remote,
        #[command(flatten)]
        scope: Scope,
    },
    /// Print what is under maintenance, until when and why
    #[command(after_help = "Example:\n  heartbeat maintenance show")]
    Show(Remote),
}

/// `heartbeat key`.
#[derive(Subcommand)]
pub enum KeyVerb {
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
pub struct Local {
    /// The cluster's configuration
    #[arg(long, default_value = config::DEFAULT_FILE)]
    pub config: PathBuf,
    /// The node to be; without it, the one that owns this host's addresses
    #[arg(long)]
    pub node: Option<String>,
}

/// What commands that talk to an agent take.
#[derive(clap::Args)]
pub struct Remote {
    /// The agent's control socket
    #[arg(long, default_value = config::DEFAULT_SOCKET)]
    pub socket: PathBuf,
}

/// Which paths a maintenance covers; all, where nothing is said.
#[derive(clap::Args)]
pub struct Scope {
    /// Only paths to this node
    #[arg(long, value_name = "NAME")]
    peer: Option<String>,
    /// Only paths on this network
    #[arg(long, value_name = "NAME")]
    network: Option<String>,
}

impl From<Scope> for request::Scope {
    fn from(scope: Scope) -> Self {
        request::Scope {
            peer: scope.peer,
            network: scope.network,
        }
    }
}
