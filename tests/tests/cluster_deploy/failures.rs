//! What stops a roll-out, before anything is touched or half-way.

use std::fs;
use std::net::UdpSocket;
use std::os::unix::fs::PermissionsExt as _;

use anyhow::{Context, Result, ensure};
use heartbeat_tests::lab::batch;
use heartbeat_tests::lab::binary;
use heartbeat_tests::lab::cast::{A, B, PRIVATE, PUBLIC};
use heartbeat_tests::suite::Test;

use crate::operator::on_hosts;

pub const TESTS: &[Test] = &[
    (
        "a host that cannot be a node is found before any host is touched",
        refused_beforehand,
    ),
    (
        "a node that does not come up stops the roll, and the way back that it names mends the cluster",
        stopped_halfway,
    ),
    (
        "a cluster that is not well to begin with is left alone, unless one says otherwise",
        not_well,
    ),
];

fn refused_beforehand() -> Result<()> {
    on_hosts(|operator| {
        let check = |arguments: &[&str], words: &[&str]| -> Result<()> {
            let said = operator.refused(arguments)?;
            ensure!(said.contains("nothing was changed on any host"), "{said}");
            ensure!(
                words.iter().all(|word| said.contains(word)),
                "{words:?} are not in: {said}"
            );
            operator.untouched()
        };
        check(
            &["--user", "guest"],
            &["node-a", "node-c", "without a password"],
        )?;
        check(&["--user", "nobody-knows-them"], &["not reached by ssh"])?;

        let port = operator
            .lab
            .node(A)
            .enter(|| UdpSocket::bind("0.0.0.0:3343").context("bind"))?;
        check(&[], &["node-a: UDP port 3343 is taken"])?;
        drop(port);

        let public = operator.lab.plan().address(B, PUBLIC);
        let address = format!("{public}/24 dev public\n");
        batch::ip(operator.lab.node(B), &format!("addr del {address}"))?;
        check(
            &[],
            &["node-b: Public Network: none of its interfaces has 10.77.2.2"],
        )?;
        batch::ip(operator.lab.node(B), &format!("addr add {address}"))?;

        operator.hosts[2].said("umount /sys/fs/bpf")?;
        check(&[], &["node-c: no BPF file system is mounted"])?;
        operator.hosts[2].said("mount -t bpf bpf /sys/fs/bpf")?;

        operator.write(&operator.configuration().replace("10.77.2.3", "10.77.9.3"))?;
        let said = operator.refused(&[])?;
        ensure!(said.contains("cluster.toml:"), "{said}");
        operator.untouched()?;
        // What was in the way was all that was: the same hosts are taken now.
        operator.write(&operator.configuration())?;
        let said = operator.deployed(&["--dry-run"])?;
        ensure!(said.matches("start the agent").count() == 3, "{said}");
        operator.untouched()
    })
}

fn stopped_halfway() -> Result<()> {
    on_hosts(|operator| {
        operator.deployed(&[])?;
        let before = operator.agents()?;
        let digest = operator.hosts[1].said("sha256sum /usr/sbin/heartbeat")?;
        let good = operator.binary.clone();
        operator.binary = operator.folder.join("broken");
        let program = binary::find()?;
        fs::write(
            &operator.binary,
            format!(
                "#!/bin/sh\nif [ \"$1 $(hostname)\" = 'run node-b' ]; then exit 1; fi\nexec {} \"$@\"\n",
                program.display()
            ),
        )?;
        fs::set_permissions(&operator.binary, fs::Permissions::from_mode(0o755))?;
        let said = operator.refused(&["--patience", "4"])?;
        for words in [
            "stopped at node-b",
            "done: node-a",
            "not begun: node-c",
            "--rollback",
            "node-b does not answer",
        ] {
            ensure!(said.contains(words), "{words:?} is not in: {said}");
        }
        let stopped = operator.agents()?;
        ensure!(
            stopped[1].is_empty() && stopped[2] == before[2],
            "{before:?} {stopped:?}"
        );

        operator.binary = good;
        let said = operator.deployed(&["--rollback"])?;
        ensure!(
            said.matches("back, and well").count() == 2 && !said.contains("node-c:"),
            "{said}"
        );
        ensure!(
            operator.hosts[1].said("sha256sum /usr/sbin/heartbeat")? == digest,
            "another agent is back"
        );
        ensure!(
            operator.agents()?[2] == before[2],
            "node-c had nothing to go back to"
        );
        let said = operator.deployed(&[])?;
        ensure!(said.contains("Everything is in place."), "{said}");
        Ok(())
    })
}

fn not_well() -> Result<()> {
    on_hosts(|operator| {
        operator.deployed(&[])?;
        let agents = operator.agents()?;
        operator.binary = operator.newer_binary()?;
        // Between two pairs, so that no single node is at fault.
        let _first = operator.lab.drop_from(A, PRIVATE)?;
        let _second = operator.lab.drop_from(B, PUBLIC)?;
        heartbeat_tests::lab::wait::until("node-c to lose both", crate::operator::LIMIT, || {
            let status = operator.hosts[2].status()?;
            let paths = status["paths"].as_array().context("paths")?;
            let lost = paths.iter().filter(|path| path["state"] == "lost");
            Ok((lost.count() == 2).then_some(()))
        })?;
        let said = operator.refused(&[]);
        ensure!(
            said.as_ref()
                .is_ok_and(|said| said.contains("not well to begin with")),
            "{said:?}"
        );
        ensure!(operator.agents()? == agents, "an agent was restarted");
        let said = operator.deployed(&["--despite-losses"])?;
        ensure!(
            said.contains("All paths between 3 nodes are up, but for 4 that were lost before."),
            "{said}"
        );
        let restarted = operator.agents()?;
        ensure!(
            agents.iter().zip(&restarted).all(|(old, new)| old != new),
            "{restarted:?}"
        );
        Ok(())
    })
}
