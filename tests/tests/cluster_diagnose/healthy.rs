//! A healthy cluster: nobody is accused, and not for want of looking.

use anyhow::{Result, ensure};
use heartbeat_tests::lab::Lab;
use heartbeat_tests::lab::cast::A;
use heartbeat_tests::suite::{Test, in_running_lab};

use super::{diagnose, plan, write_files};

pub const TESTS: &[Test] = &[
    ("a healthy cluster accuses nobody", nobody_is_accused),
    (
        "without an agent the host is judged all the same",
        without_agent,
    ),
    ("what is asked for wrongly is an error", wrong_usage),
];

/// Rules that judge networks, interfaces, addresses and peers, and have something to judge in the lab.
const WITNESSES: [&str; 34] = [
    "addresses",
    "carrier",
    "carrier-changes",
    "duplex",
    "frame-errors",
    "driver",
    "device-drops",
    "transmit",
    "flow-control",
    "checksum-offload",
    "mtu",
    "neighbours",
    "address-conflict",
    "way-out",
    "firewall",
    "other-programs",
    "backlog",
    "sockets",
    "settings",
    "queues",
    "agent",
    "refused",
    "sending",
    "peer-configuration",
    "multicast",
    "periodic",
    "peer-answers",
    "peer-mtu",
    "peer-speeds",
    "peer-drivers",
    "peer-offloads",
    "peer-vlans",
    "peer-releases",
    "peer-clocks",
];

fn nobody_is_accused() -> Result<()> {
    in_running_lab(plan(), |lab| {
        let network = lab
            .plan()
            .label(heartbeat_tests::lab::cast::PRIVATE)
            .to_owned();
        let found = diagnose(lab, A, &["--network", &network])?;
        for rule in WITNESSES {
            let fine = found.lines(rule, "fine");
            ensure!(fine.len() == 1, "{rule} is not fine: {}", found.printed);
        }
        let about_networks = found.findings.iter().filter(|finding| {
            finding["verdict"] == "suspicious"
                && (finding["networks"].is_array() || finding["peer"].is_string())
        });
        ensure!(about_networks.count() == 0, "{:?}", found.suspicious());
        Ok(())
    })
}

fn without_agent() -> Result<()> {
    let lab = Lab::build(plan())?;
    write_files(&lab, A)?;
    let found = diagnose(&lab, A, &["--peer", "node-b"])?;
    let why = found.lines("agent", "unreadable");
    ensure!(
        why.len() == 1 && why[0].contains("no agent answers"),
        "{why:?}"
    );
    ensure!(
        found.lines("carrier", "fine").len() == 1,
        "{}",
        found.printed
    );
    let asked = found.lines("peer-answers", "absent");
    ensure!(asked == ["no agent is here to ask peers"], "{asked:?}");
    Ok(())
}

fn wrong_usage() -> Result<()> {
    let lab = Lab::build(plan())?;
    write_files(&lab, A)?;
    let file = lab.files().configuration(A).display().to_string();
    for (more, hint) in [
        (["--peer", "node-z"], "no node is called 'node-z'"),
        (["--network", "moon"], "no network is called 'moon'"),
        (["--node", "node-z"], "find node 'node-z'"),
    ] {
        let arguments = ["diagnose", "--config", &file, more[0], more[1]];
        let output = lab.run_heartbeat(A, &arguments)?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(
            output.status.code() == Some(2) && said.contains(hint),
            "{more:?}: {said}"
        );
    }
    Ok(())
}
