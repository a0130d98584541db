//! `cargo xtask`: every chore of this repository is a verb of this one program.
//!
//! A newcomer should neither read a wiki nor guess a script: `cargo xtask` lists the verbs, and each
//! does its whole job on a fresh machine, installing what it lacks and saying why. The awkward case
//! is that this program is the first thing compiled there, before anything it installs: it depends
//! on nothing of the product and on few crates, and heavier work (demo, bench) lies in programs of
//! their own that it builds and becomes.

mod check;
mod command;
mod deploy;
mod dist;
mod ebpf;
#[path = "../../heartbeat-user/build/tools.rs"]
mod ebpf_tools;
mod fuzz;
mod install;
mod kernels;
mod launch;
mod model;
mod sim;
mod stream;
mod test;
mod tidy;

use std::process::ExitCode;

use anyhow::Result;
use clap::{CommandFactory, Parser, Subcommand};

#[derive(Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    disable_help_subcommand = true
)]
struct Cli {
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Subcommand)]
enum Verb {
    /// Shows a small cluster losing and finding its paths, in namespaces of this machine (root).
    #[command(disable_help_flag = true)]
    Demo(Arguments),
    /// Brings the agent to every host of a cluster over ssh, one node at a time, and back.
    #[command(disable_help_flag = true)]
    Deploy(Arguments),
    /// Installs what is missing and runs everything that tests the project, as CI does.
    Test(test::Options),
    /// Runs the quick checks alone: format, clippy, tidy, documentation.
    Check,
    /// Checks the house rules that no compiler knows.
    Tidy,
    /// Simulates clusters of the pure core with faults that seeds decide.
    #[command(disable_help_flag = true)]
    Sim(Arguments),
    /// Searches all that can happen to a small cluster of the pure core within bounds.
    #[command(disable_help_flag = true)]
    Model(Arguments),
    /// Builds, disassembles or verifies the XDP program.
    Ebpf(ebpf::Options),
    /// Boots Debian's 6.1 kernel under qemu and has the agent show there what it can do.
    Kernels,
    /// Makes the packages: .deb, .rpm and a tarball.
    Dist(dist::Options),
    /// Feeds random input to the frame walk or the wire format (nightly).
    Fuzz(fuzz::Options),
    /// Measures, in the release profile, what a frame, a sweep and a verdict cost (root).
    #[command(disable_help_flag = true)]
    Bench(Arguments),
}

/// What is handed on as it is.
#[derive(clap::Args)]
struct Arguments {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<ExitCode> {
    command::extend_path();
    match Cli::parse().verb {
        None => {
            Cli::command().print_help()?;
            Ok(ExitCode::SUCCESS)
        }
        Some(Verb::Demo(Arguments { arguments })) => launch::run(&launch::DEMO, &arguments),
        Some(Verb::Deploy(Arguments { arguments })) => deploy::run(&arguments),
        Some(Verb::Test(options)) => test::run(&options),
        Some(Verb::Sim(Arguments { arguments })) => sim::run(&arguments),
        Some(Verb::Model(Arguments { arguments })) => model::run(&arguments),
        Some(Verb::Check) => check::run(),
        Some(Verb::Tidy) => tidy::run(),
        Some(Verb::Ebpf(options)) => ebpf::run(&options),
        Some(Verb::Dist(options)) => dist::run(&options),
        Some(Verb::Kernels) => kernels::run(),
        Some(Verb::Fuzz(options)) => fuzz::run(&options),
        Some(Verb::Bench(Arguments { arguments })) => launch::run(&launch::BENCH, &arguments),
    }
}
