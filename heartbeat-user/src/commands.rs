//! The commands, one file each; `main` parses the command line and calls them.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::control::Command;
use crate::diagnose::facts::Settings;
use client::Part;

pub mod detach;
pub mod diagnose;
pub mod events;
pub mod explain;
pub mod key;
pub mod messages;
pub mod orders;
pub mod replay;
pub mod status;

mod client;

pub use client::{NoAgent, Undelivered, is_closed_pipe};

/// What a peer says of its settings, asked for by way of the agent. Error [`Undelivered`]: it says nothing.
pub(crate) fn inquire(socket: &Path, peer: &str, patience: Duration) -> Result<Settings> {
    let command = Command::Inquire {
        peer: peer.to_owned(),
    };
    let (part, _) = client::ask(socket, &command, patience)?;
    match part {
        Part::Data(line) => serde_json::from_str(&line).context("understand the agent's answer"),
        Part::Line(_) | Part::Following | Part::Done => {
            bail!("the agent's answer is not understood: is it of another release?")
        }
    }
}

/// How a command ended, as scripts see it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Exit {
    /// All is well.
    Well = 0,
    /// Something is not as it should be; of `run`: the files are right, and the agent could not start or go on.
    Degraded = 1,
    /// Wrong usage or configuration, or the command failed.
    Wrong = 2,
    /// No agent answers.
    NoAgent = 3,
    /// A message was not delivered, or nobody knows whether it was.
    Undelivered = 4,
}
