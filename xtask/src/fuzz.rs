//! `cargo xtask fuzz`: libFuzzer on the library code that takes bytes from others.
//!
//! The fuzz targets are a workspace of their own below `tests/fuzz`: they compile only with nightly
//! and libFuzzer, and the others must not.

use std::process::{Command, ExitCode};

use anyhow::{Result, bail};

use crate::test::Report;
use crate::{check, command, install};

/// How long the tests with `--long` feed each target.
const SMOKE_SECONDS: u32 = 60;

/// What `cargo xtask fuzz` may be told.
#[derive(clap::Args)]
pub struct Options {
    /// What is fed.
    target: Target,
    /// For how long.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    seconds: u32,
}

/// Code that takes bytes from strangers.
#[derive(Clone, Copy, clap::ValueEnum)]
enum Target {
    /// The walk from an Ethernet frame to a datagram, against a slow and plain one.
    Frame,
    /// A message between nodes: what is decoded encodes to the same bytes.
    Message,
    /// The datagram: what is decoded encodes to the same bytes.
    Wire,
}

impl Target {
    const ALL: [Target; 3] = [Target::Frame, Target::Message, Target::Wire];

    fn name(self) -> &'static str {
        match self {
            Target::Frame => "frame",
            Target::Message => "message",
            Target::Wire => "wire",
        }
    }
}

/// Feeds one target until the time is up or it breaks.
pub fn run(options: &Options) -> Result<ExitCode> {
    let toolchain = prepare()?;
    command::run(&mut feed(&toolchain, options.target, options.seconds))?;
    Ok(ExitCode::SUCCESS)
}

/// Tests what the targets are made of and feeds each for a minute; each counts as a test.
pub fn smoke(report: &mut Report) -> Result<()> {
    let toolchain = match prepare() {
        Ok(toolchain) => toolchain,
        Err(error) => {
            report.skip(&format!("fuzz targets: {error:#}"));
            return Ok(());
        }
    };
    let own = ["test", "--manifest-path", "tests/fuzz/Cargo.toml", "--lib"];
    check::check(
        report,
        "tests of the fuzz targets",
        command::cargo(own),
        None,
    )?;
    for target in Target::ALL {
        let name = format!("fuzz {}", target.name());
        check::check(report, &name, feed(&toolchain, target, SMOKE_SECONDS), None)?;
    }
    Ok(())
}

/// Installs cargo-fuzz and finds the nightly it runs with.
fn prepare() -> Result<String> {
    let Some(nightly) = nightly() else {
        bail!("libFuzzer needs a nightly compiler: run `rustup toolchain install nightly`");
    };
    install::require(install::FUZZER)?;
    Ok(nightly)
}

/// The first installed nightly.
fn nightly() -> Option<String> {
    let listed = command::output(command::command("rustup").args(["toolchain", "list"])).ok()?;
    let names = listed
        .lines()
        .filter_map(|line| line.split_whitespace().next());
    names
        .into_iter()
        .find(|name| name.starts_with("nightly"))
        .map(str::to_owned)
}

/// The command that feeds a target.
fn feed(toolchain: &str, target: Target, seconds: u32) -> Command {
    let mut fuzz = command::command("rustup");
    fuzz.args([
        "run",
        toolchain,
        "cargo",
        "fuzz",
        "run",
        "--fuzz-dir",
        "tests/fuzz",
    ]);
    fuzz.args([target.name(), "--", &format!("-max_total_time={seconds}")]);
    fuzz
}
