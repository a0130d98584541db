//! Hosts that one logs in to: nodes of a lab with a root, processes and an ssh server of their own.
//!
//! What deploys changes files under /usr/sbin and /etc, starts services and looks for processes by their files. On
//! one machine all that would meet, and would change the machine that tests. So a host is more than a network
//! namespace: it sees this machine's files through an overlay and keeps what it writes to itself, has a /proc of its
//! own processes and a BPF file system of its own, and runs a real sshd. Its services are init scripts, which start at
//! once; or it is a Debian of its own that a real systemd runs, which takes fetching.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::lab::fault::at_once;
use crate::lab::plan::Node;
use crate::lab::requirements::is_installed;
use crate::lab::{Lab, wait};

pub use services::Services;

pub mod debian;
mod services;

/// One host, which ends with this value.
#[derive(Debug)]
pub struct Host {
    /// Which node it is.
    pub node: Node,
    child: Child,
    /// Its first process, as this machine numbers it.
    init: u32,
}

/// How long a host may take until it can be logged in to.
const START_LIMIT: Duration = Duration::from_secs(30);
/// How long a process may take to end when its host does.
const END_LIMIT: Duration = Duration::from_secs(10);
const SSHD: &str = include_str!("hosts/sshd_config");
/// Whether a host is up and its ssh server listens.
const READY: &str = "grep -q ':0016 .* 0A ' /proc/net/tcp && { [ ! -e /run/systemd/system ] || systemctl --quiet is-system-running; }";
/// Programs that hosts and operators need beside those of a lab.
const PROGRAMS: [&str; 5] = ["ssh", "ssh-keygen", "unshare", "nsenter", "dpkg-deb"];

/// What is missing for hosts: one sentence, or nothing.
pub fn missing() -> Option<String> {
    let lacking = PROGRAMS.iter().find(|program| !is_installed(program));
    if let Some(program) = lacking {
        return Some(format!("the program {program} is not installed"));
    }
    services::packages().is_none().then(|| {
        "Debian's openssh-server was not fetched for hosts; `cargo xtask test` does that".to_owned()
    })
}

/// Starts the hosts of these nodes. The key `login`, which is made in the folder, opens them.
pub fn start(
    lab: &Lab,
    nodes: &[Node],
    folder: &Path,
    services: Services<'_>,
) -> Result<Vec<Host>> {
    let login = folder.join("login");
    new_key(&login)?;
    let login = login.with_extension("pub");
    at_once(nodes.iter().copied(), |node| {
        Host::start(lab, node, &login, services)
    })
}

impl Host {
    /// Starts the node's host. Whoever has the key `login` (a public one) may log in as root; as `ops` or `guest` too
    /// where services are scripts.
    fn start(lab: &Lab, node: Node, login: &Path, services: Services<'_>) -> Result<Self> {
        let folder = lab.name().directory().join(format!("host-{node}"));
        let (scratch, ssh) = (folder.join("scratch"), folder.join("ssh"));
        for folder in [&scratch, &ssh] {
            fs::create_dir_all(folder).with_context(|| format!("create {}", folder.display()))?;
        }
        new_key(&ssh.join("host_key"))?;
        fs::copy(login, ssh.join("authorized_keys")).context("copy the operator's key")?;
        fs::write(ssh.join("sshd_config"), SSHD).context("configure an ssh server")?;
        let log = File::create(folder.join("log")).context("make the host's log")?;
        let mut command = services.command(lab, node)?;
        command
            .env("scratch", &scratch)
            .env("ssh", &ssh)
            .env("name", node.to_string())
            .stdin(Stdio::piped())
            .stdout(log.try_clone().context("duplicate a log's descriptor")?)
            .stderr(log);
        let mut child = command.spawn().context("start a host")?;
        let init = wait::until("a host's first process", START_LIMIT, || {
            if let Some(status) = child.try_wait()? {
                let said = fs::read_to_string(folder.join("log")).unwrap_or_default();
                anyhow::bail!("the host of {node} ended with {status}: {said}");
            }
            Ok(services.first_process(child.id()))
        })?;
        let host = Host { node, child, init };
        wait::until("a host's ssh server", START_LIMIT, || {
            let listens = host.run(READY);
            Ok(listens.ok().filter(|listens| listens.status.success()))
        })
        .with_context(|| fs::read_to_string(folder.join("log")).unwrap_or_default())?;
        Ok(host)
    }

    /// Runs a script on the host, as its root and without ssh.
    pub fn run(&self, script: &str) -> Result<Output> {
        let mut enter = Command::new("nsenter");
        enter.arg("--target").arg(self.init.to_string());
        enter.args([
            "--mount", "--pid", "--net", "--uts", "--ipc", "--cgroup", "--root", "--wd",
        ]);
        enter.args(["sh", "-c", script]).stdin(Stdio::null());
        enter.output().context("run a script on a host")
    }

    /// What a script prints that has to go well.
    pub fn said(&self, script: &str) -> Result<String> {
        let output = self.run(script)?;
        ensure!(
            output.status.success(),
            "on {}: {script}: {}",
            self.node,
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Copies a file of this machine to the host.
    pub fn put(&self, file: &Path, place: &str) -> Result<()> {
        let there = PathBuf::from(format!("/proc/{}/root{place}", self.init));
        fs::copy(file, &there)
            .with_context(|| format!("copy {} to {}", file.display(), there.display()))
            .map(drop)
    }

    /// The process of its agent, as the host numbers it; empty where none runs.
    pub fn agent(&self) -> Result<String> {
        let output = self.run("pidof -x heartbeat")?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// What its agent says.
    pub fn status(&self) -> Result<Value> {
        let said = self.said("heartbeat status --json || [ $? = 1 ]")?;
        serde_json::from_str(&said).context("understand a status")
    }

    /// How many events of this number it has kept.
    pub fn count(&self, id: u32) -> Result<usize> {
        let said = self.said("heartbeat events --json")?;
        let events = said.lines().map(serde_json::from_str::<Value>);
        let events = events.collect::<Result<Vec<_>, _>>();
        let events = events.context("understand events")?;
        Ok(events.iter().filter(|event| event["id"] == id).count())
    }

    /// What its agent, and what runs it, said last.
    pub fn log(&self) -> String {
        let said = self.said(
            "if [ -d /run/systemd/system ]; then journalctl --no-pager --lines=30; \
             else tail -n 20 /var/log/heartbeat-ebpf.log 2>&1 || true; fi",
        );
        format!("{}:\n{}", self.node, said.unwrap_or_default())
    }

    /// Files of the product that the host has, and folders of somebody who deploys.
    pub fn traces(&self) -> Result<String> {
        self.said(
            "ls -d /usr/sbin/heartbeat /etc/heartbeat-ebpf /etc/init.d/heartbeat-ebpf \
             /etc/systemd/system/heartbeat-ebpf* /var/lib/heartbeat-ebpf /var/tmp/heartbeat-deploy.* 2>/dev/null || true",
        )
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // Its first process reads until here, and takes all others with it.
        drop(self.child.stdin.take());
        let ended = wait::until("the end of a host", END_LIMIT, || {
            Ok(self.child.try_wait()?)
        });
        if ended.is_err() {
            // Both fail only for a process that has already ended and been waited for.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Makes a key for ssh, beside which the public one lies.
fn new_key(path: &Path) -> Result<()> {
    let mut make = Command::new("ssh-keygen");
    make.args(["-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f"])
        .arg(path);
    let output = make.output().context("run ssh-keygen")?;
    ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let private = Permissions::from_mode(0o600);
    fs::set_permissions(path, private).with_context(|| format!("close {}", path.display()))
}
