//! `cargo xtask sim`: clusters of the pure core in a world that a seed decides.
//!
//! A seed takes some milliseconds if the compiler has done its work, and ten times as long otherwise; so the
//! simulator has a profile of its own. It needs nothing of the machine but time.

use std::process::{Command, ExitCode};

use anyhow::Result;

use crate::test::Report;
use crate::{check, command};

/// Seeds that every run of the tests tries.
const SEEDS: &str = "10000";

/// Runs the simulator with these arguments.
pub fn run(arguments: &[String]) -> Result<ExitCode> {
    command::run(simulate().args(arguments))?;
    Ok(ExitCode::SUCCESS)
}

/// Tries as many seeds as belong to a test, all of which count as one, and whether its checks can fail.
pub fn smoke(report: &mut Report) -> Result<()> {
    let name = format!("{SEEDS} seeds of the simulator");
    let mut command = simulate();
    command.args(["--seeds", SEEDS]);
    check::check(report, &name, command, None)?;
    let name = "what is broken in the simulator on purpose is found";
    let mut command = simulate();
    command.arg("--mutants");
    check::check(report, name, command, None)
}

fn simulate() -> Command {
    command::simulating("heartbeat-sim")
}
