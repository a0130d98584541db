//! What systemd makes of the packages: it starts the agent, watches it, starts it again, and ends it.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use heartbeat_tests::hosts::Host;
use heartbeat_tests::hosts::debian::done;
use heartbeat_tests::lab::event::{AGENT_RESTARTING, NODE_LEFT, PATH_LOST};
use heartbeat_tests::lab::wait;
use heartbeat_tests::suite::Test;

use super::root::{built, package};
use super::systemd::{Hosts, LIMIT, install, on_hosts, property, wait_for};

pub const TESTS: &[Test] = &[
    (
        "systemd runs the agent with what its unit grants, and starts it again when it is killed or hangs, but not after a mistake",
        watched,
    ),
    (
        "under systemd an upgrade is announced and loses nobody, a program hears of it, and a removal leaves no trace",
        upgraded_and_removed,
    ),
    (
        "what a tarball says of its installation is true",
        from_a_tarball,
    ),
];

fn watched() -> Result<()> {
    let package = package(1)?;
    on_hosts(|hosts| {
        hosts.run(&package)?;
        confined(&hosts.a)?;
        hosts.a.said("systemctl reload heartbeat-ebpf")?;
        killed(hosts)?;
        hanging(hosts)?;
        mistaken(hosts)
    })
}

/// It has no more than it needs, and could do all it wanted to at its start.
fn confined(host: &Host) -> Result<()> {
    let pid = property(host, "MainPID")?;
    let status = host.said(&format!("cat /proc/{pid}/status"))?;
    let value = |key: &str| {
        let mut lines = status.lines();
        let value = lines.find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
        value.unwrap_or_default().trim().to_owned()
    };
    let capabilities = u64::from_str_radix(&value("CapPrm"), 16)?;
    ensure!(capabilities.count_ones() == 2, "{capabilities:x}");
    ensure!(
        value("NoNewPrivs") == "1" && value("Seccomp") == "2",
        "{status}"
    );
    let user = host.said("id -u heartbeat-ebpf")?;
    ensure!(value("Uid").starts_with(user.trim()), "{status}");
    closed(host, &pid)?;
    let log = host.said("journalctl --no-pager --output=cat --unit=heartbeat-ebpf")?;
    ensure!(
        log.contains("authentication on, sender at deadline priority, main loop at deadline priority, memory locked"),
        "{log}"
    );
    Ok(())
}

/// Of the host it may change its own folders alone, and sees nobody else's pins.
fn closed(host: &Host, pid: &str) -> Result<()> {
    let pins = |root: &str| host.said(&format!("ls {root}/sys/fs/bpf"));
    host.said("mkdir /sys/fs/bpf/another")?;
    ensure!(pins("")?.contains("another\n"), "nobody else has pins");
    let seen = pins(&format!("/proc/{pid}/root"))?;
    ensure!(seen == "heartbeat-ebpf\n", "it sees {seen}");
    host.said("rmdir /sys/fs/bpf/another")?;
    let mode = host.said("stat -c %a /sys/fs/bpf")?;
    ensure!(mode.ends_with("700\n"), "the host's pins are open: {mode}");
    // What root may write on the host, root could not either where the agent is.
    let writable = |inside: &str, place: &str| -> Result<bool> {
        let asked = host.run(&format!("{inside} test -w {place}"))?;
        Ok(asked.status.success())
    };
    let inside = format!("nsenter --target {pid} --mount");
    for place in ["/sys", "/usr", "/etc", "/var/lib"] {
        ensure!(writable("", place)?, "{place} is closed to everybody");
        ensure!(!writable(&inside, place)?, "{place} is open to the agent");
    }
    ensure!(
        writable(&inside, "/var/lib/heartbeat-ebpf")?
            && writable(&inside, "/sys/fs/bpf/heartbeat-ebpf")?,
        "its own folders are closed"
    );
    Ok(())
}

fn killed(hosts: &Hosts) -> Result<()> {
    hosts
        .a
        .said("systemctl kill --signal=KILL heartbeat-ebpf")?;
    wait_for(&hosts.a, "NRestarts", "1")?;
    wait_for(&hosts.a, "ActiveState", "active")?;
    hosts.wait_up()
}

/// With less patience than the unit has, in a file that an operator would write.
fn hanging(hosts: &Hosts) -> Result<()> {
    let host = &hosts.a;
    host.said(
        "mkdir /etc/systemd/system/heartbeat-ebpf.service.d && cd /etc/systemd/system/heartbeat-ebpf.service.d &&
         printf '[Service]\nWatchdogSec=3s\n' >impatient.conf && systemctl daemon-reload && systemctl restart heartbeat-ebpf",
    )?;
    hosts.wait_up()?;
    let restarts: u32 = property(host, "NRestarts")?.parse()?;
    host.said("systemctl kill --signal=STOP heartbeat-ebpf")?;
    wait_for(host, "NRestarts", &(restarts + 1).to_string())?;
    let log = host.said("journalctl --no-pager --output=cat --unit=heartbeat-ebpf")?;
    ensure!(log.contains("Watchdog timeout"), "{log}");
    hosts.wait_up()
}

fn mistaken(hosts: &Hosts) -> Result<()> {
    let host = &hosts.a;
    host.said("cp /etc/heartbeat-ebpf/cluster.toml /root/ && echo '[agent]\nfoo = 1' >>/etc/heartbeat-ebpf/cluster.toml")?;
    let output = host.run("systemctl restart heartbeat-ebpf")?;
    ensure!(
        !output.status.success(),
        "a configuration with a mistake was taken"
    );
    ensure!(
        property(host, "ActiveState")? == "failed" && property(host, "ExecMainStatus")? == "2",
        "{}",
        host.said("systemctl show heartbeat-ebpf")?
    );
    host.said("cp /root/cluster.toml /etc/heartbeat-ebpf/ && systemctl start heartbeat-ebpf")?;
    hosts.wait_up()
}

fn upgraded_and_removed() -> Result<()> {
    let (old, new) = (package(1)?, package(2)?);
    on_hosts(|hosts| {
        hosts.run(&old)?;
        program(&hosts.b)?;
        let before = property(&hosts.a, "MainPID")?;
        install(&hosts.a, &new)?;
        ensure!(
            property(&hosts.a, "MainPID")? != before,
            "the old agent goes on"
        );
        hosts.wait_up()?;
        ensure!(
            hosts.b.count(AGENT_RESTARTING)? == 1,
            "it was not announced"
        );
        ensure!(hosts.b.count(PATH_LOST)? == 0, "the upgrade lost somebody");
        heard(&hosts.b, AGENT_RESTARTING)?;
        removed(hosts)?;
        heard(&hosts.b, NODE_LEFT)
    })
}

/// A program for events, which keeps them where its unit lets it.
fn program(host: &Host) -> Result<()> {
    host.said(
        "cd /etc/heartbeat-ebpf/hooks && printf '#!/bin/sh\ncat >>$STATE_DIRECTORY/heard\n' >note && chmod 755 note &&
         systemctl start heartbeat-ebpf-hook@note",
    )
    .map(drop)
}

fn heard(host: &Host, id: u32) -> Result<()> {
    wait::until("a program to hear an event", LIMIT, || {
        let heard = host.said("cat /var/lib/heartbeat-ebpf-hook/note/heard 2>/dev/null || true")?;
        Ok(heard.contains(&format!("\"id\":{id}")).then_some(()))
    })
}

fn removed(hosts: &Hosts) -> Result<()> {
    let traces = || {
        hosts
            .a
            .said("find /sys/fs/bpf/heartbeat-ebpf /usr/lib/systemd/system/heartbeat* -type f 2>/dev/null || true")
    };
    let before = traces()?;
    ensure!(
        before.contains("/heartbeat-ebpf-pins.service\n") && before.contains("/sys/fs/bpf/"),
        "{before}"
    );
    let said = hosts.a.said("dpkg --remove heartbeat-ebpf 2>&1")?;
    let left = traces()?;
    ensure!(left.is_empty(), "{left} {said}");
    ensure!(hosts.a.agent()?.is_empty(), "an agent runs: {said}");
    wait::until("the farewell to be told", LIMIT, || {
        Ok((hosts.b.count(NODE_LEFT)? == 1).then_some(()))
    })?;
    ensure!(hosts.b.count(PATH_LOST)? == 0, "the removal lost somebody");
    Ok(())
}

/// Every line of its instructions, and what they leave to the operator.
fn from_a_tarball() -> Result<()> {
    let tarball = built(1, ".tar.xz")?;
    let text = done(
        Command::new("tar")
            .args([
                "--extract",
                "--to-stdout",
                "--wildcards",
                "*/INSTALL.md",
                "--file",
            ])
            .arg(&tarball),
    )?;
    let block = text.split("```").nth(1).context("instructions")?;
    on_hosts(|hosts| {
        for host in hosts.both() {
            host.put(&tarball, "/root/heartbeat.tar.xz")?;
            host.said("mkdir /root/unpacked && tar --extract --strip-components=1 --directory=/root/unpacked --file=/root/heartbeat.tar.xz")?;
            follow(hosts, host, block)?;
        }
        hosts.wait_up()
    })
}

fn follow(hosts: &Hosts, host: &Host, block: &str) -> Result<()> {
    for line in block.lines().filter(|line| !line.is_empty()) {
        host.said(&format!("cd /root/unpacked && {line}"))?;
        if line.contains("# edit it") {
            hosts.put(host, "cluster.toml", "/etc/heartbeat-ebpf")?;
        }
        if line.contains("# once; the same key") {
            hosts.put(host, "cluster.key", "/root/unpacked")?;
        }
    }
    Ok(())
}
