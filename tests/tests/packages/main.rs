//! What lies around the agent on a host: its units, its manual, its hooks, its packages.
//!
//! Each end of what a service manager does is tried by itself: the unit is judged by systemd's own tools, and the agent
//! talks to a real socket of that manager's protocol. With `--long` the packages are built, and installed in a Debian of
//! their own, and on hosts that a real systemd runs.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use heartbeat_tests::lab::plan::Plan;
use heartbeat_tests::lab::requirements;
use heartbeat_tests::suite::{Suite, is_long};

#[path = "../cluster_restart/books.rs"]
mod books;
mod debian;
mod hooks;
mod manager;
mod manual;
mod pause;
mod root;
mod service;
mod systemd;
mod units;
mod watchdog;

const INTERVAL: Duration = Duration::from_millis(100);
/// What may pass until something happens on a busy machine.
const LIMIT: Duration = Duration::from_secs(10);

fn main() -> ExitCode {
    Suite {
        missing: requirements::missing_for_agents,
        threads: 1,
        tests: if is_long() {
            &[
                units::TESTS,
                manual::TESTS,
                watchdog::TESTS,
                hooks::TESTS,
                debian::TESTS,
                service::TESTS,
            ]
        } else {
            &[units::TESTS, manual::TESTS, watchdog::TESTS, hooks::TESTS]
        },
    }
    .run()
}

fn plan() -> Plan {
    Plan::nodes(2)
        .network("private", "Private Network")
        .timing(INTERVAL, 3)
}

/// What is shipped beside the agent.
fn share(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../heartbeat-user/share")
        .join(path)
}
