//! `heartbeat diagnose` on hosts that really have the trouble.
//!
//! Rules are tested on recorded facts, beside them. Whether a real kernel tells these facts, and whether a peer says
//! how it is set up, only a lab shows. This machine is busy with other things, so that what accuses the host as a whole
//! (its CPUs, its disks, its clock) proves nothing here, and is left out of what a healthy lab may not show.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use heartbeat_tests::lab::plan::{Node, Plan};
use heartbeat_tests::lab::{Lab, requirements, wait};
use heartbeat_tests::suite::Suite;
use serde_json::Value;

mod healthy;
mod peers;
mod troubles;

const INTERVAL: Duration = Duration::from_millis(100);
/// What may pass until something happens on a busy machine.
const LIMIT: Duration = Duration::from_secs(20);

fn main() -> ExitCode {
    Suite {
        missing: requirements::missing_for_agents,
        threads: 3,
        tests: &[healthy::TESTS, troubles::TESTS, peers::TESTS],
    }
    .run()
}

fn plan() -> Plan {
    Plan::nodes(3).two_networks().timing(INTERVAL, 3)
}

/// What `heartbeat diagnose` found.
struct Diagnosis {
    status: Option<i32>,
    findings: Vec<Value>,
    printed: String,
}

/// Diagnoses the node's host.
fn diagnose(lab: &Lab, node: Node, more: &[&str]) -> Result<Diagnosis> {
    let file = lab.files().configuration(node).display().to_string();
    let name = node.to_string();
    let mut arguments = vec!["diagnose", "--json", "--config", &file, "--node", &name];
    arguments.extend(more);
    let output = lab.run_heartbeat(node, &arguments)?;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    let answer: Value = serde_json::from_str(&printed).context(complaint)?;
    let findings = answer["findings"]
        .as_array()
        .context("there are findings")?;
    Ok(Diagnosis {
        status: output.status.code(),
        findings: findings.clone(),
        printed,
    })
}

impl Diagnosis {
    /// The lines of this rule with this verdict.
    fn lines(&self, rule: &str, verdict: &str) -> Vec<&str> {
        let of = |finding: &&Value| finding["rule"] == rule && finding["verdict"] == verdict;
        let findings = self.findings.iter().filter(of);
        findings
            .filter_map(|finding| finding["line"].as_str())
            .collect()
    }

    /// Some suspicion of this rule says all of this.
    fn suspects(&self, rule: &str, words: &[&str]) -> Result<()> {
        let lines = self.lines(rule, "suspicious");
        let says = |line: &&str| words.iter().all(|word| line.contains(word));
        ensure!(
            lines.iter().any(says),
            "no {rule} with {words:?} in: {}",
            self.suspicious().join("\n")
        );
        ensure!(self.status == Some(1), "exit status {:?}", self.status);
        Ok(())
    }

    /// All that is suspicious, rule and line.
    fn suspicious(&self) -> Vec<String> {
        let of = |finding: &&Value| finding["verdict"] == "suspicious";
        let findings = self.findings.iter().filter(of);
        findings
            .map(|finding| format!("{}: {}", finding["rule"], finding["line"]))
            .collect()
    }
}

/// Writes the files that agents would find, for a lab without agents.
fn write_files(lab: &Lab, node: Node) -> Result<()> {
    let key = || {
        let output = lab.run_heartbeat(node, &["key", "generate"])?;
        Ok(String::from_utf8(output.stdout)?)
    };
    lab.files().write(lab.plan(), key)
}

/// Diagnoses until this rule says all of this: kernels take their time.
fn wait_suspects(lab: &Lab, node: Node, rule: &str, words: &[&str]) -> Result<Diagnosis> {
    let mut last = String::new();
    let found = wait::until(&format!("{rule} to say {words:?}"), LIMIT, || {
        let diagnosis = diagnose(lab, node, &[])?;
        let found = diagnosis.suspects(rule, words);
        last = diagnosis.suspicious().join("\n");
        Ok(found.is_ok().then_some(diagnosis))
    });
    found.with_context(|| format!("suspicious is only: {last}"))
}
