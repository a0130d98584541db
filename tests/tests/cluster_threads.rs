//! The threads of a running agent: which of them has a priority, and what each may do.
//!
//! What a thread inherits depends on the moment it was made, so a thread that somebody adds in the wrong place
//! keeps all of root's privileges without a word. Here every thread of an agent that has done everything once
//! is looked at.

use std::collections::BTreeMap;
use std::fs;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use heartbeat_tests::lab::cast::A;
use heartbeat_tests::lab::plan::Plan;
use heartbeat_tests::lab::{Lab, requirements};
use heartbeat_tests::suite::{Suite, Test, in_running_lab};

/// CAP_NET_ADMIN and CAP_BPF, as /proc shows them.
const KEPT: u64 = 1 << 12 | 1 << 39;
/// Policies of sched(7), as /proc shows them.
const NORMAL: u32 = 0;
/// What a machine grants on which an agent may not use all CPUs.
const FIXED: u32 = 1;
const DEADLINE: u32 = 6;

const TESTS: &[Test] = &[(
    "of all threads of an agent only the loop keeps two capabilities, and only loop and sender have a priority",
    threads,
)];

fn main() -> ExitCode {
    Suite {
        missing: requirements::missing_for_agents,
        threads: 1,
        tests: &[TESTS],
    }
    .run()
}

/// A thread as /proc shows it.
#[derive(Debug)]
struct Thread {
    name: String,
    /// Permitted, effective, inheritable, ambient and bounding.
    sets: [u64; 5],
    no_new_privileges: bool,
    policy: u32,
}

fn threads() -> Result<()> {
    let plan = Plan::nodes(2)
        .two_networks()
        .timing(Duration::from_millis(100), 10);
    in_running_lab(plan, |lab| {
        // Somebody asked over both ways in, so that there are threads for that.
        lab.metrics(A)?;
        let asked = lab.run_heartbeat(A, &["events", "--socket", &socket(lab)])?;
        ensure!(asked.status.success(), "{asked:?}");
        let threads = look(lab)?;
        for name in [
            "heartbeat",
            "heartbeat-tx",
            "heartbeat-log",
            "heartbeat-ask",
        ] {
            ensure!(
                threads.iter().any(|thread| thread.name == name),
                "{threads:x?}"
            );
        }
        let mut policies = BTreeMap::new();
        for thread in &threads {
            let kept = if thread.name == "heartbeat" { KEPT } else { 0 };
            let [permitted, effective, inheritable, ambient, bounding] = thread.sets;
            ensure!(permitted == kept && effective == kept, "{thread:x?}");
            ensure!(inheritable == 0 && ambient == 0, "{thread:x?}");
            ensure!(bounding == kept, "{thread:x?}");
            ensure!(thread.no_new_privileges, "{thread:x?}");
            policies.insert(thread.name.as_str(), thread.policy);
        }
        for (name, policy) in policies {
            let expected: &[u32] = match name {
                "heartbeat" | "heartbeat-tx" => &[DEADLINE, FIXED],
                _ => &[NORMAL],
            };
            ensure!(expected.contains(&policy), "{name} has policy {policy}");
        }
        Ok(())
    })
}

fn socket(lab: &Lab) -> String {
    lab.files().socket(A).display().to_string()
}

fn look(lab: &mut Lab) -> Result<Vec<Thread>> {
    let tasks = format!("/proc/{}/task", lab.agent(A)?.pid());
    let mut threads = Vec::new();
    for entry in fs::read_dir(&tasks).with_context(|| format!("read {tasks}"))? {
        let path = entry?.path();
        let status = fs::read_to_string(path.join("status"))?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.map(str::trim).with_context(|| format!("find {name}"))
        };
        let set = |name| -> Result<u64> { Ok(u64::from_str_radix(field(name)?, 16)?) };
        threads.push(Thread {
            name: field("Name:")?.to_owned(),
            sets: [
                set("CapPrm:")?,
                set("CapEff:")?,
                set("CapInh:")?,
                set("CapAmb:")?,
                set("CapBnd:")?,
            ],
            no_new_privileges: field("NoNewPrivs:")? == "1",
            policy: policy(&fs::read_to_string(path.join("stat"))?)?,
        });
    }
    Ok(threads)
}

/// The 41st field; the second may hold anything, but ends with the last bracket.
fn policy(stat: &str) -> Result<u32> {
    let (_, rest) = stat.rsplit_once(") ").context("read stat")?;
    let policy = rest.split_whitespace().nth(38).context("read stat")?;
    Ok(policy.parse()?)
}
