//! Debian packages as files, for the hosts of test networks.
//!
//! A host of a test runs sshd and sudo, in a root of its own. Installed on this machine, the one would start a
//! server that listens to the network, and the other would change who may become root. So the packages are fetched
//! and kept below the target directory, and only those hosts unpack them.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use super::apt;
use crate::command;

/// Whether all of these packages lie there.
pub fn are_present(packages: &[&str]) -> bool {
    let Ok(folder) = folder() else {
        return false;
    };
    let there = |package: &&str| folder.join(format!("{package}.deb")).is_file();
    packages.iter().all(there)
}

/// Fetches the packages, each under its plain name.
pub fn fetch(packages: &[&str]) -> Result<()> {
    if command::find("apt-get").is_none() {
        bail!("this is no Debian: what takes these packages is left out");
    }
    let folder = folder()?;
    let scratch = folder.join("new");
    if scratch.exists() {
        fs::remove_dir_all(&scratch).with_context(|| format!("clear {}", scratch.display()))?;
    }
    fs::create_dir_all(&scratch).with_context(|| format!("create {}", scratch.display()))?;
    apt::with_fresh_lists(|| {
        let mut download = command::command("apt-get");
        download
            .arg("download")
            .args(packages)
            .current_dir(&scratch);
        command::output(&mut download).map(|_| ())
    })?;
    for file in fs::read_dir(&scratch)? {
        let file = file?;
        let name = file.file_name().to_string_lossy().into_owned();
        let package = name.split('_').next().unwrap_or(&name);
        fs::rename(file.path(), folder.join(format!("{package}.deb")))
            .with_context(|| format!("keep {name}"))?;
    }
    fs::remove_dir(&scratch).with_context(|| format!("remove {}", scratch.display()))
}

/// Where they lie, and where the tests look for them.
fn folder() -> Result<PathBuf> {
    Ok(command::tools_dir()?.join("packages"))
}
