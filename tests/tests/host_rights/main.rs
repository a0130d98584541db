//! What an agent asks of its host, and what it gives back: priority, locked memory, capabilities.
//!
//! All of these belong to threads or to a process, and can't be given back by a process that runs other tests
//! as well. So what belongs to threads is tried on threads that end with their test, and what belongs to a
//! process in a child: this program again, told its part by a variable.

use std::process::ExitCode;

use heartbeat_tests::program;
use heartbeat_tests::suite::Suite;

mod child;
mod hogs;
mod ksoftirqd;
mod memory;
mod priority;
mod privilege;
mod rights;

fn main() -> ExitCode {
    if let Some(part) = child::part() {
        return child::play(&part);
    }
    Suite {
        missing: program::missing,
        threads: 1,
        tests: &[
            privilege::TESTS,
            memory::TESTS,
            priority::TESTS,
            ksoftirqd::TESTS,
        ],
    }
    .run()
}
