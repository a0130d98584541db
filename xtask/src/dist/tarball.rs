//! The tarball, for systems with neither kind of package.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use super::{Release, source};
use crate::command;

/// Makes it: the tree, and a note on how to install it.
pub fn pack(release: &Release) -> Result<PathBuf> {
    let name = format!(
        "heartbeat-ebpf-{}-{}",
        release.version,
        std::env::consts::ARCH
    );
    let folder = release.scratch.join(&name);
    let mut copy = command::command("cp");
    command::output(copy.args(["-a", "--"]).arg(&release.tree).arg(&folder))?;
    let note = source("heartbeat-user/share/packages/INSTALL.md");
    fs::copy(&note, folder.join("INSTALL.md"))
        .with_context(|| format!("copy {}", note.display()))?;
    let file = release.out.join(format!("{name}.tar.xz"));
    let mut tar = command::command("tar");
    tar.args([
        "--create",
        "--xz",
        "--sort=name",
        "--owner=0",
        "--group=0",
        "--numeric-owner",
    ]);
    tar.arg(format!("--mtime=@{}", release.date));
    tar.arg("--directory").arg(&release.scratch).arg("--file");
    command::output(tar.arg(&file).arg(&name))?;
    Ok(file)
}
