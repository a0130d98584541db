//! What runs a host's services, and with it how a process becomes that host.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::lab::Lab;
use crate::lab::plan::Node;

const ROOT: &str = include_str!("root.sh");
const SYSTEMD: &str = include_str!("systemd.sh");

/// What runs a host's services.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Services<'a> {
    /// Init scripts.
    Scripts,
    /// systemd, of the Debian in this folder.
    Systemd(&'a Path),
}

impl Services<'_> {
    /// The command that becomes a host.
    pub fn command(self, lab: &Lab, node: Node) -> Result<Command> {
        match self {
            Services::Scripts => {
                let packages = packages().context("no packages for hosts")?;
                let mut command = lab.node(node).command("unshare")?;
                command
                    .args(["--mount", "--pid", "--fork", "--uts", "--ipc"])
                    .args(["--propagation", "private", "sh", "-c", ROOT])
                    .env("packages", packages);
                Ok(command)
            }
            Services::Systemd(debian) => {
                let mut command = lab.node(node).command("sh")?;
                command
                    .args(["-c", SYSTEMD])
                    .env("debian", debian)
                    .env("group", format!("{}-{node}", lab.name()));
                Ok(command)
            }
        }
    }

    /// The first process of the host that this process becomes, or has below it, once it is there.
    pub fn first_process(self, pid: u32) -> Option<u32> {
        match self {
            Services::Scripts => first_child(pid),
            Services::Systemd(_) => first_child(first_child(pid)?).filter(|init| {
                fs::read_to_string(format!("/proc/{init}/comm"))
                    .is_ok_and(|name| name == "systemd\n")
            }),
        }
    }
}

/// Where packages lie that hosts unpack.
pub fn packages() -> Option<PathBuf> {
    let running = env::current_exe().ok()?;
    let places = running
        .ancestors()
        .map(|place| place.join("tools/packages"));
    let full = |place: &PathBuf| place.join("openssh-server.deb").is_file();
    places.take(5).find(full)
}

fn first_child(pid: u32) -> Option<u32> {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).ok()?;
    children.split_whitespace().next()?.parse().ok()
}
