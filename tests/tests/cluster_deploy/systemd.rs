//! Hosts that a real systemd runs, as production's do.

use std::path::Path;

use anyhow::{Result, ensure};
use heartbeat_tests::hosts::debian::{self, Kind};
use heartbeat_tests::hosts::{Host, Services};
use heartbeat_tests::suite::Test;

use crate::operator::on_hosts_of;

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
        operator.take_back(&[])?;

        operator.deployed(&[])?;
        let agents = operator.agents()?;
        let again = operator.deployed(&[])?;
        ensure!(again.contains("Everything is in place."), "{again}");
        operator.deployed(&["--rotate-key"])?;
        ensure!(operator.agents()? == agents, "a new key restarted an agent");
        operator.renew()
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
