//! Debian packages.
//!
//! Most machines have package lists and some, fresh ones, have none or stale ones. Fetching them
//! costs seconds and the network, so the installation is tried first with what is there.

use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, bail};

use crate::command;

/// Installs these packages, as root.
pub fn install(packages: &[&str]) -> Result<()> {
    let wanted = packages.join(" ");
    if command::find("apt-get").is_none() {
        bail!("this is no Debian: install what it calls {wanted}");
    }
    if !command::is_root() {
        bail!("as root: apt-get install --no-install-recommends {wanted}");
    }
    with_fresh_lists(|| {
        let mut install = apt_get("install");
        install
            .args(["--yes", "--no-install-recommends"])
            .args(packages);
        command::output(&mut install).map(|_| ())
    })
}

/// Does something with the package lists there are and, where that fails, with new ones.
pub fn with_fresh_lists(attempt: impl Fn() -> Result<()>) -> Result<()> {
    attempt().or_else(|_| {
        let refreshed = refresh_lists();
        // One broken source among many fails the refreshment and yet leaves what is needed.
        attempt()
            .map_err(|error| refreshed.err().unwrap_or(error))
            .context("is the network reachable?")
    })
}

/// Fetches the package lists, once in this process and as root only.
fn refresh_lists() -> Result<()> {
    static ONCE: AtomicBool = AtomicBool::new(false);
    if command::is_root() && !ONCE.swap(true, Ordering::Relaxed) {
        command::output(&mut apt_get("update"))?;
    }
    Ok(())
}

/// apt-get that asks nothing and waits for another apt-get to end.
fn apt_get(verb: &str) -> Command {
    let mut apt = command::command("apt-get");
    apt.env("DEBIAN_FRONTEND", "noninteractive");
    apt.args(["-o", "DPkg::Lock::Timeout=300", verb]);
    apt
}
