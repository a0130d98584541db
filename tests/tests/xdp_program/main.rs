//! The real XDP object in this kernel, frame by frame.
//!
//! The contract's own tests run its functions on the host. Here the object that users attach is run by the kernel
//! that they run, under BPF_PROG_TEST_RUN, and every claim of the protocol about a single frame has its test. A
//! test that asserts that nothing happened also asserts a witness: the same program, asked the same way, does
//! something a moment later.

use std::process::ExitCode;

use heartbeat_tests::program;
use heartbeat_tests::suite::Suite;

mod admission;
mod asker;
mod authentication;
mod detach;
mod differential;
mod echo;
mod foreign;
mod group;
mod incarnation;
mod keys;
mod lengths;
mod loading;
mod membership;
mod message;
mod privilege;
mod trace;
mod trail;
mod verdicts;
mod wake;
mod window;

fn main() -> ExitCode {
    Suite {
        missing: program::missing,
        threads: 2,
        tests: &[
            loading::TESTS,
            privilege::TESTS,
            lengths::TESTS,
            verdicts::TESTS,
            foreign::TESTS,
            admission::TESTS,
            authentication::TESTS,
            keys::TESTS,
            window::TESTS,
            trail::TESTS,
            incarnation::TESTS,
            group::TESTS,
            echo::TESTS,
            asker::TESTS,
            message::TESTS,
            wake::TESTS,
            membership::TESTS,
            detach::TESTS,
            trace::TESTS,
            differential::TESTS,
        ],
    }
    .run()
}
