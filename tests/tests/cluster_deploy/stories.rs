//! What goes well.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use heartbeat_tests::lab::interrupt;
use heartbeat_tests::suite::Test;
use serde_json::Value;

use crate::operator::on_hosts;

pub const TESTS: &[Test] = &[
    (
        "a user with sudo brings three hosts up from nothing, a second run changes nothing, and a rollback leaves nothing",
        from_nothing_and_back,
    ),
    (
        "a new agent and a new configuration roll through a cluster that loses nothing by it, and back",
        renewed,
    ),
    (
        "the cluster's key is replaced while every heartbeat arrives",
        another_key,
    ),
];

fn from_nothing_and_back() -> Result<()> {
    on_hosts(|operator| {
        let ops = ["--user", "ops"];
        let plan = operator.deployed(&[&ops[..], &["--dry-run"]].concat())?;
        ensure!(
            plan.contains("native expected") && plan.contains("start the agent"),
            "{plan}"
        );
        operator.untouched()?;
        let key = operator.folder.join("cluster.key");
        ensure!(!key.exists(), "a dry run made a key");

        let said = operator.deployed(&ops)?;
        ensure!(said.contains("All paths between 3 nodes are up."), "{said}");
        operator.nothing_was_lost()?;
        let agents = operator.agents()?;
        ensure!(agents.iter().all(|agent| !agent.is_empty()), "{agents:?}");
        let rights = operator.hosts[1].said("stat -c '%a %U' /etc/heartbeat-ebpf/cluster.key")?;
        ensure!(rights == "600 root\n", "{rights}");
        let targets = fs::read_to_string(operator.folder.join("heartbeat-deployed.json"))?;
        let targets: Vec<Value> = serde_json::from_str(&targets)?;
        ensure!(targets.len() == 3, "{targets:?}");
        ensure!(targets[1]["targets"][0] == "10.77.1.2:13343", "{targets:?}");
        ensure!(
            targets[1]["labels"]["peer"] == "node-b"
                && targets[1]["labels"]["cluster"] == "deployed",
            "{targets:?}"
        );

        let again = operator.deployed(&ops)?;
        ensure!(again.contains("Everything is in place."), "{again}");
        ensure!(
            operator.agents()? == agents,
            "a second run restarted an agent"
        );
        let staged = operator.hosts[0].said("ls /var/tmp")?;
        ensure!(
            !staged.contains("heartbeat-deploy"),
            "left behind: {staged}"
        );

        operator.take_back(&ops)
    })
}

fn renewed() -> Result<()> {
    on_hosts(|operator| {
        operator.deployed(&[])?;
        operator.renew()?;
        let second = operator.agents()?;

        let slower = operator
            .configuration()
            .replace("lost_after = 3", "lost_after = 4");
        operator.write(&slower)?;
        let said = operator.deployed(&[])?;
        ensure!(said.matches("reload the agent").count() == 6, "{said}");
        ensure!(operator.agents()? == second, "a reload restarted an agent");
        for host in &operator.hosts {
            let status = host.status()?;
            ensure!(status["networks"][0]["lost_after"] == 4, "{status:#}");
        }

        let said = operator.deployed(&["--rollback"])?;
        ensure!(said.matches("back, and well").count() == 3, "{said}");
        ensure!(
            operator.agents()? == second,
            "the way back restarted an agent"
        );
        for host in &operator.hosts {
            let status = host.status()?;
            ensure!(status["networks"][0]["lost_after"] == 3, "{status:#}");
        }
        operator.nothing_was_lost()
    })
}

fn another_key() -> Result<()> {
    on_hosts(|operator| {
        operator.deployed(&[])?;
        let agents = operator.agents()?;
        let read = || -> Result<String> {
            operator.hosts[2].said("cut -c1-6 /etc/heartbeat-ebpf/cluster.key")
        };
        let before = read()?;
        ensure!(
            before.starts_with("1:") && before.lines().count() == 1,
            "{before}"
        );

        let said = operator.deployed(&["--rotate-key"])?;
        ensure!(
            said.matches("All paths between 3 nodes are up.").count() == 3,
            "{said}"
        );
        let after = read()?;
        ensure!(
            after.starts_with("2:") && after.lines().count() == 1,
            "{after}"
        );
        ensure!(operator.agents()? == agents, "a new key restarted an agent");
        // Two intervals under the new key alone.
        interrupt::sleep(Duration::from_millis(600))?;
        operator.nothing_was_lost()?;
        for host in &operator.hosts {
            let changes = host.count(334_312)?;
            ensure!(changes >= 3, "{} told of {changes} changes", host.node);
            let status = host.status()?;
            let frames = status["networks"][0]["frames"]
                .as_object()
                .context("frames by verdict")?;
            let refused: Vec<_> = frames
                .iter()
                .filter(|(verdict, count)| verdict.contains("auth") && **count != 0)
                .collect();
            ensure!(refused.is_empty(), "{}: {refused:?}", host.node);
        }
        // Nobody can skip the steps: a key of one's own parts no node from the others.
        fs::write(
            operator.folder.join("cluster.key"),
            format!("7:{}\n", "ab".repeat(32)),
        )?;
        let said = operator.refused(&[])?;
        ensure!(
            said.contains("--rotate-key") && said.contains("nothing was changed"),
            "{said}"
        );
        operator.nothing_was_lost()
    })
}
