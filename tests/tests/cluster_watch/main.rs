//! What people see: `heartbeat status` and `status --watch` on a terminal, with real agents.
//!
//! A terminal is a pair of descriptors and a program that understands escape codes. The pair is the kernel's, the
//! program is an emulator here, so a test reads a screen as its user does: as text at places, some of it reversed.

use std::process::ExitCode;
use std::time::Duration;

use heartbeat_tests::lab::plan::Plan;
use heartbeat_tests::lab::requirements;
use heartbeat_tests::suite::Suite;

mod endings;
mod keys;
mod loss;
mod terminal;
mod troubles;

/// What may pass until something happens on a busy machine.
const LIMIT: Duration = Duration::from_secs(20);
const INTERVAL: Duration = Duration::from_millis(100);

fn main() -> ExitCode {
    Suite {
        missing: requirements::missing_for_agents,
        threads: 2,
        tests: &[keys::TESTS, troubles::TESTS, endings::TESTS, loss::TESTS],
    }
    .run()
}

fn plan() -> Plan {
    Plan::nodes(3)
        .network("private", "Private Network")
        .network("public", "Public Network")
        .timing(INTERVAL, 3)
}
