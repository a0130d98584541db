//! The service manager's end of the protocol, on a real socket.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use heartbeat_tests::lab::{Lab, binary, wait};

/// How often the agent is to feed: half of what this manager waits.
pub const PERIOD: Duration = Duration::from_millis(500);

/// Hears what one agent tells.
pub struct Manager {
    socket: UnixDatagram,
    program: PathBuf,
}

impl Manager {
    /// Listens, and makes a program that is an agent of this manager.
    pub fn listen(lab: &Lab) -> Result<Self> {
        let folder = lab.name().directory();
        let address = folder.join("notify");
        let socket = UnixDatagram::bind(&address).context("bind the manager's socket")?;
        socket.set_nonblocking(true)?;
        let program = folder.join("supervised");
        let text = format!(
            "#!/bin/sh\nexport NOTIFY_SOCKET={} WATCHDOG_USEC={} WATCHDOG_PID=$$\nexec {} \"$@\"\n",
            address.display(),
            2 * PERIOD.as_micros(),
            binary::find()?.display()
        );
        fs::write(&program, text)?;
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
        Ok(Manager { socket, program })
    }

    /// To be started as an agent.
    pub fn program(&self) -> &PathBuf {
        &self.program
    }

    /// What was told since it was last asked, a datagram each.
    pub fn heard(&self) -> Vec<String> {
        let mut bytes = [0; 4096];
        let mut heard = Vec::new();
        while let Ok(count) = self.socket.recv(&mut bytes) {
            heard.push(String::from_utf8_lossy(&bytes[..count]).into_owned());
        }
        heard
    }

    /// Waits until something is told that begins so; what came before it is gone.
    pub fn wait_for(&self, begin: &str, limit: Duration) -> Result<String> {
        wait::until(&format!("{begin} to be told"), limit, || {
            Ok(self
                .heard()
                .into_iter()
                .find(|told| told.starts_with(begin)))
        })
    }
}
