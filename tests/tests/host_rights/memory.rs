//! Locked memory, and life after CAP_IPC_LOCK. Each part is played by a process of its own.

use std::fs;
use std::hint::black_box;
use std::os::unix::process::ExitStatusExt as _;
use std::thread;

use anyhow::{Context, Result, bail, ensure};
use caps::Capability;
use heartbeat_tests::suite::Test;
use heartbeat_user::privilege;
use heartbeat_user::sender::memory::{Locked, lock};
use nix::sys::mman::{MlockAllFlags, mlockall};
use nix::sys::resource::{RLIM_INFINITY, Resource, setrlimit};
use nix::sys::signal::Signal;

use crate::child;
use crate::rights::{START, become_nobody};

pub const TESTS: &[Test] = &[
    (
        "with a limit, code stays locked and everything else lives on after CAP_IPC_LOCK is gone",
        || expect("limited", Locked::Present),
    ),
    (
        "where the limit can be lifted, later memory is locked as well",
        liftable,
    ),
    (
        "without the capability and within a small limit, nothing is locked and everything works",
        || expect("unprivileged", Locked::Nothing),
    ),
    (
        "locking later memory under a limit would fail every allocation",
        || expect_trap("locked-later", None),
    ),
    (
        "locking the whole stack under a limit would end the process when it grows",
        || expect_trap("locked-stack", Some(Signal::SIGSEGV)),
    ),
];

/// What Linux gives a process by default.
const LIMIT: u64 = 8 << 20;
const MANY_BYTES: usize = 4 * LIMIT as usize;

fn expect(part: &str, locked: Locked) -> Result<()> {
    let said = child::said(&format!("memory {part}"))?;
    println!("{part}: {said}");
    let (label, kib) = said.split_once(' ').context("read what the child said")?;
    ensure!(label == locked.label(), "{said}");
    ensure!((locked == Locked::Nothing) == (kib == "0"), "{said}");
    Ok(())
}

/// Whoever may not lift the limit falls back to what a limit allows, which is worth knowing as well.
fn liftable() -> Result<()> {
    let lifted = child::said("memory may-lift")? == "yes";
    let expected = if lifted { Locked::All } else { Locked::Present };
    println!("this process may lift the limit: {lifted}");
    expect("root", expected)
}

fn expect_trap(part: &str, signal: Option<Signal>) -> Result<()> {
    let output = child::output(&format!("memory {part}"))?;
    ensure!(!output.status.success(), "it did no harm");
    match (signal, output.status.signal()) {
        (None, _) => Ok(()),
        (Some(expected), Some(signal)) if expected as i32 == signal => Ok(()),
        (Some(expected), _) => bail!("{} instead of {expected}", output.status),
    }
}

/// What a child does: it takes its rights, locks, gives its rights up, and lives.
pub fn play(part: &str) -> Result<String> {
    let limit = || setrlimit(Resource::RLIMIT_MEMLOCK, LIMIT, LIMIT);
    let locked = match part {
        "may-lift" => {
            let none = RLIM_INFINITY;
            let may = setrlimit(Resource::RLIMIT_MEMLOCK, none, none).is_ok();
            return Ok(if may { "yes" } else { "no" }.to_owned());
        }
        "limited" => {
            limit()?;
            become_nobody(&START)?;
            lock()
        }
        "root" => lock(),
        "unprivileged" => {
            let small = 64 << 10;
            setrlimit(Resource::RLIMIT_MEMLOCK, small, small)?;
            become_nobody(&[Capability::CAP_BPF])?;
            lock()
        }
        "locked-later" => {
            limit()?;
            mlockall(MlockAllFlags::MCL_CURRENT | MlockAllFlags::MCL_FUTURE)?;
            Locked::All
        }
        "locked-stack" => {
            limit()?;
            mlockall(MlockAllFlags::MCL_CURRENT)?;
            Locked::Present
        }
        _ => bail!("no part is called {part}"),
    };
    privilege::drop_for_good()?;
    live()?;
    Ok(format!("{} {}", locked.label(), locked_kib()?))
}

/// Allocates, grows what it has, makes threads, and grows the main thread's stack: this is the main thread.
fn live() -> Result<()> {
    let mut block: Vec<u8> = Vec::new();
    block
        .try_reserve_exact(MANY_BYTES)
        .context("allocate four times the limit")?;
    block.resize(MANY_BYTES, 1);
    block.extend_from_within(..);
    for _ in 0..4 {
        let thread = thread::Builder::new().spawn(|| black_box(vec![1_u8; MANY_BYTES]).len());
        let length = thread.context("make a thread")?.join();
        ensure!(length.is_ok_and(|length| length == MANY_BYTES), "a thread");
    }
    ensure!(deep(64) == 64, "the stack");
    Ok(())
}

/// Takes 64 KiB of stack for each level.
fn deep(levels: usize) -> usize {
    let frame = black_box([levels as u8; 64 << 10]);
    let below = if levels == 0 { 0 } else { 1 + deep(levels - 1) };
    black_box(&frame);
    below
}

fn locked_kib() -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status").context("read /proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmLck:"));
    let kib = line.context("find VmLck")?.trim().trim_end_matches(" kB");
    kib.parse().context("read VmLck")
}
