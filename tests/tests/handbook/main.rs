//! What the documents say, held against the code: references are generated from it, snippets are read by it, and
//! what they name exists.
//!
//! A handbook goes wrong one sentence at a time, and nobody notices until somebody follows it at night. What can be
//! taken from the code is: the blocks between `<!-- generated: NAME -->` and `<!-- end -->` are written by this suite,
//!
//! ```text
//! UPDATE_EXPECT=1 cargo test -p heartbeat-tests --test handbook
//! ```
//!
//! and prose lies around them. What can't be is at least tried: every configuration by the parser, every command line
//! by the command line's, every link by going there. It needs neither root nor an eBPF compiler.

use std::process::ExitCode;

use heartbeat_tests::suite::Suite;

mod alerts;
mod causes;
mod commands;
mod configuration;
mod document;
mod events;
mod example;
mod figures;
mod links;
mod metrics;
mod names;
mod page;
mod samples;
mod shell;
mod sizes;
mod snippets;
mod timing;

fn main() -> ExitCode {
    Suite {
        missing: || None,
        // Pages are read by several tests, and may be written by one.
        threads: 1,
        tests: &[
            events::TESTS,
            causes::TESTS,
            metrics::TESTS,
            alerts::TESTS,
            commands::TESTS,
            configuration::TESTS,
            timing::TESTS,
            sizes::TESTS,
            figures::TESTS,
            snippets::TESTS,
            links::TESTS,
            names::TESTS,
        ],
    }
    .run()
}
