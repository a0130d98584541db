//! Installs what a verb needs and this machine lacks.
//!
//! A stranger's first command must not end in "command not found", nor silently change the machine:
//! each thing is probed by what it does and not by who shipped it, and each installation is
//! announced in one line with its reason. Whoever is not root, has another distribution or no
//! network gets one sentence per missing thing, and the verb decides whether it can go on. A second
//! run finds everything and says so in one line.

mod apt;
mod catalogue;
mod promtool;
mod rust;

use std::fs;

use anyhow::{Context, Result, bail};

use crate::command;

pub use catalogue::{
    CLIPPY, FOR_CLUSTERS, FOR_EBPF, FOR_TESTS, FUZZER, LINTS, RUSTFMT, Remedy, Tool,
};

/// A tool that is missing, and why it was not installed.
#[derive(Debug)]
pub struct Lacking {
    /// What is missing.
    pub name: &'static str,
    /// Why, with what to do.
    pub reason: String,
}

/// Installs these tools; what can't be had comes back.
pub fn ensure(tools: &[Tool]) -> Vec<Lacking> {
    let missing: Vec<&Tool> = tools.iter().filter(|tool| !(tool.present)()).collect();
    if missing.is_empty() {
        println!("Everything that this needs is installed.");
        return Vec::new();
    }
    for tool in &missing {
        println!("missing: {}: {}", tool.name, tool.why);
    }
    let packages = packages(&missing);
    let from_packages = match packages.as_slice() {
        [] => Ok(()),
        packages => apt::install(packages),
    };
    let outcome = |tool: &&Tool| {
        let outcome = match (&tool.remedy, &from_packages) {
            (Remedy::Packages(_), Ok(())) => Ok(()),
            (Remedy::Packages(_), Err(error)) => Err(format!("{error:#}")),
            (remedy, _) => apply(remedy).map_err(|error| format!("{error:#}")),
        };
        let outcome = outcome.and_then(|()| match (tool.present)() {
            true => Ok(()),
            false => Err("it was installed and is still not found: look at PATH".to_owned()),
        });
        let reason = outcome.err()?;
        println!("without {}: {reason}", tool.name);
        Some(Lacking {
            name: tool.name,
            reason,
        })
    };
    missing.iter().filter_map(outcome).collect()
}

/// Installs these tools or fails with the first that can't be had.
pub fn require(tools: &[Tool]) -> Result<()> {
    match ensure(tools).into_iter().next() {
        None => Ok(()),
        Some(Lacking { name, reason }) => bail!("this needs {name}: {reason}"),
    }
}

/// The packages of all these tools, each once.
fn packages(tools: &[&Tool]) -> Vec<&'static str> {
    let mut packages: Vec<&str> = Vec::new();
    for tool in tools {
        let Remedy::Packages(names) = tool.remedy else {
            continue;
        };
        let new = names.iter().filter(|name| !packages.contains(name));
        packages.extend(new.copied().collect::<Vec<_>>());
    }
    packages
}

/// Everything but packages, which are installed together.
fn apply(remedy: &Remedy) -> Result<()> {
    match remedy {
        Remedy::Packages(names) => apt::install(names),
        Remedy::Crate { name, version } => rust::install_crate(name, version),
        Remedy::Component(name) => rust::add_component(name),
        Remedy::Promtool => promtool::install(),
        Remedy::Bpffs => mount_bpffs(),
    }
}

/// Whether a bpffs is mounted where the agent pins.
fn bpffs_is_mounted() -> bool {
    fs::read_to_string("/proc/mounts").is_ok_and(|mounts| lists_bpffs(&mounts))
}

/// The last mount on a directory is the one that is seen.
fn lists_bpffs(mounts: &str) -> bool {
    let fields = mounts
        .lines()
        .map(|line| line.split(' ').collect::<Vec<_>>());
    let mut on_top = fields.filter(|fields| fields.get(1) == Some(&"/sys/fs/bpf"));
    on_top
        .next_back()
        .is_some_and(|fields| fields.get(2) == Some(&"bpf"))
}

fn mount_bpffs() -> Result<()> {
    if !command::is_root() {
        bail!("as root: mount -t bpf bpf /sys/fs/bpf");
    }
    let mut mount = command::command("mount");
    mount.args(["-t", "bpf", "bpf", "/sys/fs/bpf"]);
    command::output(&mut mount)
        .context("this kernel offers no bpffs")
        .map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tool(remedy: Remedy) -> Tool {
        Tool {
            name: "x",
            why: "y",
            present: || false,
            remedy,
        }
    }

    #[test]
    fn a_package_wanted_twice_is_installed_once() {
        let one = tool(Remedy::Packages(&["iproute2", "nftables"]));
        let two = tool(Remedy::Packages(&["nftables", "rustc-web"]));
        let other = tool(Remedy::Bpffs);
        assert_eq!(
            packages(&[&one, &other, &two]),
            ["iproute2", "nftables", "rustc-web"]
        );
    }

    #[test]
    fn only_the_mount_on_top_counts() {
        let bpf = "sysfs /sys sysfs rw 0 0\nbpf /sys/fs/bpf bpf rw,relatime 0 0\n";
        assert!(lists_bpffs(bpf));
        assert!(!lists_bpffs(&format!(
            "{bpf}tmpfs /sys/fs/bpf tmpfs rw 0 0\n"
        )));
        assert!(!lists_bpffs("sysfs /sys sysfs rw 0 0\n"));
    }

    #[test]
    fn what_is_there_is_not_asked_for() {
        let there = Tool {
            present: || true,
            ..tool(Remedy::Packages(&["no-such-package"]))
        };
        assert!(ensure(&[there]).is_empty());
    }
}
