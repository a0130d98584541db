//! `cargo xtask deploy`, as an operator runs it: over real ssh, to hosts with a root and a service of their own.
//!
//! Three hosts and an operator, who sits on a fourth node of the lab. The binary that is deployed is the one that
//! the other suites test. With `--long` the hosts are Debians that a real systemd runs, too.

use std::process::ExitCode;

use heartbeat_tests::hosts;
use heartbeat_tests::lab::{binary, requirements};
use heartbeat_tests::suite::{Suite, is_long};

mod failures;
mod operator;
mod stories;
mod systemd;

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
        tests: if is_long() {
            &[stories::TESTS, failures::TESTS, systemd::TESTS]
        } else {
            &[stories::TESTS, failures::TESTS]
        },
    }
    .run()
}
