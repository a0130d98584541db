//! Other people on this host: a stranger, and a member of the agent's group.
//!
//! User ids belong to threads in Linux. So a connection is made on a thread that has become somebody else and
//! ends with that; a program is started by `setpriv`. The agent's group is put into an /etc/group that only
//! the agent under test sees, because a test must not change the host's.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::thread;

use anyhow::{Context, Result, ensure};
use heartbeat_tests::lab::agent::Agent;
use heartbeat_tests::lab::plan::Node;
use heartbeat_tests::lab::{Lab, binary, wait};
use nix::libc;

use crate::ground::{LIMIT, text};

/// A user that owns nothing.
pub const NOBODY: u32 = 65_534;
/// The number that the agents of these tests know their group by.
pub const GROUP: u32 = 54_321;

/// Starts the node's agent on a host that has the group; the lab does not know of it.
pub fn start_agent_with_group(lab: &Lab, node: Node) -> Result<Agent> {
    let directory = lab.name().directory();
    let (groups, script) = (directory.join("group"), directory.join("with-group"));
    fs::write(&groups, format!("root:x:0:\nheartbeat-ebpf:x:{GROUP}:\n"))?;
    fs::write(
        &script,
        format!(
            "#!/bin/sh\nexec unshare --mount --propagation private sh -c 'mount --bind {} /etc/group && exec \"$@\"' sh {} \"$@\"\n",
            groups.display(),
            binary::find()?.display()
        ),
    )?;
    fs::set_permissions(&script, Permissions::from_mode(0o700))?;
    let mut agent = Agent::start(&script, lab.node(node), lab.files(), node)?;
    wait::until("an agent's socket", LIMIT, || {
        agent.check_running()?;
        Ok(UnixStream::connect(lab.files().socket(node)).ok())
    })?;
    open_to_others(lab)?;
    Ok(agent)
}

/// Lets others reach the lab's directory, where sockets lie that their modes guard, and puts the binary there.
pub fn open_to_others(lab: &Lab) -> Result<PathBuf> {
    let directory = lab.name().directory();
    fs::set_permissions(&directory, Permissions::from_mode(0o711))?;
    let program = directory.join("heartbeat");
    if !program.exists() {
        fs::copy(binary::find()?, &program).context("copy the binary")?;
    }
    Ok(program)
}

/// Runs `heartbeat` as nobody, with these further groups.
pub fn run_as_nobody(
    lab: &Lab,
    socket: &Path,
    groups: &[u32],
    arguments: &[&str],
) -> Result<Output> {
    let program = open_to_others(lab)?;
    let mut command = Command::new("setpriv");
    command.args(["--reuid", "65534", "--regid", "65534"]);
    match groups {
        [] => command.arg("--clear-groups"),
        groups => {
            let list: Vec<String> = groups.iter().map(u32::to_string).collect();
            command.args(["--groups", &list.join(",")])
        }
    };
    let output = command
        .arg(program)
        .args(arguments)
        .arg("--socket")
        .arg(socket)
        .output()
        .context("run setpriv (util-linux)")?;
    ensure!(
        !text(&output.stderr).contains("panicked"),
        "{}",
        text(&output.stderr)
    );
    Ok(output)
}

/// Does something as nobody in the agents' group, on a thread that ends with it.
pub fn as_member<T: Send>(work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    thread::scope(|scope| {
        let member = scope.spawn(|| {
            let same = |id: u32| (id, id, id);
            let (group, user) = (same(GROUP), same(NOBODY));
            // SAFETY: the raw calls take numbers and change this thread alone, which ends with its work.
            let changed = unsafe {
                libc::syscall(libc::SYS_setgroups, 0, std::ptr::null::<u32>()) == 0
                    && libc::syscall(libc::SYS_setresgid, group.0, group.1, group.2) == 0
                    && libc::syscall(libc::SYS_setresuid, user.0, user.1, user.2) == 0
            };
            ensure!(changed, "{}", std::io::Error::last_os_error());
            work()
        });
        member
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}
