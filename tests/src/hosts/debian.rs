//! A Debian below a folder, fetched once.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, Result, ensure};

use crate::lab::requirements::is_installed;
use crate::suite::NotInstalled;

const MIRROR: &str = "http://deb.debian.org/debian";
const RELEASE: &str = "bookworm";

/// What a Debian has beside the essential packages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// What the product's package asks for.
    Bare,
    /// systemd and an ssh server: a host.
    Systemd,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Bare => "debian-root",
            Kind::Systemd => "debian-systemd",
        }
    }

    fn packages(self) -> &'static str {
        match self {
            Kind::Bare => "systemd-standalone-sysusers,adduser",
            Kind::Systemd => "systemd,systemd-sysv,dbus,adduser,openssh-server,procps,xz-utils",
        }
    }
}

/// Where it lies below the folder; it is fetched if it does not. Nobody is to change it.
pub fn fetched(folder: &Path, kind: Kind) -> Result<PathBuf> {
    if !is_installed("debootstrap") {
        return Err(NotInstalled("debootstrap").into());
    }
    let root = folder.join(kind.name());
    if !root.join("usr/bin/dpkg").exists() || root.join("debootstrap").exists() {
        // What an attempt left that was interrupted.
        done(Command::new("rm").arg("-rf").arg(&root))?;
        let include = format!("--include={}", kind.packages());
        let mut fetch = Command::new("debootstrap");
        fetch.args(["--variant=minbase", &include, RELEASE]);
        done(fetch.arg(&root).arg(MIRROR))?;
    }
    Ok(root)
}

/// Runs a command to its end, and returns what it prints.
pub fn done(command: &mut Command) -> Result<String> {
    let shown = format!("{command:?}");
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().with_context(|| shown.clone())?;
    let said = String::from_utf8_lossy(&stderr);
    let told = String::from_utf8_lossy(&stdout).into_owned();
    ensure!(status.success(), "{shown}: {status}\n{told}{said}");
    Ok(told)
}
