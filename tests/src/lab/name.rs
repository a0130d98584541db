//! Names of a lab, and through them its ownership.
//!
//! Labs run beside each other on one machine, and one whose process was killed leaves its namespaces
//! behind. Both are settled by the name: it carries the process that made the lab and a number, so names
//! never meet, and whatever carries the number of a dead process is nobody's and may be swept away.

use std::fmt;
use std::path::PathBuf;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use nix::errno::Errno;
use nix::sys::signal;
use nix::unistd::Pid;

const PREFIX: &str = "hblab";

/// Name of one lab: the process that made it and its number there.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct LabName {
    pid: i32,
    serial: u32,
}

impl LabName {
    /// A name that no other lab of this machine has while this process lives.
    pub fn next() -> Self {
        static SERIAL: AtomicU32 = AtomicU32::new(0);
        let pid = i32::try_from(process::id()).expect("Linux process ids fit 22 bits");
        LabName {
            pid,
            serial: SERIAL.fetch_add(1, Ordering::Relaxed),
        }
    }

    /// The lab that a namespace, run directory or pin directory of this name belongs to.
    pub fn parse(name: &str) -> Option<Self> {
        let lab = name.split('.').next()?;
        let (pid, serial) = lab
            .strip_prefix(PREFIX)?
            .strip_prefix('-')?
            .split_once('-')?;
        Some(LabName {
            pid: pid.parse().ok()?,
            serial: serial.parse().ok()?,
        })
    }

    /// Name of the namespace of one part of the lab, under `/run/netns`.
    pub fn namespace(&self, part: &str) -> String {
        format!("{self}.{part}")
    }

    /// Where configuration, state and logs of this lab lie.
    pub fn directory(&self) -> PathBuf {
        std::env::temp_dir().join(self.to_string())
    }

    /// Where this lab's agents pin their maps and links.
    pub fn pins(&self) -> PathBuf {
        PathBuf::from(format!("/sys/fs/bpf/{self}"))
    }

    /// The file that says: leave this lab standing though its process has ended.
    pub fn keep_mark(&self) -> PathBuf {
        self.directory().join("keep")
    }

    /// Whether the process that made this lab has ended.
    pub fn is_orphan(&self) -> bool {
        signal::kill(Pid::from_raw(self.pid), None) == Err(Errno::ESRCH)
    }
}

impl fmt::Display for LabName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}-{}-{}", self.pid, self.serial)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_again_in_whatever_carries_it() {
        let name = LabName::next();
        assert_eq!(LabName::parse(&name.to_string()), Some(name));
        assert_eq!(LabName::parse(&name.namespace("node-a")), Some(name));
        assert_eq!(LabName::parse("hblab-1"), None);
        assert_eq!(LabName::parse("eth0"), None);
    }

    #[test]
    fn names_differ_and_a_living_process_owns_its_labs() {
        let (first, second) = (LabName::next(), LabName::next());
        assert_ne!(first, second);
        assert!(!first.is_orphan());
    }
}
