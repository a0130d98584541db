//! What other tasks ask of the loop: views of its state, and orders by operators.
//!
//! Everything that changes the agent happens in its one loop, so whoever wants something sends a request and
//! waits for the answer. An order carries who gave it, by the kernel's word and not by the client's: the
//! event that tells of the order names him.

use std::fmt;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::loaded::Loaded;
use crate::snapshot::Snapshot;
use crate::witness::Finding;

/// Something that another task wants of the loop.
#[derive(Debug)]
pub enum Request {
    /// What everything looks like now.
    Snapshot(oneshot::Sender<Snapshot>),
    /// Something is to be done; the answer comes when it is done or refused.
    Order(Order, Asker, oneshot::Sender<Answer>),
    /// These bytes are to go to the node with this name; the answer comes when they are there or given up.
    Send(String, Vec<u8>, oneshot::Sender<Sent>),
    /// The node with this name is to say how it is set up.
    Inquire(String, oneshot::Sender<Told>),
    /// How this node is set up, in JSON, for peers that asked; `None` where looking failed.
    Settings(Option<Vec<u8>>),
    /// The configuration was read, for whoever asked for it and may wait for the answer.
    Loaded(
        anyhow::Result<Box<Loaded>>,
        String,
        Option<oneshot::Sender<Answer>>,
    ),
    /// Witnesses were asked.
    Found(Finding),
}

/// What an operator may have done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Order {
    /// To read the configuration again.
    Reload,
    /// To say farewell to the peers and end.
    Leave,
    /// To begin or end a maintenance.
    Maintenance(Maintenance),
}

/// A beginning or an end of maintenance.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Maintenance {
    /// It begins now.
    On {
        /// What it covers.
        scope: Scope,
        /// After which time it ends by itself.
        lasting: Duration,
        /// The operator's reason.
        why: String,
    },
    /// It ends now.
    Off {
        /// What it covered.
        scope: Scope,
    },
}

/// Which paths a maintenance covers: all, those of a peer, those on a network, or one.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Scope {
    /// The peer's name; absent: all peers.
    pub peer: Option<String>,
    /// The network's key or label, as the operator typed it; absent: all networks.
    pub network: Option<String>,
}

/// The lines to print, or why it was not done and what to do about it.
pub type Answer = Result<Vec<String>, String>;

/// A line to print, or why nothing was sent or is known to have come.
pub type Sent = Result<String, Unsent>;

/// A peer's settings in JSON, or why there are none.
pub type Told = Result<Vec<u8>, String>;

/// Why a message was not delivered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unsent {
    /// It can't be sent as it was asked for.
    Wrong(String),
    /// It was, or would have been, in vain.
    Undelivered(String),
}

/// Who asks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Asker {
    /// User, as the kernel knows the other end of the socket.
    pub uid: u32,
    /// Primary group.
    pub gid: u32,
    /// Process; 0 where it lives in a process namespace that ours can't see.
    pub pid: i32,
    /// The user's name, where this host's own list of users has one.
    pub name: Option<String>,
}

impl fmt::Display for Asker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (uid, pid) = (self.uid, self.pid);
        match &self.name {
            Some(name) => write!(f, "{name} (uid {uid}, process {pid})"),
            None => write!(f, "uid {uid} (process {pid})"),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.peer, &self.network) {
            (None, None) => f.write_str("all paths"),
            (Some(peer), None) => write!(f, "all paths to {peer}"),
            (None, Some(network)) => write!(f, "all paths on {network}"),
            (Some(peer), Some(network)) => write!(f, "the path to {peer} on {network}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_asks_is_named_with_his_numbers() {
        let mut asker = Asker {
            uid: 0,
            gid: 0,
            pid: 123,
            name: Some("root".to_owned()),
        };
        assert_eq!(asker.to_string(), "root (uid 0, process 123)");
        asker.name = None;
        assert_eq!(asker.to_string(), "uid 0 (process 123)");
    }

    #[test]
    fn a_scope_says_what_it_covers() {
        let scope = |peer: Option<&str>, network: Option<&str>| Scope {
            peer: peer.map(str::to_owned),
            network: network.map(str::to_owned),
        };
        assert_eq!(scope(None, None).to_string(), "all paths");
        assert_eq!(
            scope(Some("node-b"), None).to_string(),
            "all paths to node-b"
        );
        assert_eq!(
            scope(None, Some("private")).to_string(),
            "all paths on private"
        );
        assert_eq!(
            scope(Some("node-b"), Some("private")).to_string(),
            "the path to node-b on private"
        );
    }
}
