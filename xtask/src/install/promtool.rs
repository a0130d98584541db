//! promtool, without the Prometheus around it.
//!
//! Debian ships promtool only in the package of the server, which starts on installation and
//! listens on the network: nothing a test may do to a machine. So the package is fetched and
//! unpacked, and its one file kept below the target directory.

use std::fs;

use anyhow::{Context, Result, bail};

use crate::command;

use super::apt;

/// Whether promtool is within reach.
pub fn is_present() -> bool {
    command::find("promtool").is_some()
}

/// Puts promtool among the tools of this workspace.
pub fn install() -> Result<()> {
    if command::find("apt-get").is_none() {
        bail!("this is no Debian: install promtool, which belongs to Prometheus");
    }
    let tools = command::tools_dir()?;
    let scratch = tools.join("prometheus");
    if scratch.exists() {
        fs::remove_dir_all(&scratch).with_context(|| format!("clear {}", scratch.display()))?;
    }
    fs::create_dir_all(&scratch).with_context(|| format!("create {}", scratch.display()))?;
    apt::with_fresh_lists(|| {
        let mut download = command::command("apt-get");
        download
            .args(["download", "prometheus"])
            .current_dir(&scratch);
        command::output(&mut download).map(|_| ())
    })?;
    let mut fetched = fs::read_dir(&scratch)?;
    let package = fetched
        .next()
        .context("apt-get download left no package")??
        .path();
    let mut unpack = command::command("dpkg-deb");
    command::output(unpack.arg("--extract").arg(package).arg(&scratch))?;
    let unpacked = scratch.join("usr/bin/promtool");
    fs::rename(&unpacked, tools.join("promtool"))
        .with_context(|| format!("keep {}", unpacked.display()))?;
    fs::remove_dir_all(&scratch).with_context(|| format!("remove {}", scratch.display()))
}
