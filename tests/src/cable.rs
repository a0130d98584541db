//! Two network namespaces and one cable: the smallest network, without a lab around it.
//!
//! Some things are the kernel's alone to show: who is a member of a group, what leaves an interface, what is left
//! when an agent is gone. They need no switch and no agents. Names are a lab's, so that whatever a killed process
//! left is swept away with the next lab.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::lab::name::LabName;
use crate::lab::namespace::Namespace;
use crate::lab::requirements::is_installed;
use crate::lab::{batch, leftovers, wait};
use crate::suite::NotInstalled;

/// What the interface is called at both ends.
pub const INTERFACE: &str = "wire";

/// What may pass until it carries something, on a busy machine.
const LIMIT: Duration = Duration::from_secs(10);

/// An end of the cable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// 10.77.9.1 and fd77:9::1.
    Near,
    /// 10.77.9.2 and fd77:9::2.
    Far,
}

/// The cable; it is removed with the namespaces when it is dropped.
#[derive(Debug)]
pub struct Cable {
    near: Namespace,
    far: Namespace,
    sweeper: Sweeper,
}

/// Removes what has this name when it is dropped.
#[derive(Debug)]
struct Sweeper(LabName);

impl Drop for Sweeper {
    fn drop(&mut self) {
        if let Err(error) = leftovers::remove(self.0) {
            eprintln!("removing {}: {error:#}", self.0);
        }
    }
}

impl End {
    /// Its addresses: IPv4, IPv6.
    pub fn addresses(self) -> [IpAddr; 2] {
        let number = match self {
            End::Near => 1,
            End::Far => 2,
        };
        [
            [10, 77, 9, number].into(),
            [0xfd77, 9, 0, 0, 0, 0, 0, number.into()].into(),
        ]
    }
}

impl Cable {
    /// Makes both namespaces and what is between them; everything is up when this returns.
    pub fn lay() -> Result<Self> {
        if !is_installed("ip") {
            return Err(NotInstalled("iproute2").into());
        }
        let name = LabName::next();
        let sweeper = Sweeper(name);
        let [near, far] = ["near", "far"].map(|part| name.namespace(part));
        batch::ip_outside(&format!("netns add {near}\nnetns add {far}\n"))?;
        let cable = Cable {
            near: Namespace::open(&near)?,
            far: Namespace::open(&far)?,
            sweeper,
        };
        batch::ip(
            cable.end(End::Near),
            &format!("link add {INTERFACE} type veth peer name {INTERFACE} netns {far}\n"),
        )?;
        for end in [End::Near, End::Far] {
            let [v4, v6] = end.addresses();
            let script = format!(
                "link set lo up\n\
                 link set {INTERFACE} up\n\
                 addr add {v4}/24 dev {INTERFACE}\n\
                 addr add {v6}/64 dev {INTERFACE} nodad\n"
            );
            batch::ip(cable.end(end), &script)?;
        }
        cable.wait_for_carrier()?;
        Ok(cable)
    }

    /// An end has its carrier at once, but sends nothing before the kernel has found the time to notice, up to a
    /// second later.
    fn wait_for_carrier(&self) -> Result<()> {
        for end in [End::Near, End::Far] {
            wait::until("the cable to carry something", LIMIT, || {
                let shown = self.printed(end, "ip", &["-o", "link", "show", INTERFACE])?;
                Ok(shown.contains(" state UP ").then_some(()))
            })?;
        }
        Ok(())
    }

    /// The namespace at an end.
    pub fn end(&self, end: End) -> &Namespace {
        match end {
            End::Near => &self.near,
            End::Far => &self.far,
        }
    }

    /// A directory that is removed with the cable; it is not made yet.
    pub fn directory(&self) -> PathBuf {
        self.sweeper.0.directory()
    }

    /// The same on the BPF file system.
    pub fn pins(&self) -> PathBuf {
        self.sweeper.0.pins()
    }

    /// What a command prints at an end.
    pub fn printed(&self, end: End, program: &str, arguments: &[&str]) -> Result<String> {
        let output = self
            .end(end)
            .command(program)?
            .args(arguments)
            .output()
            .with_context(|| format!("run {program}"))?;
        anyhow::ensure!(
            output.status.success(),
            "{program}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).with_context(|| format!("read what {program} printed"))
    }
}
