//! Talking to the agent over its control socket.

use std::fmt;
use std::io::{BufRead, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::control::{Command, Refusal};

/// An agent that is silent for this long is taken for hung.
const PATIENCE: Duration = Duration::from_secs(15);

/// No agent answered: exit status 3.
#[derive(Debug)]
pub struct NoAgent(pub String);

impl fmt::Display for NoAgent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NoAgent {}

/// Asks the agent and hands over each line of its answer.
pub fn ask(
    socket: &Path,
    command: Command,
    mut each: impl FnMut(&str) -> Result<()>,
) -> Result<()> {
    let mut stream = UnixStream::connect(socket).map_err(|error| {
        NoAgent(format!(
            "no agent answers on {}: {error}. Is it running (`heartbeat run`, or `systemctl status heartbeat-ebpf`)? Another socket is given by --socket",
            socket.display()
        ))
    })?;
    stream
        .set_read_timeout(Some(PATIENCE))
        .context("set a time limit")?;
    let request = serde_json::to_string(&command).context("write the request")?;
    stream
        .write_all((request + "\n").as_bytes())
        .context("ask the agent")?;
    for line in BufReader::new(stream).lines() {
        let line = line.map_err(|error| {
            NoAgent(format!(
                "the agent on {} does not answer: {error}",
                socket.display()
            ))
        })?;
        if let Ok(refusal) = serde_json::from_str::<Refusal>(&line) {
            anyhow::bail!("the agent refuses: {}", refusal.error);
        }
        each(&line)?;
    }
    Ok(())
}
