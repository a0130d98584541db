//! `cargo xtask demo` and `cargo xtask bench`: from a clean clone to a running program in one step.
//!
//! Both programs lie in the package of the tests, for they need its lab. They are built and then
//! *become* this process, so that Ctrl-C reaches them first and their exit status is the verb's.

use std::process::ExitCode;

use anyhow::Result;

use crate::{command, install};

/// A program of the package `heartbeat-tests`.
pub struct Program {
    name: &'static str,
    /// Folder below the target directory, and what makes cargo build into it.
    profile: &'static str,
    profile_flag: Option<&'static str>,
    /// What a user who is not root is told.
    wants_root: &'static str,
}

/// The demonstration.
pub const DEMO: Program = Program {
    name: "demo",
    profile: "debug",
    profile_flag: None,
    wants_root: "The demo makes network namespaces and loads XDP programs: run it as root.",
};

/// The measurements, of what would be shipped.
pub const BENCH: Program = Program {
    name: "bench",
    profile: "release",
    profile_flag: Some("--release"),
    wants_root: "The benchmarks load XDP programs into the kernel: run them as root.",
};

/// Installs, builds and becomes a program. Asked for help, it only builds.
pub fn run(program: &Program, arguments: &[String]) -> Result<ExitCode> {
    let help = arguments
        .iter()
        .any(|word| word == "--help" || word == "-h");
    if !help {
        if !command::is_root() {
            eprintln!("{}", program.wants_root);
            return Ok(ExitCode::from(2));
        }
        install::require(install::FOR_CLUSTERS)?;
    }
    let mut build = command::cargo(["build", "--bins"]);
    build.args([
        "--package",
        "heartbeat-user",
        "--package",
        "heartbeat-tests",
    ]);
    build.args(program.profile_flag);
    command::run(&mut build)?;
    let binary = command::target_dir()?
        .join(program.profile)
        .join(program.name);
    let mut successor = command::command(binary);
    successor.args(arguments);
    Err(command::become_command(successor))
}
