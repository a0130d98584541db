//! Why heartbeats were missed: real faults, and what real agents said of them.

use std::process::ExitCode;

use heartbeat_tests::lab::requirements;
use heartbeat_tests::suite::Suite;

mod explanations;
mod matrix;
mod stalls;

fn main() -> ExitCode {
    Suite {
        missing: requirements::missing_for_agents,
        threads: 2,
        tests: &[matrix::TESTS, stalls::TESTS, explanations::TESTS],
    }
    .run()
}
