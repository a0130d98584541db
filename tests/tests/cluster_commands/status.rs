//! `heartbeat status` as scripts see it.

use anyhow::{Result, ensure};
use heartbeat_tests::lab::feed::Feed;
use heartbeat_tests::lab::transcript::Expected;
use heartbeat_tests::suite::{Test, in_agreed_lab};

use crate::ground::{A, B, LIMIT, PRIVATE, plan, run, text};

pub const TESTS: &[Test] = &[("one line says how many paths are up and who is lost", brief)];

fn brief() -> Result<()> {
    in_agreed_lab(plan().network("public", "Public Network"), |lab| {
        let well = run(lab, &["status", "--brief"])?;
        ensure!(
            text(&well.stdout) == "node-a: all 4 paths up\n",
            "{}",
            text(&well.stdout)
        );
        ensure!(well.status.code() == Some(0), "{:?}", well.status);
        let mut feed = Feed::from_now(lab)?;
        let _fault = lab.drop_between(B, A, PRIVATE)?;
        feed.wait_for(&Expected::lost([lab.plan().path(A, B, PRIVATE)]), LIMIT)?;
        let lost = run(lab, &["status", "--brief"])?;
        // What the nodes make of it together may follow by then.
        let head = "node-a: 3 of 4 paths up, node-b LOST on Private Network";
        ensure!(
            text(&lost.stdout).starts_with(head) && text(&lost.stdout).lines().count() == 1,
            "{}",
            text(&lost.stdout)
        );
        ensure!(lost.status.code() == Some(1), "{:?}", lost.status);
        Ok(())
    })
}
