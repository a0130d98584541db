//! One program out of a Debian package, without what else is in it.
//!
//! Debian ships promtool only in the package of Prometheus, and amtool in that of Alertmanager: servers, which
//! start on installation and listen on the network. That is nothing a test may do to a machine. So the package
//! is fetched and unpacked, and its one file kept below the target directory.

use std::fs;

use anyhow::{Context, Result, bail};

use crate::command;

use super::apt;

/// A program, and the Debian package that has it.
#[derive(Clone, Copy)]
pub struct Program {
    name: &'static str,
    package: &'static str,
}

/// What checks metrics and rules.
pub const PROMTOOL: Program = Program {
    name: "promtool",
    package: "prometheus",
};

/// What checks the routing of alerts.
pub const AMTOOL: Program = Program {
    name: "amtool",
    package: "prometheus-alertmanager",
};

/// What scrapes agents, and judges by rules.
pub const PROMETHEUS: Program = Program {
    name: "prometheus",
    package: "prometheus",
};

/// What routes alerts.
pub const ALERTMANAGER: Program = Program {
    name: "prometheus-alertmanager",
    package: "prometheus-alertmanager",
};

impl Program {
    /// Whether it is within reach.
    pub fn is_present(self) -> bool {
        command::find(self.name).is_some()
    }

    /// Puts it among the tools of this workspace.
    pub fn install(self) -> Result<()> {
        let Program { name, package } = self;
        if command::find("apt-get").is_none() {
            bail!(
                "this is no Debian: install {name}, which belongs to what Debian calls {package}"
            );
        }
        let tools = command::tools_dir()?;
        // Beside the tools lies a program of the same name as its package.
        let scratch = tools.join(format!("{package}.unpacked"));
        if scratch.exists() {
            fs::remove_dir_all(&scratch).with_context(|| format!("clear {}", scratch.display()))?;
        }
        fs::create_dir_all(&scratch).with_context(|| format!("create {}", scratch.display()))?;
        apt::with_fresh_lists(|| {
            let mut download = command::command("apt-get");
            download.args(["download", package]).current_dir(&scratch);
            command::output(&mut download).map(|_| ())
        })?;
        let mut fetched = fs::read_dir(&scratch)?;
        let file = fetched
            .next()
            .context("apt-get download left no package")??
            .path();
        let mut unpack = command::command("dpkg-deb");
        command::output(unpack.arg("--extract").arg(file).arg(&scratch))?;
        let unpacked = scratch.join("usr/bin").join(name);
        fs::rename(&unpacked, tools.join(name))
            .with_context(|| format!("keep {}", unpacked.display()))?;
        fs::remove_dir_all(&scratch).with_context(|| format!("remove {}", scratch.display()))
    }
}
