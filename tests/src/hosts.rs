//! Hosts that one logs in to: nodes of a lab with a root, processes and an ssh server of their own.
//!
//! What deploys changes files under /usr/sbin and /etc, starts services and looks for processes by their files. On
//! one machine all that would meet, and would change the machine that tests. So a host is more than a network
//! namespace: it sees this machine's files through an overlay and keeps what it writes to itself, has a /proc of its
//! own processes and a BPF file system of its own, and runs a real sshd. It needs no systemd, which wants a whole
//! machine: its services are init scripts.

use std::env;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::lab::plan::Node;
use crate::lab::requirements::is_installed;
use crate::lab::{Lab, wait};

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
const ROOT: &str = include_str!("hosts/root.sh");
/// Programs that hosts and operators need beside those of a lab.
const PROGRAMS: [&str; 5] = ["ssh", "ssh-keygen", "unshare", "nsenter", "dpkg-deb"];

/// What is missing for hosts: one sentence, or nothing.
pub fn missing() -> Option<String> {
    let lacking = PROGRAMS.iter().find(|program| !is_installed(program));
    if let Some(program) = lacking {
        return Some(format!("the program {program} is not installed"));
    }
    packages().is_none().then(|| {
        "Debian's openssh-server was not fetched for hosts; `cargo xtask test` does that".to_owned()
    })
}

/// Where packages lie that hosts unpack.
fn packages() -> Option<PathBuf> {
    let running = env::current_exe().ok()?;
    let places = running
        .ancestors()
        .map(|place| place.join("tools/packages"));
    let full = |place: &PathBuf| place.join("openssh-server.deb").is_file();
    places.take(5).find(full)
}

impl Host {
    /// Starts the node's host. Whoever has the key `login` (a public one) may log in as root, `ops` or `guest`.
    pub fn start(lab: &Lab, node: Node, login: &Path) -> Result<Self> {
        let folder = lab.name().directory().join(format!("host-{node}"));
        let (scratch, keys) = (folder.join("scratch"), folder.join("keys"));
        for folder in [&scratch, &keys] {
            fs::create_dir_all(folder).with_context(|| format!("create {}", folder.display()))?;
        }
        new_key(&keys.join("host_key"))?;
        fs::copy(login, keys.join("authorized_keys")).context("copy the operator's key")?;
        let packages = packages().context("no packages for hosts")?;
        let log = File::create(folder.join("log")).context("make the host's log")?;
        let mut command = lab.node(node).command("unshare")?;
        command
            .args(["--mount", "--pid", "--fork", "--uts", "--ipc"])
            .args(["--propagation", "private", "sh", "-c", ROOT])
            .env("scratch", &scratch)
            .env("packages", packages)
            .env("keys", &keys)
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
            Ok(first_child(child.id()))
        })?;
        let host = Host { node, child, init };
        wait::until("a host's ssh server", START_LIMIT, || {
            let listens = host.run("grep -q ':0016 .* 0A ' /proc/net/tcp");
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
            "--mount", "--pid", "--net", "--uts", "--ipc", "--root", "--wd",
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

    /// The process of its agent, as the host numbers it; empty where none runs.
    pub fn agent(&self) -> Result<String> {
        let output = self.run("pidof -x heartbeat")?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Files of the product that the host has, and folders of somebody who deploys.
    pub fn traces(&self) -> Result<String> {
        self.said(
            "ls -d /usr/sbin/heartbeat /etc/heartbeat-ebpf /etc/init.d/heartbeat-ebpf /var/lib/heartbeat-ebpf \
             /var/tmp/heartbeat-deploy.* 2>/dev/null || true",
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
pub fn new_key(path: &Path) -> Result<()> {
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

fn first_child(pid: u32) -> Option<u32> {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).ok()?;
    children.split_whitespace().next()?.parse().ok()
}
