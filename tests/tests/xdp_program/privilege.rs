//! Which capabilities loading takes.
//!
//! Capabilities and user ids belong to threads in Linux, whatever libraries make of that. So a thread gives up
//! what an agent gives up, loads the program, and ends; the rest of the process stays root.

use std::thread;

use anyhow::{Context, Result, bail, ensure};
use caps::{CapSet, Capability, CapsHashSet};
use heartbeat_ebpf::verdict::Verdict;
use heartbeat_tests::program::path::{FIRST, Path};
use heartbeat_tests::program::{Program, open, verify};
use heartbeat_tests::suite::Test;
use nix::errno::Errno;
use nix::libc;

pub const TESTS: &[Test] = &[
    (
        "the program loads and runs with CAP_BPF and CAP_NET_ADMIN alone",
        || privileged_enough(None),
    ),
    ("the same as user 65534, who owns nothing", || {
        privileged_enough(Some(65_534))
    }),
    (
        "the traced program loads with CAP_PERFMON in addition",
        traced,
    ),
    (
        "either of the two capabilities alone is not enough",
        not_privileged_enough,
    ),
];

const ENOUGH: [Capability; 2] = [Capability::CAP_BPF, Capability::CAP_NET_ADMIN];

fn privileged_enough(user: Option<u32>) -> Result<()> {
    with(&ENOUGH, user, || {
        let program = Program::hearing()?;
        let verdict = program.verdict(&Path::plain().heartbeat(FIRST + 1))?;
        ensure!(verdict == Some(Verdict::Heartbeat), "{verdict:?}");
        Ok(())
    })
}

/// A log line is written through pointers that the verifier allows to nobody else.
fn traced() -> Result<()> {
    let [bpf, net_admin] = ENOUGH;
    let capabilities = [bpf, net_admin, Capability::CAP_PERFMON];
    with(&capabilities, Some(65_534), || {
        let mut object = open(heartbeat_user::object::program()?)?;
        verify(&mut object, "heartbeat_traced").map(drop)
    })
}

fn not_privileged_enough() -> Result<()> {
    for capability in ENOUGH {
        let loaded = with(&[capability], Some(65_534), || Program::load().map(drop));
        if loaded.is_ok() {
            bail!("{capability} alone was enough");
        }
    }
    with(&ENOUGH, Some(65_534), || Program::load().map(drop))
}

/// Does this on a thread that has these capabilities alone and, where one is given, is this user.
fn with<T: Send>(
    capabilities: &[Capability],
    user: Option<u32>,
    deed: impl FnOnce() -> Result<T> + Send,
) -> Result<T> {
    let wanted: CapsHashSet = capabilities.iter().copied().collect();
    thread::scope(|scope| {
        let thread = scope.spawn(|| {
            if let Some(user) = user {
                become_user(user).with_context(|| format!("become user {user}"))?;
            }
            caps::clear(None, CapSet::Inheritable)?;
            caps::set(None, CapSet::Effective, &wanted)?;
            caps::set(None, CapSet::Permitted, &wanted)?;
            ensure!(
                caps::read(None, CapSet::Effective)? == wanted,
                "capabilities stayed"
            );
            deed()
        });
        thread.join().expect("nobody panics on that thread")
    })
}

/// Makes this thread another user that keeps what it may do. The C library's setresuid would take the whole
/// process along.
fn become_user(user: u32) -> Result<()> {
    caps::securebits::set_keepcaps(true)?;
    for call in [libc::SYS_setresgid, libc::SYS_setresuid] {
        // SAFETY: both calls take three numbers and touch no memory.
        let result = unsafe { libc::syscall(call, user, user, user) };
        Errno::result(result)?;
    }
    Ok(())
}
