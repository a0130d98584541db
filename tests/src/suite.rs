//! Runs the cluster tests.
//!
//! The standard harness knows only passed and failed. A test that needs root and network namespaces is
//! neither where there are none: it is skipped, and the reason has to be printed, or a green run proves
//! nothing. Where the variable CI is set, somebody relies on the run to be complete, and a skip is a failure.
//! Tests of one suite run one at a time by default, because they share two cores with the agents they watch.

use std::env;
use std::fmt;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, anyhow};
use libtest_mimic::{Arguments, Completion, Failed, Trial};

use crate::lab::plan::Plan;
use crate::lab::{Lab, interrupt};

/// One test: a sentence that is true, and the proof.
pub type Test = (&'static str, fn() -> Result<()>);

/// The tests of one program.
#[derive(Clone, Copy, Debug)]
pub struct Suite {
    /// Says in one sentence what is missing here to run them, if anything is.
    pub missing: fn() -> Option<String>,
    /// How many run at a time unless `--test-threads` says otherwise.
    pub threads: usize,
    /// The tests, in groups: a large suite has a file for each.
    pub tests: &'static [&'static [Test]],
}

impl Suite {
    /// Runs what the command line selects, which is that of the standard harness.
    pub fn run(self) -> ExitCode {
        let mut arguments = Arguments::from_args();
        arguments.test_threads.get_or_insert(self.threads);
        if let Err(error) = interrupt::install() {
            eprintln!("{error:#}");
            return ExitCode::FAILURE;
        }
        let missing = (self.missing)();
        let trials = self
            .tests
            .iter()
            .copied()
            .flatten()
            .map(|test| trial(*test, missing.clone()))
            .collect();
        libtest_mimic::run(&arguments, trials).exit_code()
    }
}

fn trial((name, test): Test, missing: Option<String>) -> Trial {
    Trial::ignorable_test(name, move || match missing {
        Some(reason) if env::var_os("CI").is_some() => Err(Failed::from(format!(
            "cannot run here, and CI is set: {reason}"
        ))),
        Some(reason) => Ok(Completion::ignored_with(reason)),
        None => match test() {
            Ok(()) => Ok(Completion::Completed),
            Err(error) => match error.downcast_ref::<NotInstalled>() {
                Some(reason) => Ok(Completion::ignored_with(reason)),
                None => Err(Failed::from(format!("{error:#}"))),
            },
        },
    })
}

/// Whether this run may take long, as `cargo xtask test --long` says.
pub fn is_long() -> bool {
    env::var_os("HEARTBEAT_LONG").is_some()
}

/// An optional tool is absent: the test is skipped, wherever it runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NotInstalled(pub &'static str);

impl fmt::Display for NotInstalled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is not installed", self.0)
    }
}

impl std::error::Error for NotInstalled {}

/// Tells a story in a lab of this plan in which every agent runs and every path is up.
pub fn in_running_lab(plan: Plan, story: impl FnOnce(&mut Lab) -> Result<()>) -> Result<()> {
    in_lab(plan, |lab| {
        lab.start_agents()?;
        lab.wait_all_up()?;
        story(lab)
    })
}

/// Tells a story in a lab of this plan in which all nodes are members of one view and everything is up. All that
/// was to be told of the beginning has been told.
pub fn in_agreed_lab(plan: Plan, story: impl FnOnce(&mut Lab) -> Result<()>) -> Result<()> {
    in_running_lab(plan, |lab| {
        lab.wait_all_well(AGREED_LIMIT)?;
        interrupt::sleep(SYNCED)?;
        story(lab)
    })
}

/// How long agents whose paths are all up may take to agree, on a busy machine.
const AGREED_LIMIT: Duration = Duration::from_secs(20);
/// A gauge may run ahead of the events on the disk for so long.
const SYNCED: Duration = Duration::from_millis(300);

/// Tells a story in a lab of this plan in which no agent runs yet. If the story fails, the agents' events and
/// logs are told too.
pub fn in_lab(plan: Plan, story: impl FnOnce(&mut Lab) -> Result<()>) -> Result<()> {
    let mut lab = Lab::build(plan)?;
    match story(&mut lab) {
        Err(error) if !error.is::<NotInstalled>() => {
            Err(anyhow!("{error:#}\n{}", lab.post_mortem()))
        }
        told => told,
    }
}
