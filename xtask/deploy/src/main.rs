//! The program behind `cargo xtask deploy`.

use std::process::ExitCode;

use clap::Parser as _;
use heartbeat_deploy::arguments::Arguments;
use heartbeat_deploy::deployment;

fn main() -> ExitCode {
    match deployment::run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("deploy: {error:#}");
            ExitCode::FAILURE
        }
    }
}
