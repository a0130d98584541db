//! Two hosts that a real systemd runs, and what their operator does by hand.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use heartbeat_tests::hosts::debian::{self, Kind};
use heartbeat_tests::hosts::{Host, Services, new_key};
use heartbeat_tests::lab::cast::{A, B, PRIVATE};
use heartbeat_tests::lab::{Lab, binary, wait};
use serde_json::Value;

use super::plan;

/// What may pass until something happens on a busy machine; a unit that fails is started again after two seconds.
pub const LIMIT: Duration = Duration::from_secs(20);

/// The hosts of node-a and node-b.
pub struct Hosts {
    pub a: Host,
    pub b: Host,
    lab: Lab,
    folder: PathBuf,
}

/// Tells a story with two hosts that know nothing of the product. If it fails, their journals are told too.
pub fn on_hosts(story: impl FnOnce(&Hosts) -> Result<()>) -> Result<()> {
    let hosts = Hosts::new()?;
    story(&hosts).map_err(|error| {
        let journal = |host: &Host| {
            host.said("journalctl --no-pager --lines=30 --unit=heartbeat*")
                .unwrap_or_default()
        };
        let journals = [&hosts.a, &hosts.b].map(journal).join("\n");
        anyhow!("{error:#}\n{journals}")
    })
}

impl Hosts {
    fn new() -> Result<Self> {
        let debian = debian::fetched(Path::new(env!("CARGO_TARGET_TMPDIR")), Kind::Systemd)?;
        let lab = Lab::build(plan())?;
        let folder = lab.name().directory().join("operator");
        fs::create_dir(&folder)?;
        let login = folder.join("login");
        new_key(&login)?;
        let public = login.with_extension("pub");
        let start = |node| Host::start(&lab, node, &public, Services::Systemd(&debian));
        let hosts = Hosts {
            a: start(A)?,
            b: start(B)?,
            folder,
            lab,
        };
        hosts.write_files()?;
        Ok(hosts)
    }

    pub fn both(&self) -> [&Host; 2] {
        [&self.a, &self.b]
    }

    /// Brings both a configuration, and a key that only root may read.
    pub fn configure(&self) -> Result<()> {
        for host in self.both() {
            self.put(host, "cluster.toml", "/etc/heartbeat-ebpf")?;
            self.put(host, "cluster.key", "/etc/heartbeat-ebpf")?;
            host.said("cd /etc/heartbeat-ebpf && chmod 644 cluster.toml && chmod 600 cluster.key")?;
        }
        Ok(())
    }

    /// Copies a file of the cluster into a folder of the host.
    pub fn put(&self, host: &Host, name: &str, folder: &str) -> Result<()> {
        host.put(&self.folder.join(name), &format!("{folder}/{name}"))
    }

    /// Makes `cluster.toml` and `cluster.key`.
    fn write_files(&self) -> Result<()> {
        let plan = self.lab.plan();
        let mut text = format!(
            "[cluster]\nname = \"installed\"\ninterval = \"200ms\"\nlost_after = 3\n\
             [networks.private]\nid = 1\nsubnet = \"{}\"\nrole = \"mixed\"\n",
            plan.subnet(PRIVATE)
        );
        for node in [A, B] {
            let address = plan.address(node, PRIVATE);
            text += &format!(
                "[nodes.{node}]\nid = {}\naddresses = {{ private = \"{address}\" }}\n",
                node.id()
            );
        }
        let file = |name: &str| self.folder.join(name);
        fs::write(file("cluster.toml"), text)?;
        let key = debian::done(Command::new(binary::find()?).args(["key", "generate"]))?;
        fs::write(file("cluster.key"), key)?;
        Ok(())
    }

    /// Waits until each hears the other.
    pub fn wait_up(&self) -> Result<()> {
        for host in self.both() {
            wait::until("a path to come up", LIMIT, || {
                let said = host.run("heartbeat status --json")?.stdout;
                let status = serde_json::from_slice::<Value>(&said).unwrap_or_default();
                Ok((status["paths"][0]["state"] == "up").then_some(()))
            })?;
        }
        Ok(())
    }
}

/// A property of the agent's unit.
pub fn property(host: &Host, name: &str) -> Result<String> {
    let said = host.said(&format!(
        "systemctl show --property={name} --value heartbeat-ebpf"
    ))?;
    Ok(said.trim().to_owned())
}

/// Waits until a property has this value.
pub fn wait_for(host: &Host, name: &str, value: &str) -> Result<()> {
    wait::until(&format!("{name} to be {value}"), LIMIT, || {
        Ok((property(host, name)? == value).then_some(()))
    })
}

/// How many events of this number the host's agent has told of.
pub fn count(host: &Host, id: u32) -> Result<usize> {
    let said = host.said("heartbeat events --json")?;
    let events = said.lines().map(serde_json::from_str::<Value>);
    let events = events.collect::<Result<Vec<_>, _>>();
    let events = events.context("understand events")?;
    Ok(events.iter().filter(|event| event["id"] == id).count())
}

/// Copies a package to the host and has its package manager install it.
pub fn install(host: &Host, package: &Path) -> Result<()> {
    host.put(package, "/root/heartbeat-ebpf.deb")?;
    let said =
        host.said("DEBIAN_FRONTEND=noninteractive dpkg --install /root/heartbeat-ebpf.deb")?;
    ensure!(said.contains("Setting up heartbeat-ebpf"), "{said}");
    Ok(())
}
