//! Who deploys: files, a key to log in with, and a way to every host.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Output;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use heartbeat_tests::hosts::{self, Host, Services};
use heartbeat_tests::lab::cast::{A, B, C, D};
use heartbeat_tests::lab::event::{AGENT_RESTARTING, PATH_LOST};
use heartbeat_tests::lab::plan::{Network, Node, Plan};
use heartbeat_tests::lab::{Lab, binary, configuration, interrupt};
use serde_json::Value;

/// The nodes that are hosts; the fourth is the operator's.
pub const NODES: [Node; 3] = [A, B, C];

/// Hosts, and who deploys to them.
pub struct Operator {
    /// node-a, node-b and node-c.
    pub hosts: Vec<Host>,
    pub lab: Lab,
    pub folder: PathBuf,
    /// The agent that is deployed.
    pub binary: PathBuf,
}

/// Tells a story with three hosts that know nothing of the product. If it fails, the agents' logs are told too.
pub fn on_hosts(story: impl FnOnce(&mut Operator) -> Result<()>) -> Result<()> {
    on_hosts_of(Services::Scripts, story)
}

/// The same, with hosts that have their services run so.
pub fn on_hosts_of(
    services: Services<'_>,
    story: impl FnOnce(&mut Operator) -> Result<()>,
) -> Result<()> {
    let mut operator = Operator::new(services)?;
    story(&mut operator).map_err(|error| {
        let logs: String = operator.hosts.iter().map(Host::log).collect();
        anyhow!("{error:#}\n{logs}")
    })
}

impl Operator {
    fn new(services: Services<'_>) -> Result<Self> {
        let plan = Plan::nodes(4)
            .two_networks()
            .timing(Duration::from_millis(200), 3);
        let lab = Lab::build(plan)?;
        let folder = lab.name().directory().join("operator");
        fs::create_dir(&folder)?;
        let operator = Operator {
            hosts: hosts::start(&lab, &NODES, &folder, services)?,
            folder,
            binary: binary::find()?,
            lab,
        };
        operator.write_ssh_config()?;
        operator.write(&operator.configuration())?;
        Ok(operator)
    }

    /// ssh believes the hosts' keys, as it does after a first login.
    fn write_ssh_config(&self) -> Result<()> {
        let folder = self.folder.display();
        let text = format!(
            "User root\nIdentityFile {folder}/login\nIdentitiesOnly yes\nUserKnownHostsFile {folder}/known\n\
             StrictHostKeyChecking accept-new\nLogLevel ERROR\nKexAlgorithms curve25519-sha256\n"
        );
        Ok(fs::write(self.folder.join("ssh_config"), text)?)
    }

    /// The configuration of the three.
    pub fn configuration(&self) -> String {
        let text = configuration::of_hosts(self.lab.plan(), "deployed", &NODES);
        text + "[agent]\nmetrics = \"0.0.0.0:13343\"\n"
    }

    /// Replaces the operator's configuration.
    pub fn write(&self, configuration: &str) -> Result<()> {
        Ok(fs::write(self.folder.join("cluster.toml"), configuration)?)
    }

    /// Runs it from the operator's node.
    pub fn deploy(&self, arguments: &[&str]) -> Result<Output> {
        let mut deploy = self.lab.node(D).command(binary::find_deploy()?)?;
        deploy.arg("--binary").arg(&self.binary);
        deploy.arg("--config").arg(self.folder.join("cluster.toml"));
        deploy
            .arg("--ssh-config")
            .arg(self.folder.join("ssh_config"));
        let plan = self.lab.plan();
        let hosts = NODES.map(|node| format!("{node}={}", plan.address(node, Network(0))));
        deploy.args(["--hosts", &hosts.join(",")]).args(arguments);
        deploy.output().context("run deploy")
    }

    /// What it prints when all goes well.
    pub fn deployed(&self, arguments: &[&str]) -> Result<String> {
        let output = self.deploy(arguments)?;
        let said = text(&output);
        ensure!(output.status.success(), "deploy {arguments:?}: {said}");
        Ok(said)
    }

    /// What it prints when it refuses or stops.
    pub fn refused(&self, arguments: &[&str]) -> Result<String> {
        let output = self.deploy(arguments)?;
        let said = text(&output);
        ensure!(
            output.status.code() == Some(1),
            "deploy {arguments:?} went well: {said}"
        );
        Ok(said)
    }

    /// An agent that differs from the other one in its last byte alone.
    pub fn newer_binary(&self) -> Result<PathBuf> {
        let newer = self.folder.join("heartbeat");
        fs::copy(binary::find()?, &newer)?;
        OpenOptions::new()
            .append(true)
            .open(&newer)?
            .write_all(b"\n")?;
        Ok(newer)
    }

    /// The agents' processes, host by host.
    pub fn agents(&self) -> Result<Vec<String>> {
        self.hosts.iter().map(Host::agent).collect()
    }

    /// Errors where a host has any trace of the product or of a deployment.
    pub fn untouched(&self) -> Result<()> {
        for host in &self.hosts {
            let traces = host.traces()?;
            ensure!(traces.is_empty(), "{} was touched: {traces}", host.node);
            ensure!(host.agent()?.is_empty(), "{} runs an agent", host.node);
        }
        Ok(())
    }

    /// Errors unless both networks' paths to both peers are up everywhere, and have lost nothing.
    pub fn nothing_was_lost(&self) -> Result<()> {
        for host in &self.hosts {
            let status = host.status()?;
            let paths = status["paths"].as_array().context("a status has paths")?;
            let well = |path: &Value| path["state"] == "up" && path["lost_shown"] == 0;
            ensure!(
                paths.len() == 4 && paths.iter().all(well),
                "{}: {status:#}",
                host.node
            );
            ensure!(host.count(PATH_LOST)? == 0, "{} lost somebody", host.node);
        }
        Ok(())
    }

    /// Has another agent roll through the cluster, which is told of every restart and loses nothing by it.
    pub fn renew(&mut self) -> Result<()> {
        let first = self.agents()?;
        self.binary = self.newer_binary()?;
        let said = self.deployed(&[])?;
        ensure!(said.matches("restart the agent").count() == 6, "{said}");
        let second = self.agents()?;
        let same = first
            .iter()
            .zip(&second)
            .any(|(first, second)| first == second);
        ensure!(!same, "{first:?} {second:?}");
        interrupt::sleep(SYNCED)?;
        self.nothing_was_lost()?;
        for host in &self.hosts {
            let announced = host.count(AGENT_RESTARTING)?;
            ensure!(announced == 2, "{announced} restarts on {}", host.node);
        }
        Ok(())
    }

    /// Takes the first roll-out back: nothing runs, and what was installed is gone.
    pub fn take_back(&self, arguments: &[&str]) -> Result<()> {
        let installed = |host: &Host| {
            host.said(
                "ls -d /usr/sbin/heartbeat /etc/init.d/heartbeat-ebpf /etc/systemd/system/heartbeat-ebpf* \
                 /etc/systemd/system/*/heartbeat-ebpf* /etc/heartbeat-ebpf/* /sys/fs/bpf/*/*/*/* 2>/dev/null || true",
            )
        };
        for host in &self.hosts {
            let there = installed(host)?;
            ensure!(5 <= there.lines().count(), "{} has {there}", host.node);
        }
        let back = self.deployed(&[arguments, &["--rollback"]].concat())?;
        let gone = back.matches("everything is as it was").count();
        ensure!(gone == self.hosts.len(), "{back}");
        for host in &self.hosts {
            ensure!(host.agent()?.is_empty(), "an agent runs on {}", host.node);
            let left = installed(host)?;
            ensure!(left.is_empty(), "{} keeps {left}", host.node);
        }
        Ok(())
    }
}

/// All that a program printed.
pub fn text(output: &Output) -> String {
    let [out, err] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    format!("{out}{err}")
}

/// Has the story wait until what an agent tells is on its disk.
pub const SYNCED: Duration = Duration::from_millis(500);
/// What may pass until something happens on a busy machine.
pub const LIMIT: Duration = Duration::from_secs(15);
