//! What operators type, and what others may do to the socket that answers them.
//!
//! Each story runs the commands as their users do, as programs, against agents of a lab, and looks at what
//! they print and how they end.

use std::process::ExitCode;

use heartbeat_tests::lab::requirements;
use heartbeat_tests::suite::Suite;

mod follow;
mod ground;
mod hook;
mod hostile;
mod journal;
mod people;
mod permission;
mod status;
mod usage;

fn main() -> ExitCode {
    Suite {
        missing: requirements::missing_for_agents,
        threads: 3,
        tests: &[
            usage::TESTS,
            permission::TESTS,
            status::TESTS,
            follow::TESTS,
            hook::TESTS,
            hostile::TESTS,
            journal::TESTS,
        ],
    }
    .run()
}
