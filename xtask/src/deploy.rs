//! `cargo xtask deploy`: builds the agent as it is shipped, and brings it to the hosts of a cluster.
//!
//! What is deployed is what this source makes, so it is built first, with its XDP program; an agent without one
//! would be refused on the last step, by every host. The work is done by a program of its own, which knows the
//! product as this one must not.

use std::env;
use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::{command, install};

/// Installs what building takes, builds, and becomes the program that deploys. Asked for help, it only builds.
pub fn run(arguments: &[String]) -> Result<ExitCode> {
    let help = arguments
        .iter()
        .any(|word| word == "--help" || word == "-h");
    if !help {
        install::require(install::FOR_DEPLOYMENT)?;
    }
    let mut build = command::cargo(["build", "--release", "--bins"]);
    build.args([
        "--package",
        "heartbeat-user",
        "--package",
        "heartbeat-deploy",
    ]);
    command::run(&mut build)?;
    let release = command::target_dir()?.join("release");
    let mut successor = command::command(release.join("deploy"));
    // Files are named from where the operator stands.
    successor.current_dir(env::current_dir().context("find the current directory")?);
    successor.arg("--binary").arg(release.join("heartbeat"));
    successor.args(arguments);
    Err(command::become_command(successor))
}
