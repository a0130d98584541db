//! Messages between nodes: the way they take, and what is refused.
//!
//! What a user sends is told apart from what the cores say to each other by its size: sixty kilobytes are more
//! datagrams than anything else here makes. What is refused is shown beside a datagram of the same make that is not.

use std::process::ExitCode;

use heartbeat_tests::lab::requirements;
use heartbeat_tests::suite::Suite;

mod forged;
mod ground;
mod refused;
mod replayed;
mod ways;

fn main() -> ExitCode {
    Suite {
        missing: requirements::missing_for_agents,
        threads: 2,
        tests: &[ways::TESTS, refused::TESTS, replayed::TESTS, forged::TESTS],
    }
    .run()
}
