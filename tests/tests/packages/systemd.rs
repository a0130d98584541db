//! Two hosts that a real systemd runs, and what their operator does by hand.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, anyhow, ensure};
use heartbeat_tests::hosts::debian::{self, Kind};
use heartbeat_tests::hosts::{self, Host, Services};
use heartbeat_tests::lab::cast::{A, B};
use heartbeat_tests::lab::{Lab, binary, configuration, wait};

use super::plan;

/// What may pass until something happens on a busy machine; a unit that fails is started again after two seconds.
pub const LIMIT: Duration = Duration::from_secs(20);
const INTERVAL: Duration = Duration::from_millis(200);

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
        let journals = hosts.both().map(Host::log).concat();
        anyhow!("{error:#}\n{journals}")
    })
}

impl Hosts {
    fn new() -> Result<Self> {
        let debian = debian::fetched(Path::new(env!("CARGO_TARGET_TMPDIR")), Kind::Systemd)?;
        let lab = Lab::build(plan().timing(INTERVAL, 3))?;
        let folder = lab.name().directory().join("operator");
        fs::create_dir(&folder)?;
        let started = hosts::start(&lab, &[A, B], &folder, Services::Systemd(&debian))?;
        let [a, b] = <[Host; 2]>::try_from(started).expect("a host for each of two nodes");
        let hosts = Hosts { a, b, folder, lab };
        hosts.write_files()?;
        Ok(hosts)
    }

    pub fn both(&self) -> [&Host; 2] {
        [&self.a, &self.b]
    }

    /// Brings both a configuration, and a key that only root may read.
    fn configure(&self) -> Result<()> {
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
        let text = configuration::of_hosts(self.lab.plan(), "installed", &[A, B]);
        let file = |name: &str| self.folder.join(name);
        fs::write(file("cluster.toml"), text)?;
        let key = debian::done(Command::new(binary::find()?).args(["key", "generate"]))?;
        fs::write(file("cluster.key"), key)?;
        Ok(())
    }

    /// Has both install the package and run it.
    pub fn run(&self, package: &Path) -> Result<()> {
        for host in self.both() {
            install(host, package)?;
            host.said("systemctl --quiet is-enabled heartbeat-ebpf")?;
        }
        self.configure()?;
        for host in self.both() {
            host.said("systemctl start heartbeat-ebpf")?;
        }
        self.wait_up()
    }

    /// Waits until each hears the other.
    pub fn wait_up(&self) -> Result<()> {
        for host in self.both() {
            wait::until("a path to come up", LIMIT, || {
                // An agent that is being started does not answer yet.
                let status = host.status().unwrap_or_default();
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

/// Copies a package to the host and has its package manager install it.
pub fn install(host: &Host, package: &Path) -> Result<()> {
    host.put(package, "/root/heartbeat-ebpf.deb")?;
    let said =
        host.said("DEBIAN_FRONTEND=noninteractive dpkg --install /root/heartbeat-ebpf.deb")?;
    ensure!(said.contains("Setting up heartbeat-ebpf"), "{said}");
    Ok(())
}
