//! What a thread may do: read from the kernel, and set for a test.

use std::fs;

use anyhow::{Context, Result};
use caps::{CapSet, Capability, CapsHashSet};
use nix::errno::Errno;
use nix::libc;

/// A user that owns nothing.
pub const NOBODY: u32 = 65_534;

/// What a service manager gives an agent that is not root.
pub const START: [Capability; 5] = [
    Capability::CAP_BPF,
    Capability::CAP_NET_ADMIN,
    Capability::CAP_NET_RAW,
    Capability::CAP_SYS_NICE,
    Capability::CAP_IPC_LOCK,
];
/// What an agent keeps.
pub const KEPT: [Capability; 2] = [Capability::CAP_BPF, Capability::CAP_NET_ADMIN];

/// The sets of one thread, as /proc/PID/task/TID/status shows them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rights {
    pub inheritable: u64,
    pub permitted: u64,
    pub effective: u64,
    pub bounding: u64,
    pub ambient: u64,
    pub no_new_privileges: bool,
}

impl Rights {
    /// Those of a living thread of this process.
    pub fn of(thread: i32) -> Result<Self> {
        let path = format!("/proc/self/task/{thread}/status");
        let status = fs::read_to_string(&path).with_context(|| format!("read {path}"))?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let value = line.with_context(|| format!("{path} has no {name}"))?;
            u64::from_str_radix(value.trim(), 16).with_context(|| format!("read {name} in {path}"))
        };
        Ok(Rights {
            inheritable: field("CapInh:")?,
            permitted: field("CapPrm:")?,
            effective: field("CapEff:")?,
            bounding: field("CapBnd:")?,
            ambient: field("CapAmb:")?,
            no_new_privileges: field("NoNewPrivs:")? == 1,
        })
    }

    /// Those of the calling thread.
    pub fn mine() -> Result<Self> {
        Self::of(thread_id())
    }
}

/// The calling thread's id.
pub fn thread_id() -> i32 {
    // SAFETY: gettid touches no memory.
    unsafe { libc::gettid() }
}

/// These capabilities as a set's bits.
pub fn bits(capabilities: &[Capability]) -> u64 {
    let bit = |capability: &Capability| capability.bitmask();
    capabilities.iter().map(bit).fold(0, |set, bit| set | bit)
}

/// Makes the calling thread a user that owns nothing and has these capabilities, ambient ones too.
pub fn become_nobody(capabilities: &[Capability]) -> Result<()> {
    let wanted: CapsHashSet = capabilities.iter().copied().collect();
    caps::securebits::set_keepcaps(true)?;
    for call in [libc::SYS_setresgid, libc::SYS_setresuid] {
        // SAFETY: both calls take three numbers and touch no memory. The C library's functions of these names
        // would take the whole process along.
        let result = unsafe { libc::syscall(call, NOBODY, NOBODY, NOBODY) };
        Errno::result(result).context("become another user")?;
    }
    for set in [CapSet::Effective, CapSet::Permitted, CapSet::Inheritable] {
        caps::set(None, set, &wanted)?;
    }
    caps::set(None, CapSet::Ambient, &wanted)?;
    Ok(())
}
