//! What nodes tell each other beside heartbeats.
//!
//! A heartbeat says that its sender is there; who hears whom, and who is a member, takes more words. The
//! awkward case is a network that loses, repeats and reorders them. So no message asks for an answer to be
//! remembered: each says how things stand, may come twice, late or never, and is said again until it is
//! overtaken. Who sent it, and which run of it, is proved by what carries it and comes beside it.

use alloc::vec::Vec;
use core::time::Duration;

use heartbeat_ebpf::ids::NetworkId;

use crate::account::{Account, Question};
use crate::interface::{Soundness, Witness};
use crate::nodes::NodeSet;
use crate::regroup::Stage;
use crate::view::{Epoch, View};

pub mod wire;

/// One message.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Message {
    /// How things stand at its sender.
    Report(Report),
    /// The sender coordinates a regroup, and asks for this view to be accepted.
    Proposal(View),
    /// The sender has accepted the view with this number, or gives way to it.
    Accept(Epoch),
    /// This view is accepted by all who had to.
    Install(View),
    /// The sender missed heartbeats, and asks what happened here.
    Question(Question),
    /// The sender's side of silences that it was asked about.
    Accounts(Vec<Account>),
}

/// How things stand at one node.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Report {
    /// When it was made, in ns of the sender's CLOCK_MONOTONIC; opaque to others, who send it back.
    pub stamp: u64,
    /// By node: the stamp of the newest report that the sender has of it, of the run that it hears now; 0: none.
    pub echoes: Vec<u64>,
    /// After a report of a node, the sender accepts no view without it for this long.
    pub promise: Duration,
    /// Who has how many votes, and who breaks a tie: a digest.
    pub voters: u32,
    /// The highest epoch that the sender has promised itself to.
    pub promised: Epoch,
    /// The view that is installed at the sender, if one is: its number and members.
    pub view: Option<(Epoch, NodeSet)>,
    /// How far the sender is with the regroup.
    pub stage: Stage,
    /// Nodes that the sender reaches: members it does not suspect, others it hears on a network that counts.
    pub reaches: NodeSet,
    /// Nodes that it keeps out.
    pub quarantined: NodeSet,
    /// What its word about others is worth.
    pub caution: Caution,
    /// Who is heard, by network.
    pub rows: Vec<Row>,
}

/// What a node's word about others is worth.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Caution {
    /// Its own timing was good.
    None,
    /// Its own timing was bad a short while ago: its suspicions need a second voice.
    Cautious,
}

/// Whom one node hears on one network.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Row {
    /// Which network.
    pub network: NetworkId,
    /// Whom it hears.
    pub heard: NodeSet,
    /// Whether its own interface works, as its kernel tells.
    pub soundness: Soundness,
    /// Whether a witness answers there.
    pub witness: Witness,
}
