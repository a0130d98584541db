//! `cargo xtask model`: the membership of the pure core, in every order of faults, losses and turns within bounds.
//!
//! A run takes half a minute, a long one some minutes and a gigabyte of memory, with the simulator's profile; it
//! needs nothing else of the machine.

use std::process::{Command, ExitCode};

use anyhow::Result;

use crate::test::{Length, Report};
use crate::{check, command};

/// Runs the model check with these arguments.
pub fn run(arguments: &[String]) -> Result<ExitCode> {
    command::run(model().args(arguments))?;
    Ok(ExitCode::SUCCESS)
}

/// Searches what belongs to a test; all searches and mutants count as one.
pub fn smoke(report: &mut Report, length: Length) -> Result<()> {
    let mut command = model();
    let name = match length {
        Length::Short => "model check of the membership",
        Length::Long => {
            command.arg("--long");
            "long model check of the membership"
        }
    };
    check::check(report, name, command, None)
}

fn model() -> Command {
    command::simulating("heartbeat-model")
}
