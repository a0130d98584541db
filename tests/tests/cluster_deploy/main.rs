//! `cargo xtask deploy`, as an operator runs it: over real ssh, to hosts with a root and a service of their own.
//!
//! Three hosts and an operator, who sits on a fourth node of the lab. The binary that is deployed is the one that
//! the other suites test.

use std::process::ExitCode;

use heartbeat_tests::hosts;
use heartbeat_tests::lab::{binary, requirements};
use heartbeat_tests::suite::Suite;

mod failures;
mod operator;
mod stories;

fn main() -> ExitCode {
    Suite {
        missing: || {
            requirements::missing_for_agents()
                .or_else(hosts::missing)
                .or_else(|| {
                    binary::find_deploy()
                        .err()
                        .map(|error| format!("{error:#}"))
                })
        },
        threads: 2,
        tests: &[stories::TESTS, failures::TESTS],
    }
    .run()
}
