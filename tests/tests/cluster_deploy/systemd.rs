//! Hosts that a real systemd runs, as production's do.

use std::path::Path;

use anyhow::{Result, ensure};
use heartbeat_tests::hosts::debian::{self, Kind};
use heartbeat_tests::hosts::{Host, Services};
use heartbeat_tests::lab::interrupt;
use heartbeat_tests::suite::Test;

use crate::operator::{Operator, SYNCED, on_hosts_of};

pub const TESTS: &[Test] = &[(
    "hosts that systemd runs are brought up from nothing and back, and renewed without a lost heartbeat",
    from_nothing_and_back,
)];

fn from_nothing_and_back() -> Result<()> {
    let debian = debian::fetched(Path::new(env!("CARGO_TARGET_TMPDIR")), Kind::Systemd)?;
    on_hosts_of(Services::Systemd(&debian), |operator| {
        operator.untouched()?;
        let said = operator.deployed(&[])?;
        ensure!(said.contains("All paths between 3 nodes are up."), "{said}");
        for host in &operator.hosts {
            as_its_unit_says(host)?;
        }
        taken_back(operator)?;

        operator.deployed(&[])?;
        let agents = operator.agents()?;
        let again = operator.deployed(&[])?;
        ensure!(again.contains("Everything is in place."), "{again}");
        operator.deployed(&["--rotate-key"])?;
        ensure!(operator.agents()? == agents, "a new key restarted an agent");
        renewed(operator, &agents)
    })
}

/// systemd runs it, at boot too, as a user of its own who alone may read the key.
fn as_its_unit_says(host: &Host) -> Result<()> {
    let pid = host.said("systemctl show --property=MainPID --value heartbeat-ebpf")?;
    let agent = host.agent()?;
    ensure!(pid.trim() == agent, "{pid} is not the agent, {agent} is");
    host.said("systemctl --quiet is-enabled heartbeat-ebpf")?;
    let rights = host.said("stat -c '%a %U' /etc/heartbeat-ebpf/cluster.key")?;
    ensure!(rights == "600 heartbeat-ebpf\n", "{rights}");
    let user = host.said(&format!("stat -c %U /proc/{agent}"))?;
    ensure!(user == "heartbeat-ebpf\n", "it runs as {user}");
    Ok(())
}

/// Another agent is a restart of each, which its peers wait for.
fn renewed(operator: &mut Operator, before: &[String]) -> Result<()> {
    operator.binary = operator.newer_binary()?;
    operator.deployed(&[])?;
    let now = operator.agents()?;
    let same = before.iter().zip(&now).any(|(before, now)| before == now);
    ensure!(!same, "{before:?} {now:?}");
    interrupt::sleep(SYNCED)?;
    for host in &operator.hosts {
        let announced = operator.count(host, 334_304)?;
        ensure!(announced == 2, "{announced} restarts on {}", host.node);
    }
    operator.nothing_was_lost()
}

/// Nothing runs, nothing is enabled, and what was installed is gone.
fn taken_back(operator: &Operator) -> Result<()> {
    let back = operator.deployed(&["--rollback"])?;
    ensure!(
        back.matches("everything is as it was").count() == 3,
        "{back}"
    );
    for host in &operator.hosts {
        ensure!(host.agent()?.is_empty(), "an agent runs on {}", host.node);
        let left = host.said(
            "ls -d /usr/sbin/heartbeat /etc/systemd/system/*/heartbeat-ebpf* /etc/systemd/system/heartbeat-ebpf* \
             /etc/heartbeat-ebpf/* /sys/fs/bpf/*/*/*/* 2>/dev/null || true",
        )?;
        ensure!(left.is_empty(), "{left}");
    }
    Ok(())
}
