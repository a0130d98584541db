//! Installs what a verb needs and this machine lacks.
//!
//! A stranger's first command must not end in "command not found", nor silently change the machine:
//! each thing is probed by what it does and not by who shipped it, and each installation is
//! announced in one line with its reason, on standard error beside what the verb prints. Whoever is not root, has another distribution or no
//! network gets one sentence per missing thing, and the verb decides whether it can go on. A second
//! run finds everything and says so in one line.

mod apt;
mod catalogue;
mod fetched;
mod rust;
mod unpacked;

use std::fs;

use anyhow::{Context, Result, bail};

use crate::command;

pub use apt::with_fresh_lists;
pub use catalogue::{
    CLIPPY, FOR_CLUSTERS, FOR_DEPLOYMENT, FOR_DISASSEMBLY, FOR_EBPF, FOR_KERNELS, FOR_LONG_TESTS,
    FOR_PACKAGES, FOR_TESTS, FUZZER, LINTS, RUSTFMT, Remedy, Tool,
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
        eprintln!("Everything that this needs is installed.");
    }
    missing.into_iter().filter_map(obtain).collect()
}

/// Installs one tool, saying what and why; `Some` where that failed.
fn obtain(tool: &Tool) -> Option<Lacking> {
    eprintln!("installing {}: {}", tool.name, tool.why);
    let lacking = lacking(tool, apply(&tool.remedy))?;
    eprintln!("without {}: {}", lacking.name, lacking.reason);
    Some(lacking)
}

/// What is lacking after an installation; only the tool itself proves that it went well.
fn lacking(tool: &Tool, installed: Result<()>) -> Option<Lacking> {
    let reason = match installed {
        Ok(()) if (tool.present)() => return None,
        Ok(()) => "it was installed and is still not found: look at PATH".to_owned(),
        Err(error) => format!("{error:#}"),
    };
    Some(Lacking {
        name: tool.name,
        reason,
    })
}

/// Installs these tools or fails with the first that can't be had.
pub fn require(tools: &[Tool]) -> Result<()> {
    match ensure(tools).into_iter().next() {
        None => Ok(()),
        Some(Lacking { name, reason }) => bail!("this needs {name}: {reason}"),
    }
}

/// Does what makes a tool present.
fn apply(remedy: &Remedy) -> Result<()> {
    match remedy {
        Remedy::Packages(names) => apt::install(names),
        Remedy::Crate { name, version } => rust::install_crate(name, version),
        Remedy::Component(name) => rust::add_component(name),
        Remedy::Unpacked(program) => program.install(),
        Remedy::Fetched(packages) => fetched::fetch(packages),
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

    #[test]
    fn only_the_mount_on_top_counts() {
        let bpf = "sysfs /sys sysfs rw 0 0\nbpf /sys/fs/bpf bpf rw,relatime 0 0\n";
        assert!(lists_bpffs(bpf));
        assert!(!lists_bpffs(&format!(
            "{bpf}tmpfs /sys/fs/bpf tmpfs rw 0 0\n"
        )));
        assert!(!lists_bpffs("sysfs /sys sysfs rw 0 0\n"));
    }

    const THERE: Tool = Tool {
        name: "a tool",
        why: "it is of use",
        present: || true,
        remedy: Remedy::Bpffs,
    };
    const ABSENT: Tool = Tool {
        present: || false,
        ..THERE
    };

    #[test]
    fn what_is_there_is_not_asked_for() {
        assert!(ensure(&[THERE]).is_empty());
    }

    #[test]
    fn an_installation_is_believed_when_the_tool_is_there() {
        assert!(lacking(&THERE, Ok(())).is_none());
        let unseen = lacking(&ABSENT, Ok(())).unwrap();
        assert!(unseen.reason.contains("still not found"));
        let failed = lacking(&ABSENT, Err(anyhow::anyhow!("no network"))).unwrap();
        assert_eq!(
            (failed.name, failed.reason.as_str()),
            ("a tool", "no network")
        );
    }
}
