//! The page for people: what is wrong is on it, in a program's eyes and in a browser's.
//!
//! One network has markup for a label, which the configuration allows. Whatever shows it must show it as text.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use heartbeat_tests::lab::cast::{A, B, PRIVATE};
use heartbeat_tests::lab::feed::Feed;
use heartbeat_tests::lab::plan::Plan;
use heartbeat_tests::lab::transcript::Expected;
use heartbeat_tests::lab::{Lab, requirements};
use heartbeat_tests::suite::{Suite, in_running_lab, is_long};

mod browser;
mod chromium;
mod served;

/// What may pass until something happens on a busy machine.
const LIMIT: Duration = Duration::from_secs(10);
const HOSTILE: &str = "<script>alert(1)</script>";

fn main() -> ExitCode {
    let long = is_long();
    Suite {
        missing: if long {
            missing_for_browsers
        } else {
            requirements::missing_for_agents
        },
        threads: 1,
        tests: if long {
            &[served::TESTS, browser::TESTS]
        } else {
            &[served::TESTS]
        },
    }
    .run()
}

fn missing_for_browsers() -> Option<String> {
    requirements::missing_for_agents().or_else(|| {
        let sentence =
            "the program chromium is not installed; `apt-get install chromium` brings it";
        (!requirements::is_installed("chromium")).then(|| sentence.to_owned())
    })
}

/// Tells a story in a cluster of two networks, on the first of which node-b was lost.
fn with_a_lost_path(story: impl FnOnce(&Lab) -> Result<()>) -> Result<()> {
    let plan = Plan::nodes(3)
        .network("private", HOSTILE)
        .network("public", "Public Network")
        .timing(Duration::from_millis(100), 3);
    in_running_lab(plan, |lab| {
        let mut feed = Feed::from_now(lab)?;
        let fault = lab.drop_from(B, PRIVATE)?;
        feed.wait_for(&Expected::lost(lab.plan().paths_to(B, PRIVATE)), LIMIT)?;
        story(lab)?;
        fault.heal()?;
        Ok(())
    })
}
