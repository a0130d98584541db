//! Settings of peers: asked for, compared, and missed where a peer does not answer.

use anyhow::{Result, ensure};
use heartbeat_tests::lab::batch;
use heartbeat_tests::lab::cast::{A, B, C, PRIVATE};
use heartbeat_tests::suite::{Test, in_running_lab};
use serde_json::Value;

use super::{diagnose, plan};

pub const TESTS: &[Test] = &[
    ("an MTU that differs on a peer is found by asking it", mtu),
    ("a peer that does not answer is said to", silent),
];

fn mtu() -> Result<()> {
    in_running_lab(plan(), |lab| {
        let interface = lab.plan().interface(PRIVATE);
        batch::ip(lab.node(B), &format!("link set {interface} mtu 1400\n"))?;
        let found = diagnose(lab, A, &["--network", interface])?;
        found.suspects("peer-mtu", &["of node-b has 1400", "has MTU 1500"])?;
        let about_c = found
            .findings
            .iter()
            .any(|finding| finding["peer"] == "node-c");
        ensure!(!about_c, "{:?}", found.suspicious());
        let alone = diagnose(lab, A, &["--peer", "node-c"])?;
        ensure!(
            alone.lines("peer-mtu", "fine").len() == 1,
            "{}",
            alone.printed
        );
        let answer: Value = serde_json::from_str(&alone.printed)?;
        let said = &answer["facts"]["peers"][0]["said"]["known"];
        ensure!(
            said["node"] == C.to_string() && said["ports"]["1"]["mtu"] == 1500,
            "{said}"
        );
        Ok(())
    })
}

fn silent() -> Result<()> {
    in_running_lab(plan(), |lab| {
        lab.pause_agent(B)?;
        let found = diagnose(lab, A, &["--peer", "node-b"])?;
        let why = found.lines("peer-answers", "unreadable");
        ensure!(
            why.len() == 1 && why[0].contains("no answer within 2 s"),
            "{why:?}"
        );
        lab.resume_agent(B)
    })
}
