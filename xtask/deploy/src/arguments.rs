//! The command line.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Parser;

use crate::shell;

/// Brings the agent to every host of a cluster over ssh, one node at a time
#[derive(Parser, Clone, Debug)]
#[command(
    name = "cargo xtask deploy",
    bin_name = "cargo xtask deploy",
    override_usage = "cargo xtask deploy [OPTIONS] --config <FILE>",
    max_term_width = 100,
    after_help = "Examples:\n  cargo xtask deploy --config cluster.toml --dry-run\n  cargo xtask deploy --config cluster.toml --hosts node-a=ops@10.0.0.1,node-b=ops@10.0.0.2\n  cargo xtask deploy --config cluster.toml --rotate-key\n  cargo xtask deploy --config cluster.toml --rollback\n\nEvery host is checked before the first is touched. A second run changes nothing."
)]
pub struct Arguments {
    /// The cluster's configuration, the same for every node
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// Where ssh reaches nodes that it does not know by their names
    #[arg(long, value_name = "NODE=DESTINATION", value_delimiter = ',')]
    pub hosts: Vec<String>,
    /// Change these nodes alone
    #[arg(long, value_name = "NODE", value_delimiter = ',')]
    pub only: Vec<String>,
    /// The cluster's key, made if there is none [default: cluster.key beside the configuration]
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// What to write Prometheus' targets into [default: heartbeat-CLUSTER.json beside the configuration]
    #[arg(long, value_name = "FILE")]
    pub targets: Option<PathBuf>,
    /// Another file than ~/.ssh/config
    #[arg(long, value_name = "FILE")]
    pub ssh_config: Option<PathBuf>,
    /// Log in as this user; one who is not root needs sudo without a password
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    /// Check the hosts and show the plan, and change nothing
    #[arg(long, conflicts_with_all = ["rollback", "rotate_key"])]
    pub dry_run: bool,
    /// Put back what the last roll-out replaced, and remove what it added
    #[arg(long, conflicts_with = "rotate_key")]
    pub rollback: bool,
    /// Replace the cluster's key, in three roll-outs that lose no heartbeat; goes on where an earlier one stopped
    #[arg(long, conflicts_with = "only")]
    pub rotate_key: bool,
    /// Roll though paths are lost already; they are not waited for
    #[arg(long)]
    pub despite_losses: bool,
    /// How long a node may take until its paths are up on both sides, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub patience: u64,
    /// The agent to install
    #[arg(long, value_name = "FILE", hide = true)]
    pub binary: PathBuf,
}

impl Arguments {
    /// The operator's copy of the cluster's key.
    pub fn key_file(&self) -> PathBuf {
        let beside = || self.config.with_file_name("cluster.key");
        self.key.clone().unwrap_or_else(beside)
    }

    /// Where Prometheus' targets go.
    pub fn targets_file(&self, cluster: &str) -> PathBuf {
        let beside = || {
            self.config
                .with_file_name(format!("heartbeat-{cluster}.json"))
        };
        self.targets.clone().unwrap_or_else(beside)
    }

    /// How long a node may take until it is well.
    pub fn patience(&self) -> Duration {
        Duration::from_secs(self.patience)
    }

    /// The command that does something else to the same hosts.
    pub fn command(&self, verb: &str) -> String {
        let path = |path: &Path| path.as_os_str().to_owned();
        let mut words: Vec<OsString> = vec!["--config".into(), path(&self.config)];
        let mut add = |name: &str, value: Option<OsString>| {
            words.extend(
                value
                    .into_iter()
                    .flat_map(|value| [OsString::from(name), value]),
            );
        };
        let hosts = Some(self.hosts.join(",")).filter(|hosts| !hosts.is_empty());
        add("--hosts", hosts.map(OsString::from));
        add("--ssh-config", self.ssh_config.as_deref().map(path));
        add("--user", self.user.clone().map(OsString::from));
        words.extend((!verb.is_empty()).then(|| verb.into()));
        let words = words
            .iter()
            .map(|word| shell::quote(&word.to_string_lossy()));
        format!("cargo xtask deploy {}", words.collect::<Vec<_>>().join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_that_goes_back_reaches_the_same_hosts() {
        let arguments = Arguments::parse_from([
            "deploy",
            "--binary=heartbeat",
            "--config=my cluster.toml",
            "--hosts=node-a=ops@10.0.0.1,node-b=10.0.0.2",
            "--user=ops",
        ]);
        assert_eq!(
            arguments.command("--rollback"),
            "cargo xtask deploy --config 'my cluster.toml' --hosts node-a=ops@10.0.0.1,node-b=10.0.0.2 \
             --user ops --rollback"
        );
        assert_eq!(arguments.key_file(), PathBuf::from("cluster.key"));
    }
}
