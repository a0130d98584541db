//! Who deploys: files, a key to log in with, and a way to every host.

use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Output;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use heartbeat_tests::hosts::{Host, Services, new_key};
use heartbeat_tests::lab::cast::{A, B, C, D};
use heartbeat_tests::lab::plan::{Network, Node, Plan};
use heartbeat_tests::lab::{Lab, binary};
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
    let log = match services {
        Services::Scripts => "tail -n 20 /var/log/heartbeat-ebpf.log 2>&1 || true",
        Services::Systemd(_) => "journalctl --no-pager --lines=20",
    };
    story(&mut operator).map_err(|error| {
        let logs = operator.hosts.iter().map(|host| {
            let log = host.said(log);
            format!("{}:\n{}", host.node, log.unwrap_or_default())
        });
        anyhow!("{error:#}\n{}", logs.collect::<String>())
    })
}

impl Operator {
    fn new(services: Services<'_>) -> Result<Self> {
        let plan = Plan::nodes(4).two_networks();
        let lab = Lab::build(plan)?;
        let folder = lab.name().directory().join("operator");
        fs::create_dir(&folder)?;
        let login = folder.join("login");
        new_key(&login)?;
        let public = login.with_extension("pub");
        let begun: Vec<Result<Host>> = thread::scope(|scope| {
            let start = |node| {
                let (lab, public) = (&lab, &public);
                scope.spawn(move || Host::start(lab, node, public, services))
            };
            let begun = NODES.map(start);
            begun
                .into_iter()
                .map(|host| host.join().expect("no panic"))
                .collect()
        });
        let operator = Operator {
            hosts: begun.into_iter().collect::<Result<_>>()?,
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
        let plan = self.lab.plan();
        let mut text = String::from(
            "[cluster]\nname = \"deployed\"\ninterval = \"200ms\"\nlost_after = 3\nmulticast = \"off\"\n",
        );
        for network in plan.all_networks() {
            let (key, id, subnet) = (plan.interface(network), network.0 + 1, plan.subnet(network));
            let label = plan.label(network);
            write!(text, "[networks.{key}]\nid = {id}\nlabel = \"{label}\"\nsubnet = \"{subnet}\"\nrole = \"mixed\"\n")
                .expect("a String takes whatever is written");
        }
        for node in NODES {
            let [private, public] =
                [Network(0), Network(1)].map(|network| plan.address(node, network));
            write!(
                text,
                "[nodes.{node}]\nid = {}\naddresses = {{ private = \"{private}\", public = \"{public}\" }}\n",
                node.id()
            )
            .expect("a String takes whatever is written");
        }
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

    /// What the agent of a host says.
    pub fn status(&self, host: &Host) -> Result<Value> {
        let said = host.said("heartbeat status --json || [ $? = 1 ]")?;
        serde_json::from_str(&said).context("understand a status")
    }

    /// Errors unless both networks' paths to both peers are up everywhere, and have lost nothing.
    pub fn nothing_was_lost(&self) -> Result<()> {
        for host in &self.hosts {
            let status = self.status(host)?;
            let paths = status["paths"].as_array().context("a status has paths")?;
            let well = |path: &Value| path["state"] == "up" && path["lost_shown"] == 0;
            ensure!(
                paths.len() == 4 && paths.iter().all(well),
                "{}: {status:#}",
                host.node
            );
            ensure!(self.count(host, 1123)? == 0, "{} lost somebody", host.node);
        }
        Ok(())
    }

    /// How many events of this number the host has kept.
    pub fn count(&self, host: &Host, id: u64) -> Result<usize> {
        let said = host.said("heartbeat events --json")?;
        let events = said.lines().map(serde_json::from_str::<Value>);
        let events = events.collect::<Result<Vec<_>, _>>()?;
        Ok(events.iter().filter(|event| event["id"] == id).count())
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
