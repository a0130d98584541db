//! What is installed for Prometheus and Alertmanager: their own tools have nothing against it, the alerts fire at
//! their edges and not short of them, and each leads to a runbook.
//!
//! A rule that names what does not exist never fires, and nobody notices; so no alert goes without a case in
//! which it fires. The rules lie in a form of our own making, which is why they are read line by line here:
//! promtool judges whether they are YAML.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};
use heartbeat_tests::lab::requirements;
use heartbeat_tests::suite::{Suite, Test};

/// The alerts for which somebody is woken.
const PAGING: [&str; 4] = [
    "HeartbeatClusterUnscraped",
    "HeartbeatMemberRemoved",
    "HeartbeatPeerUnreachable",
    "HeartbeatQuorumLost",
];
const RULES: &str = "prometheus/heartbeat.rules.yml";
const CASES: &str = "prometheus/heartbeat.rules.test.yml";

const TESTS: &[Test] = &[
    ("promtool takes the rules", || {
        run("promtool", &["check", "rules"], RULES)
    }),
    ("alerts fire at their edges and not short of them", || {
        run("promtool", &["test", "rules"], CASES)
    }),
    ("promtool takes the example for Prometheus", || {
        run(
            "promtool",
            &["check", "config"],
            "prometheus/prometheus.example.yml",
        )
    }),
    ("amtool takes the example for Alertmanager", || {
        run(
            "amtool",
            &["check-config"],
            "alertmanager/alertmanager.example.yml",
        )
    }),
    ("exactly four alerts page", four_page),
    ("every alert has a case in which it fires", cases),
    (
        "every alert has its runbook, and every runbook its alert",
        runbooks,
    ),
];

fn main() -> ExitCode {
    Suite {
        missing,
        threads: 2,
        tests: &[TESTS],
    }
    .run()
}

fn missing() -> Option<String> {
    let lacks = ["promtool", "amtool"]
        .into_iter()
        .find(|tool| !requirements::is_installed(tool))?;
    Some(format!(
        "the program {lacks} is not installed; `cargo xtask test` fetches it"
    ))
}

/// One alert, as the rules have it.
#[derive(Default)]
struct Alert {
    name: String,
    severity: String,
    summary: bool,
    description: bool,
    runbook: String,
}

fn agent() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../heartbeat-user")
}

fn read(file: &str) -> Result<String> {
    let path = agent().join("share").join(file);
    fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))
}

fn run(program: &'static str, verb: &[&str], file: &str) -> Result<()> {
    let output = Command::new(program)
        .args(verb)
        .arg(agent().join("share").join(file))
        .output()
        .with_context(|| format!("start {program}"))?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    ensure!(output.status.success(), "{said}");
    ensure!(said.contains("SUCCESS"), "it checked nothing: {said}");
    Ok(())
}

fn alerts() -> Result<Vec<Alert>> {
    let mut alerts: Vec<Alert> = Vec::new();
    for line in read(RULES)?.lines() {
        let line = line.trim();
        if let Some(name) = line.strip_prefix("- alert: ") {
            alerts.push(Alert {
                name: name.to_owned(),
                ..Alert::default()
            });
        }
        let (Some(alert), Some((key, value))) = (alerts.last_mut(), line.split_once(": ")) else {
            continue;
        };
        match key {
            "severity" => alert.severity = value.to_owned(),
            "summary" => alert.summary = true,
            "description" => alert.description = true,
            "runbook_url" => alert.runbook = value.to_owned(),
            _ => {}
        }
    }
    ensure!(!alerts.is_empty(), "no alert was found");
    Ok(alerts)
}

fn four_page() -> Result<()> {
    let alerts = alerts()?;
    let mut paging: Vec<&str> = Vec::new();
    for alert in &alerts {
        let Alert { name, severity, .. } = alert;
        ensure!(
            ["page", "ticket", "info"].contains(&severity.as_str()),
            "{name} has the severity {severity:?}"
        );
        if severity == "page" {
            paging.push(name);
        }
    }
    paging.sort_unstable();
    ensure!(paging == PAGING, "these page: {paging:?}");
    Ok(())
}

fn cases() -> Result<()> {
    let cases = read(CASES)?;
    for Alert { name, .. } in alerts()? {
        let fires = format!("alertname=\"{name}\"");
        ensure!(cases.contains(&fires), "{name} fires in no case");
    }
    Ok(())
}

fn runbooks() -> Result<()> {
    let directory = agent().join("docs/runbooks");
    let mut pages = BTreeSet::new();
    for entry in fs::read_dir(&directory)? {
        pages.insert(entry?.file_name().to_string_lossy().into_owned());
    }
    for alert in alerts()? {
        let Alert { name, runbook, .. } = &alert;
        ensure!(
            alert.summary && alert.description,
            "{name} does not say what it is about"
        );
        let page = format!("{name}.md");
        ensure!(
            *runbook == format!("docs/runbooks/{page}"),
            "{name} links {runbook:?}"
        );
        ensure!(pages.remove(&page), "there is no {page}");
        let text = fs::read_to_string(directory.join(&page))?;
        ensure!(text.contains("```sh\n"), "{page} has no line to run");
    }
    ensure!(pages.is_empty(), "these belong to no alert: {pages:?}");
    Ok(())
}
