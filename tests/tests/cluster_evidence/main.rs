//! What a node finds out beside heartbeats: how its own interfaces are, and whether witnesses answer.

use std::process::ExitCode;

use heartbeat_tests::lab::requirements;
use heartbeat_tests::suite::Suite;

mod interface;
mod tie;
mod witness;

fn main() -> ExitCode {
    Suite {
        missing: requirements::missing_for_agents,
        threads: 2,
        tests: &[interface::TESTS, tie::TESTS, witness::TESTS],
    }
    .run()
}
