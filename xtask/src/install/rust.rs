//! Programs from crates.io and components of the Rust toolchain.

use anyhow::{Context, Result, bail};

use crate::command;

/// Compiles and installs a program for this user.
pub fn install_crate(name: &str, version: &str) -> Result<()> {
    let mut install = command::cargo(["install", name, "--version", version, "--locked"]);
    command::output(&mut install)
        .context("is the network reachable?")
        .map(|_| ())
}

/// Adds a component to the toolchain in use.
pub fn add_component(name: &str) -> Result<()> {
    if command::find("rustup").is_none() {
        bail!("install it the way this Rust was installed (rustup is not there)");
    }
    let mut add = command::command("rustup");
    add.args(["component", "add", name]);
    command::output(&mut add)
        .context("rustup could not add it")
        .map(|_| ())
}
