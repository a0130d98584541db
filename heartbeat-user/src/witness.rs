//! Witnesses: addresses outside the cluster that are asked whether a network carries anything at all.
//!
//! Where two nodes no longer hear each other, either may be cut off, and nobody is left to say which. A switch, a
//! gateway or a third host on the same network can: the node that it answers is on the network, the other is
//! not. It is asked as everybody can be asked, by ICMP echo, from this node's own address and interface there,
//! so that no other network answers for the one in question, and only when the core wants to know.
//!
//! The awkward case is silence that is not the network's: this host's own filter refused the question, the address
//! wanders between hosts and is this one's at the moment, or nobody here had the time to read the answer. Such a
//! silence would accuse this node's interface. So a question that never left makes no silence, an address of
//! this host is not asked, and whatever has come by the end is read before anybody is called silent.

use std::collections::BTreeMap;

use heartbeat_core::interface::Witness;
use heartbeat_ebpf::ids::NetworkId;
use tokio::sync::mpsc::{self, error::TrySendError};

use crate::request::Request;
pub use question::Question;
pub use socket::Sockets;

mod icmp;
mod question;
mod questioning;
mod socket;

/// Networks that can be asked about at once; a node has no more.
const QUESTIONS_MAX: usize = heartbeat_ebpf::map::NETWORKS_MAX;

/// What was found out on a network.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// Where.
    pub network: NetworkId,
    /// What.
    pub witness: Witness,
    /// How that is known, for people: `10.77.1.254 answers`.
    pub why: String,
}

/// The way to whoever asks the witnesses.
pub struct Witnesses {
    questions: mpsc::Sender<Question>,
    known: BTreeMap<NetworkId, Known>,
}

/// What is known of a network's witnesses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Known {
    /// What was found last.
    found: Option<Witness>,
    /// Whether they are being asked.
    asking: Asking,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Asking {
    Now,
    Not,
}

/// Whether a finding is another than the last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum News {
    /// It is.
    Changed,
    /// It is not.
    Same,
}

impl Witnesses {
    /// Has questions asked on these sockets, by a task of the runtime that was entered; what is found comes as
    /// requests.
    pub fn start(sockets: Sockets, findings: mpsc::Sender<Request>) -> Self {
        let (questions, asked) = mpsc::channel(QUESTIONS_MAX);
        tokio::spawn(async move {
            if let Err(error) = questioning::serve(&sockets, asked, findings).await {
                log::error!("witnesses are no longer asked: {error:#}");
            }
        });
        Witnesses {
            questions,
            known: BTreeMap::new(),
        }
    }

    /// Has the witnesses on a network asked, unless they are being asked.
    pub fn ask(&mut self, question: Question) {
        let network = question.network;
        let unknown = Known {
            found: None,
            asking: Asking::Not,
        };
        let known = self.known.entry(network).or_insert(unknown);
        if known.asking == Asking::Now {
            return;
        }
        match self.questions.try_send(question) {
            Ok(()) => known.asking = Asking::Now,
            // Networks that are gone may take the places for a moment; the core asks again.
            Err(TrySendError::Full(_)) => {
                log::warn!("too many witnesses are asked; network {network} has to wait");
            }
            // Why nobody asks any more was logged.
            Err(TrySendError::Closed(_)) => {}
        }
    }

    /// Takes note of what was found.
    pub fn note(&mut self, finding: &Finding) -> News {
        let known = Known {
            found: Some(finding.witness),
            asking: Asking::Not,
        };
        let before = self.known.insert(finding.network, known);
        match before.and_then(|before| before.found) == known.found {
            true => News::Same,
            false => News::Changed,
        }
    }
}

#[cfg(test)]
mod tests;
