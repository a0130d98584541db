//! A Debian of its own, below a folder.
//!
//! debootstrap fetches one, once; each test works on a copy. No service manager runs in it, so what the unit says is
//! done here: the user, the capabilities, the file systems that it sees, and the command line of ExecStart. The key, the
//! state and the pins are those of the lab, which a node finds where the lab put them.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use heartbeat_tests::hosts::debian::{self, done};
use heartbeat_tests::lab::Lab;
use heartbeat_tests::lab::plan::Node;

use super::share;

const UNIT: &str = "/usr/lib/systemd/system/heartbeat-ebpf.service";

/// The copy; it goes with the value.
pub struct Root(PathBuf);

impl Root {
    /// Copies the Debian that was fetched, or fetches it.
    pub fn make() -> Result<Self> {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let fetched = debian::fetched(folder, debian::Kind::Bare)?;
        let copy = folder.join(format!("debian-{}", std::process::id()));
        done(Command::new("cp").arg("-a").arg(&fetched).arg(&copy))?;
        let root = Root(copy);
        let policy = root.path("usr/sbin/policy-rc.d");
        fs::write(&policy, "#!/bin/sh\nexit 101\n")?;
        fs::set_permissions(&policy, Permissions::from_mode(0o755))?;
        Ok(root)
    }

    /// Something in it.
    pub fn path(&self, place: &str) -> PathBuf {
        self.0.join(place.trim_start_matches('/'))
    }

    /// Runs a command in it, with the network and the mounts of this process.
    pub fn run(&self, arguments: &[&str]) -> Result<String> {
        done(Command::new("chroot").arg(&self.0).args(arguments))
    }

    /// Runs a command in it as a node of the lab would: with its network, its configuration and its pins.
    pub fn run_as(&self, lab: &Lab, node: Node, arguments: &[&str]) -> Result<String> {
        let script = self.entrance(lab, node, "exec chroot \"$ROOT\" \"$@\"")?;
        done(lab.node(node).command(script)?.args(arguments))
    }

    /// A program that is the agent of a node, started as its unit says.
    pub fn agent(&self, lab: &Lab, node: Node) -> Result<PathBuf> {
        let unit = fs::read_to_string(self.path(UNIT)).context("read the installed unit")?;
        let value = |key: &str| -> Result<String> {
            let value = unit
                .lines()
                .find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
            Ok(value
                .with_context(|| format!("the unit has no {key}"))?
                .to_owned())
        };
        let capabilities: Vec<String> = value("AmbientCapabilities")?
            .split(' ')
            .map(|name| format!("+{}", name.trim_start_matches("CAP_").to_lowercase()))
            .collect();
        let capabilities = format!("-all,{}", capabilities.join(","));
        ensure!(
            value("LimitMEMLOCK")? == "infinity",
            "the unit limits memory"
        );
        self.entrance(
            lab,
            node,
            &format!(
                "exec chroot \"$ROOT\" setpriv --reuid {} --regid {} --clear-groups --no-new-privs \
                 --inh-caps={capabilities} --ambient-caps={capabilities} --bounding-set={capabilities} {}",
                value("User")?,
                value("Group")?,
                value("ExecStart")?,
            ),
        )
    }

    /// Gives the lab's files to the user of the agent, as the unit's directories are.
    pub fn give_lab(&self, lab: &Lab) -> Result<()> {
        let user = self.run(&["id", "-u", "heartbeat-ebpf"])?;
        let pins = lab.name().pins();
        fs::create_dir_all(&pins)?;
        fs::set_permissions(&pins, Permissions::from_mode(0o700))?;
        for folder in [lab.name().directory(), pins] {
            done(
                Command::new("chown")
                    .arg("-R")
                    .arg(user.trim())
                    .arg(&folder),
            )?;
        }
        Ok(())
    }

    /// A script that ends with this line in a mount namespace of its own.
    fn entrance(&self, lab: &Lab, node: Node, last: &str) -> Result<PathBuf> {
        let folder = lab.name().directory();
        let inner = format!(
            "set -e\nROOT={root}\n\
             mkdir -p \"$ROOT{lab}\"\nmount --bind {lab} \"$ROOT{lab}\"\n\
             mount -t proc proc \"$ROOT/proc\"\nmount -t sysfs sysfs \"$ROOT/sys\"\n\
             mount -t tmpfs -o mode=755 tmpfs \"$ROOT/sys/fs/bpf\"\n\
             mkdir \"$ROOT{pins}\"\nmount --bind {pins} \"$ROOT{pins}\"\n\
             mount -t tmpfs -o mode=755 tmpfs \"$ROOT/run\"\nmkdir \"$ROOT/run/heartbeat-ebpf\"\n\
             ln -s {socket} \"$ROOT/run/heartbeat-ebpf/heartbeat.sock\"\n\
             touch \"$ROOT/etc/heartbeat-ebpf/cluster.toml\"\n\
             mount --bind {configuration} \"$ROOT/etc/heartbeat-ebpf/cluster.toml\"\n{last}\n",
            root = self.0.display(),
            lab = folder.display(),
            pins = lab.name().pins().display(),
            socket = lab.files().socket(node).display(),
            configuration = lab.files().configuration(node).display(),
        );
        let kind = if last.contains("setpriv") {
            "agent"
        } else {
            "command"
        };
        let body = folder.join(format!("{node}-{kind}.sh"));
        fs::write(&body, inner)?;
        let script = folder.join(format!("{node}-{kind}"));
        fs::write(
            &script,
            format!(
                "#!/bin/sh\nexec unshare --mount --propagation private sh {} \"$@\"\n",
                body.display()
            ),
        )?;
        fs::set_permissions(&script, Permissions::from_mode(0o755))?;
        Ok(script)
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        // Nothing is mounted below it but in namespaces that are gone.
        let _ = Command::new("rm")
            .args(["-rf", "--one-file-system"])
            .arg(&self.0)
            .status();
    }
}

/// Builds the Debian package with this revision, of the agent that is tested.
pub fn package(revision: u32) -> Result<PathBuf> {
    built(revision, ".deb")
}

/// Builds all packages with this revision, of the agent that is tested; the one whose name ends so.
pub fn built(revision: u32, ending: &str) -> Result<PathBuf> {
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("dist");
    let mut dist = Command::new(env!("CARGO"));
    dist.current_dir(share("../.."))
        .args([
            "run",
            "--quiet",
            "--package",
            "xtask",
            "--",
            "dist",
            "--profile",
            "dev",
        ])
        .args(["--revision", &revision.to_string(), "--out"]);
    let told = done(dist.arg(&out))?;
    let file = told.lines().find(|line| line.ends_with(ending));
    let file = file.with_context(|| format!("no {ending} was made"))?;
    Ok(PathBuf::from(file))
}
