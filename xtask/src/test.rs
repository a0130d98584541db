//! `cargo xtask test`: everything that tests the project, in one run with one count.
//!
//! CI and a developer run the very same thing; what differs is the machine. So nothing is left out
//! silently: whatever could not run is named with its reason, and where CI is set that is a failure,
//! for nobody reads the log of a green run. The checks of the source count as one test each, so that
//! the closing line is the whole truth. Times of installation and first build stand apart: they
//! belong to the machine, the others to the project.

mod report;
mod tally;

use std::process::ExitCode;
use std::time::Instant;

use anyhow::Result;

use crate::{check, command, fuzz, install, kernels, model, sim, stream};

pub use report::Report;

/// What `cargo xtask test` may be told.
#[derive(clap::Args)]
pub struct Options {
    /// Also what takes long: a minute of fuzzing for each target, ten minutes of a fault that must change nothing, a
    /// model check of fifteen million states, 256 nodes in the simulator, the page in a browser, the agent on an old
    /// kernel.
    #[arg(long)]
    long: bool,
}

/// How long a check may take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Length {
    /// As long as anybody who waits for it likes.
    Short,
    /// As long as it needs.
    Long,
}

/// Tells the tests that they may take long.
const LONG: &str = "HEARTBEAT_LONG";

/// Runs everything.
pub fn run(options: &Options) -> Result<ExitCode> {
    let mut report = Report::new(std::env::var("CI").is_ok_and(|ci| !ci.is_empty()));
    let started = Instant::now();
    install::ensure(install::FOR_TESTS);
    if options.long {
        install::ensure(install::FOR_LONG_TESTS);
    }
    report.phase("installation", started);

    let started = Instant::now();
    let builds = build(&mut report)?;
    report.phase("first build", started);

    let started = Instant::now();
    check::all(&mut report)?;
    report.phase("checks", started);

    let started = Instant::now();
    if builds {
        let length = if options.long {
            Length::Long
        } else {
            Length::Short
        };
        sim::smoke(&mut report)?;
        model::smoke(&mut report, length)?;
        test(&mut report, options)?;
    }
    if options.long {
        fuzz::smoke(&mut report)?;
        kernels::smoke(&mut report)?;
    }
    report.phase("tests", started);
    Ok(report.close())
}

/// Builds the agent and all tests, so that the tests' time is their own.
fn build(report: &mut Report) -> Result<bool> {
    println!("\n==> build");
    for arguments in [
        &["build", "--workspace", "--bins"][..],
        &["test", "--workspace", "--no-run"],
        &[
            "build",
            "--profile",
            "sim",
            "--package",
            "heartbeat-sim",
            "--package",
            "heartbeat-model",
        ],
    ] {
        let status = stream::run(command::cargo(arguments.iter().copied()), |_| ())?;
        if !status.success() {
            report.fail(format!(
                "build: `cargo {}` ended with {status}",
                arguments.join(" ")
            ));
            report.skip("all tests: the workspace does not build");
            return Ok(false);
        }
    }
    Ok(true)
}

/// Runs all tests and counts them by what they say.
fn test(report: &mut Report, options: &Options) -> Result<()> {
    println!("\n==> test");
    let mut cargo = command::cargo(["test", "--workspace", "--no-fail-fast"]);
    if options.long {
        cargo.env(LONG, "1");
    }
    let mut reader = tally::Reader::default();
    let status = stream::run(cargo, |piece| reader.hear(piece))?;
    let tally = reader.finish();
    if !status.success() && tally.failed == 0 {
        report.fail(format!(
            "`cargo test` ended with {status} though no test failed"
        ));
    }
    report.absorb(tally);
    Ok(())
}
