//! An agent that dies, restarts, is upgraded or goes away: what it misses meanwhile, and what others say of it.
//!
//! The kernel goes on stamping without it, so a restarted agent has nothing to guess: it reports what happened,
//! once. The others may accuse it only of a silence that was there, and a witness at the switch says which was.

mod announced;
mod away;
mod books;
mod killed;
mod silence;
mod upgraded;

use std::process::ExitCode;
use std::time::Duration;

use heartbeat_tests::lab::cast::{A, B, C, PRIVATE, PUBLIC};
use heartbeat_tests::lab::plan::Plan;
use heartbeat_tests::lab::requirements;
use heartbeat_tests::suite::Suite;

const INTERVAL: Duration = Duration::from_millis(100);
/// What may pass until something happens on a busy machine.
const LIMIT: Duration = Duration::from_secs(10);
/// How long nothing else may come.
const QUIET: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    Suite {
        missing: requirements::missing_for_agents,
        threads: 2,
        tests: &[
            killed::TESTS,
            upgraded::TESTS,
            away::TESTS,
            announced::TESTS,
        ],
    }
    .run()
}

fn plan() -> Plan {
    Plan::nodes(3).two_networks().timing(INTERVAL, 3)
}
