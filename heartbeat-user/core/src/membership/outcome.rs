//! What a membership wants done and told.

use alloc::vec::Vec;

use heartbeat_ebpf::time::Timestamp;

use crate::action::Over;
use crate::message::Message;
use crate::nodes::{NodeIndex, NodeSet};
use crate::view::{Epoch, View};

/// What a membership wants done and told.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Outcome {
    /// The promised epoch has grown to this; to be kept before anything is sent.
    pub promised: Option<Epoch>,
    /// To be sent.
    pub posts: Vec<Post>,
    /// What happened, in order.
    pub news: Vec<News>,
}

/// A message and whom it goes to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Post {
    /// Whom to.
    pub to: NodeSet,
    /// Over which networks.
    pub over: Over,
    /// What.
    pub message: Message,
}

/// What happened to the membership.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum News {
    /// This view was installed.
    Installed {
        /// It.
        view: View,
        /// Members that are new to this node.
        joined: NodeSet,
        /// Nodes that are no members any more, and did not say that they go.
        removed: NodeSet,
    },
    /// This node was in a view and is in none now.
    QuorumLost(Epoch),
    /// A node is kept out until then.
    Quarantined(NodeIndex, Timestamp),
}
