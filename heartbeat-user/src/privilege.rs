//! Giving up privileges, thread by thread.
//!
//! An agent starts with what it needs to take its place: CAP_SYS_NICE for priority, CAP_IPC_LOCK for memory,
//! perhaps all of root's. What it needs for the rest of its life is CAP_BPF and CAP_NET_ADMIN: an interface
//! may come back and need its program, a network may need its multicast group. Everything else goes, so that
//! a mistake in reading what strangers send is worth no more than these two.
//!
//! The awkward case is that capabilities belong to threads. A thread inherits them from the one that makes it,
//! at that moment; what a thread gives up later, those that it made before keep. So every thread that is made
//! before the main thread has given up gives up for itself. No new privilege comes back by running another
//! program either: the bounding set is narrowed where that is allowed (CAP_SETPCAP), and PR_SET_NO_NEW_PRIVS
//! holds without it.

use anyhow::{Context, Result};
use caps::{CapSet, Capability, CapsHashSet};
use nix::errno::Errno;

/// What the main loop keeps.
const KEPT: [Capability; 2] = [Capability::CAP_BPF, Capability::CAP_NET_ADMIN];

/// The calling thread, and those that it will make, keep CAP_BPF and CAP_NET_ADMIN at most.
pub fn drop_for_good() -> Result<()> {
    keep(&KEPT)
}

/// The calling thread, and those that it will make, keep no capability.
pub fn drop_all() -> Result<()> {
    keep(&[])
}

/// The calling thread, `who`, keeps no capability; where that fails, it is logged, for it harms nobody yet.
pub fn shed(who: &str) {
    if let Err(error) = drop_all() {
        log::error!("{who} keeps privileges that it does not need: {error:#}");
    }
}

fn keep(kept: &[Capability]) -> Result<()> {
    forbid_new()?;
    narrow_bounding(kept)?;
    let permitted =
        caps::read(None, CapSet::Permitted).context("read this thread's capabilities")?;
    let left: CapsHashSet = permitted
        .into_iter()
        .filter(|capability| kept.contains(capability))
        .collect();
    let none = CapsHashSet::new();
    // The ambient set follows the inheritable one.
    for (set, value) in [
        (CapSet::Inheritable, &none),
        (CapSet::Effective, &left),
        (CapSet::Permitted, &left),
    ] {
        caps::set(None, set, value).with_context(|| format!("give up {set:?} capabilities"))?;
    }
    Ok(())
}

/// No program that is run from here ever gains anything.
fn forbid_new() -> Result<()> {
    // SAFETY: this call takes numbers and touches no memory.
    let result = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
    Errno::result(result).context("set PR_SET_NO_NEW_PRIVS")?;
    Ok(())
}

/// By numbers, because a kernel may know capabilities that no library does.
fn narrow_bounding(kept: &[Capability]) -> Result<()> {
    let kept = |number| {
        kept.iter()
            .any(|capability| libc::c_ulong::from(capability.index()) == number)
    };
    for number in (0..64).filter(|number| !kept(*number)) {
        if bounding(libc::PR_CAPBSET_READ, number) != Ok(1) {
            continue;
        }
        match bounding(libc::PR_CAPBSET_DROP, number) {
            Ok(_) => {}
            Err(Errno::EPERM) => {
                log::debug!("the bounding set stays (no CAP_SETPCAP); PR_SET_NO_NEW_PRIVS is set");
                return Ok(());
            }
            Err(error) => {
                return Err(error)
                    .with_context(|| format!("take capability {number} out of the bounding set"));
            }
        }
    }
    Ok(())
}

fn bounding(call: i32, number: libc::c_ulong) -> nix::Result<i32> {
    // SAFETY: both calls take numbers and touch no memory.
    let result = unsafe { libc::prctl(call, number, 0, 0, 0) };
    Errno::result(result)
}
