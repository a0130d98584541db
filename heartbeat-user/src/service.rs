//! The service manager: it is told how the agent is, and fed while the agent does its work.
//!
//! The protocol is that of sd_notify(3): lines in a datagram to the socket that NOTIFY_SOCKET names. Where nobody
//! asks for it, nothing is sent. Nothing here may block, for it is the main loop that sends: a datagram that is not
//! taken is tried again at the next turn.
//!
//! The awkward case is an agent that lives and does nothing. A watchdog that a thread of its own feeds, or a timer,
//! proves that this thread runs, and nothing of the two that matter. So the loop itself feeds, after a sweep, and
//! only if the sender has done by then what it meant to do: a loop or a sender that hangs starves the watchdog, and
//! the manager starts another agent, which goes on from the pins.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use heartbeat_ebpf::time::Timestamp;

/// Names the manager's socket: a path, or after an `@` the name of an abstract one.
pub const SOCKET: &str = "NOTIFY_SOCKET";
/// After how many microseconds without food the manager takes the agent for hung.
pub const WATCHDOG: &str = "WATCHDOG_USEC";
/// The process that is to feed; absent: whoever reads it.
pub const WATCHDOG_PROCESS: &str = "WATCHDOG_PID";

/// Whoever started this process, as far as it wants to be told.
#[derive(Debug)]
pub struct Service {
    socket: Option<Socket>,
    watchdog: Option<Watchdog>,
}

#[derive(Debug)]
struct Socket {
    socket: UnixDatagram,
    address: SocketAddr,
}

/// When to feed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Watchdog {
    /// Half of what the manager waits.
    period: Duration,
    fed: Option<Timestamp>,
}

impl Service {
    /// As the environment of this process says. Error: it says something that cannot be meant.
    pub fn of_this_process() -> Result<Self> {
        let Some(name) = env::var_os(SOCKET).filter(|name| !name.is_empty()) else {
            return Ok(Service {
                socket: None,
                watchdog: None,
            });
        };
        Ok(Service {
            socket: Some(Socket::to(&name)?),
            watchdog: Watchdog::asked_for(
                env::var_os(WATCHDOG),
                env::var_os(WATCHDOG_PROCESS),
                std::process::id(),
            )?,
        })
    }

    /// The agent answers: at its start, and after a reload.
    pub fn ready(&self, status: &str) {
        self.tell(&format!("READY=1\nSTATUS={}", line(status)));
    }

    /// The agent reads its configuration again, from `now` on; [`Service::ready`] says that this is over.
    pub fn reloading(&self, now: Timestamp) {
        let us = now.ns() / 1_000;
        self.tell(&format!("RELOADING=1\nMONOTONIC_USEC={us}"));
    }

    /// The agent ends.
    pub fn stopping(&self, status: &str) {
        self.tell(&format!("STOPPING=1\nSTATUS={}", line(status)));
    }

    /// When to feed again at the latest, where anybody waits for that.
    pub fn next_feeding(&self) -> Option<Timestamp> {
        self.watchdog?.next()
    }

    /// How late the agent's threads may be and still be fed for; `None`: nobody asks.
    pub fn patience(&self) -> Option<Duration> {
        self.watchdog.map(|watchdog| watchdog.period)
    }

    /// Feeds, if it is time. To be called after a sweep by the loop, if the sender is well.
    pub fn feed(&mut self, now: Timestamp) {
        let (Some(socket), Some(watchdog)) = (&self.socket, &mut self.watchdog) else {
            return;
        };
        if watchdog.is_due(now) && socket.send("WATCHDOG=1").is_ok() {
            watchdog.fed = Some(now);
        }
    }

    fn tell(&self, lines: &str) {
        let Some(socket) = &self.socket else { return };
        if let Err(error) = socket.send(lines) {
            log::warn!("the service manager was not told {lines:?}: {error}");
        }
    }
}

impl Socket {
    fn to(name: &OsStr) -> Result<Self> {
        let address = match name.as_bytes() {
            [b'@', abstracted @ ..] => SocketAddr::from_abstract_name(abstracted),
            [b'/', ..] => SocketAddr::from_pathname(name),
            _ => bail!(
                "read {SOCKET}={}: allowed is a path from the root, or an abstract name after an @",
                name.display()
            ),
        };
        let address = address.with_context(|| format!("read {SOCKET}={}", name.display()))?;
        let socket = UnixDatagram::unbound().context("make a socket to the service manager")?;
        socket
            .set_nonblocking(true)
            .context("set up the socket to the service manager")?;
        Ok(Socket { socket, address })
    }

    fn send(&self, lines: &str) -> io::Result<()> {
        self.socket
            .send_to_addr(lines.as_bytes(), &self.address)
            .map(|_| ())
    }
}

impl Watchdog {
    fn asked_for(
        us: Option<OsString>,
        process: Option<OsString>,
        own: u32,
    ) -> Result<Option<Self>> {
        let number = |name: &str, value: OsString| -> Result<u64> {
            let text = value.to_string_lossy();
            let number = text.parse().ok().filter(|number| *number != 0);
            number.with_context(|| format!("read {name}={text}: allowed is a number above 0"))
        };
        let Some(us) = us else { return Ok(None) };
        if let Some(process) = process
            && number(WATCHDOG_PROCESS, process)? != u64::from(own)
        {
            return Ok(None);
        }
        let period = Duration::from_micros(number(WATCHDOG, us)?) / 2;
        Ok(Some(Watchdog { period, fed: None }))
    }

    /// `None`: at once.
    fn next(self) -> Option<Timestamp> {
        Some(self.fed?.after(self.period))
    }

    fn is_due(self, now: Timestamp) -> bool {
        self.next().is_none_or(|next| next <= now)
    }
}

/// As one line, for a line's end would begin another field.
fn line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests;
