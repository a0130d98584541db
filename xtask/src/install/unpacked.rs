//! One program out of a Debian package, without what else is in it.
//!
//! Debian ships promtool only in the package of Prometheus, and amtool in that of Alertmanager: servers, which
//! start on installation and listen on the network. That is nothing a test may do to a machine. So the package
//! is fetched and unpacked, and its one file kept below the target directory. A program that reads others of its
//! package where Debian puts them gets those kept beside it, below `share`; whoever runs it lays them over `/usr/share`.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::command;

use super::apt;

/// A program, and the Debian package that has it.
#[derive(Clone, Copy)]
pub struct Program {
    name: &'static str,
    package: &'static str,
    /// What it reads below `/usr/share`.
    reads: &'static [&'static str],
}

/// What checks metrics and rules.
pub const PROMTOOL: Program = Program {
    name: "promtool",
    package: "prometheus",
    reads: &[],
};

/// What checks the routing of alerts.
pub const AMTOOL: Program = Program {
    name: "amtool",
    package: "prometheus-alertmanager",
    reads: &[],
};

/// What scrapes agents, and judges by rules.
pub const PROMETHEUS: Program = Program {
    name: "prometheus",
    package: "prometheus",
    reads: &[],
};

/// What routes alerts.
pub const ALERTMANAGER: Program = Program {
    name: "prometheus-alertmanager",
    package: "prometheus-alertmanager",
    reads: &[
        "prometheus/alertmanager/default.tmpl",
        "prometheus/alertmanager/email.tmpl",
    ],
};

impl Program {
    /// Whether it is within reach.
    pub fn is_present(self) -> bool {
        let Some(program) = command::find(self.name) else {
            return false;
        };
        let beside = program.with_file_name("share");
        let has =
            |file: &&str| beside.join(file).exists() || Path::new("/usr/share").join(file).exists();
        self.reads.iter().all(has)
    }

    /// Puts it among the tools of this workspace.
    pub fn install(self) -> Result<()> {
        let Program {
            name,
            package,
            reads,
        } = self;
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
        keep(&scratch.join("usr/bin").join(name), &tools.join(name))?;
        for file in reads {
            keep(
                &scratch.join("usr/share").join(file),
                &tools.join("share").join(file),
            )?;
        }
        fs::remove_dir_all(&scratch).with_context(|| format!("remove {}", scratch.display()))
    }
}

/// Moves a file out of an unpacked package.
fn keep(unpacked: &Path, kept: &Path) -> Result<()> {
    let what = || format!("keep {}", unpacked.display());
    fs::create_dir_all(kept.parent().context("a file lies in a folder")?).with_context(what)?;
    fs::rename(unpacked, kept).with_context(what)
}
