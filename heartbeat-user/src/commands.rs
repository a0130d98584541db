//! The commands, one file each; `main` parses the command line and calls them.

pub mod detach;
pub mod events;
pub mod key;
pub mod messages;
pub mod orders;
pub mod replay;
pub mod status;

mod client;

pub use client::{NoAgent, Undelivered, is_closed_pipe};

/// How a command ended, as scripts see it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Exit {
    /// All is well.
    Well = 0,
    /// Something is not as it should be.
    Degraded = 1,
    /// Wrong usage or configuration, or the command failed.
    Wrong = 2,
    /// No agent answers.
    NoAgent = 3,
    /// A message was not delivered, or nobody knows whether it was.
    Undelivered = 4,
}
