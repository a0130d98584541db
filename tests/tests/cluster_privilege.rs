//! An agent with no more rights than it needs: a user of its own, five capabilities to start with, two to go on with.
//!
//! A monitor runs on every node for years, so what a mistake in it could do must be little. Loading programs and
//! attaching them again when an interface comes back takes CAP_BPF and CAP_NET_ADMIN; priority, locked memory and the
//! like are had once, at the start. The awkward case is a thread that was started before the others were given up
//! and keeps them: so every thread is looked at, and the agent has to do later what it must do.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path as FilePath, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use heartbeat_tests::lab::cast::{A, B, PRIVATE};
use heartbeat_tests::lab::feed::Feed;
use heartbeat_tests::lab::metrics::http_get;
use heartbeat_tests::lab::plan::{Node, Plan};
use heartbeat_tests::lab::transcript::{Expected, Path};
use heartbeat_tests::lab::{Lab, binary, requirements};
use heartbeat_tests::suite::{NotInstalled, Suite, Test, in_lab, in_running_lab};

const INTERVAL: Duration = Duration::from_millis(100);
/// What may pass until an event on a busy machine, a carrier's second included.
const LIMIT: Duration = Duration::from_secs(10);
/// How long nothing else may come.
const QUIET: Duration = Duration::from_secs(1);

/// A user that owns nothing else.
const USER: u32 = 64_334;
/// What the agent of such a user is started with, as setpriv(1) takes it.
const AT_START: &str = "-all,+bpf,+net_admin,+net_raw,+sys_nice,+ipc_lock";
/// What the main thread has later, and no other more: CAP_BPF (39) and CAP_NET_ADMIN (12).
const LATER: u64 = 1 << 39 | 1 << 12;
/// Pages asked for after the start: none may fail for want of lockable memory.
const PAGES: usize = 200;

const TESTS: &[Test] = &[
    (
        "a user of its own with five capabilities runs an agent that sees a cut and attaches again, with two",
        own_user,
    ),
    (
        "started by root, an agent goes on with two capabilities as well",
        root,
    ),
];

fn main() -> ExitCode {
    Suite {
        missing: requirements::missing_for_agents,
        threads: 1,
        tests: &[TESTS],
    }
    .run()
}

fn plan() -> Plan {
    Plan::nodes(2).two_networks().timing(INTERVAL, 3)
}

fn own_user() -> Result<()> {
    if !requirements::is_installed("setpriv") {
        return Err(NotInstalled("setpriv").into());
    }
    in_lab(plan(), |lab| {
        lab.write_missing_files()?;
        let program = program_for_user(lab)?;
        give_to_user(&lab.name().directory())?;
        give_to_user(&lab.name().pins())?;
        for node in [A, B] {
            lab.start_agent_with(node, &program)?;
        }
        lab.wait_all_up()?;
        for node in [A, B] {
            ensure!(
                user(lab, node)? == USER,
                "the agent of {node} runs as another user"
            );
        }
        works_with_two_capabilities(lab)
    })
}

fn root() -> Result<()> {
    in_running_lab(plan(), |lab| {
        ensure!(user(lab, A)? == 0, "the agent runs as another user");
        works_with_two_capabilities(lab)?;
        cannot_gain(lab, A)
    })
}

/// A script that becomes the agent of the user, with little memory to lock. The binary lies beside it, for where it
/// was built others may have no entry.
fn program_for_user(lab: &Lab) -> Result<PathBuf> {
    let directory = lab.name().directory();
    let copy = directory.join("heartbeat");
    fs::copy(binary::find()?, &copy).context("copy the agent's binary")?;
    let script = directory.join("heartbeat-of-user");
    let text = format!(
        "#!/bin/sh\n\
         ulimit -l 1024\n\
         exec setpriv --reuid {USER} --regid {USER} --clear-groups --inh-caps={AT_START} \
         --ambient-caps={AT_START} --bounding-set={AT_START} {} \"$@\"\n",
        copy.display()
    );
    fs::write(&script, text).context("write the script that starts an agent")?;
    fs::set_permissions(&script, Permissions::from_mode(0o755))?;
    Ok(script)
}

/// As a package's installation does it: the directory, entered by nobody else, and what lies in it.
fn give_to_user(directory: &FilePath) -> Result<()> {
    let give = |path: &FilePath| {
        chown(path, Some(USER), Some(USER)).with_context(|| format!("give away {}", path.display()))
    };
    give(directory)?;
    fs::set_permissions(directory, Permissions::from_mode(0o700))?;
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            give_to_user(&path)?;
        } else {
            give(&path)?;
        }
    }
    Ok(())
}

/// All that an agent does later, and the proof that it has no other rights while it does it.
fn works_with_two_capabilities(lab: &mut Lab) -> Result<()> {
    let mut feed = Feed::from_now(lab)?;
    has_two_capabilities(lab, A)?;
    let (status, _) = lab.status(A)?;
    ensure!(
        status["scheduling"] != "normal",
        "the sender has no priority of its own, though the agent could have had it"
    );
    let to_b = lab.plan().path(A, B, PRIVATE);
    let fault = lab.drop_between(B, A, PRIVATE)?;
    feed.wait_for(&Expected::lost([to_b.clone()]), LIMIT)?;
    ensure!(0 < fault.heal()?.dropped, "the switch dropped nothing");
    feed.wait_for(&Expected::lost_and_restored([to_b]), LIMIT)?;
    attaches_again(lab)?;
    for _ in 0..PAGES {
        http_get(lab.node(A), "/metrics", LIMIT)?;
    }
    lab.check_agents()?;
    has_two_capabilities(lab, A)?;
    has_two_capabilities(lab, B)
}

/// Removing an interface ends the program on it; a new one needs it again.
fn attaches_again(lab: &Lab) -> Result<()> {
    let plan = lab.plan();
    let paths: Vec<Path> = plan
        .paths_to(A, PRIVATE)
        .chain(plan.paths_from(A, PRIVATE))
        .collect();
    let mut feed = Feed::from_now(lab)?;
    let fault = lab.remove_interface(A, PRIVATE)?;
    feed.wait_for(&Expected::lost(paths.clone()), LIMIT)?;
    fault.heal()?;
    let restored = Expected::lost_and_restored(paths);
    feed.wait_for(&restored, LIMIT)?;
    feed.nothing_but(&restored, QUIET)
}

fn has_two_capabilities(lab: &mut Lab, node: Node) -> Result<()> {
    let threads = threads(lab, node)?;
    ensure!(
        2 <= threads.len(),
        "the agent of {node} has no sender thread"
    );
    for (thread, status) in threads {
        for set in ["CapEff", "CapPrm", "CapInh", "CapAmb"] {
            let has = capabilities(&status, set)?;
            ensure!(
                has & !LATER == 0,
                "{thread} of {node} has {set} {has:x}, more than {LATER:x}"
            );
        }
        if field(&status, "Tgid") == field(&status, "Pid") {
            for set in ["CapEff", "CapPrm"] {
                let has = capabilities(&status, set)?;
                ensure!(
                    has == LATER,
                    "the main thread of {node} has {set} {has:x} instead of {LATER:x}"
                );
            }
        }
    }
    Ok(())
}

/// What root may give up for good: no program that the agent might be made to run gains anything.
fn cannot_gain(lab: &mut Lab, node: Node) -> Result<()> {
    for (thread, status) in threads(lab, node)? {
        let has = capabilities(&status, "CapBnd")?;
        ensure!(
            has & !LATER == 0,
            "{thread} of {node} has CapBnd {has:x}, more than {LATER:x}"
        );
        ensure!(
            field(&status, "NoNewPrivs") == Some("1"),
            "{thread} of {node} may gain privileges by running a program"
        );
    }
    Ok(())
}

/// Name and status of every thread of the node's agent.
fn threads(lab: &mut Lab, node: Node) -> Result<Vec<(String, String)>> {
    let tasks = format!("/proc/{}/task", lab.agent(node)?.pid());
    fs::read_dir(&tasks)
        .with_context(|| format!("read {tasks}"))?
        .map(|task| {
            let path = task?.path();
            let status = fs::read_to_string(path.join("status"))?;
            let name = field(&status, "Name").unwrap_or("a thread").to_owned();
            Ok((name, status))
        })
        .collect()
}

fn field<'a>(status: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = status.lines();
    lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(":").map(str::trim))
}

fn capabilities(status: &str, set: &str) -> Result<u64> {
    let text = field(status, set).with_context(|| format!("no {set} in {status}"))?;
    u64::from_str_radix(text, 16).with_context(|| format!("{set} is {text}"))
}

/// The effective user of the node's agent.
fn user(lab: &mut Lab, node: Node) -> Result<u32> {
    let path = format!("/proc/{}/status", lab.agent(node)?.pid());
    let status = fs::read_to_string(&path).with_context(|| format!("read {path}"))?;
    let users = field(&status, "Uid").context("a status without users")?;
    let effective = users.split_whitespace().nth(1);
    Ok(effective
        .context("a status without an effective user")?
        .parse()?)
}
