//! Messages: what came for the membership, and which path one to a peer goes over.

use alloc::vec::Vec;

use heartbeat_ebpf::ids::{Incarnation, NodeId};
use heartbeat_ebpf::time::Timestamp;

use super::Node;
use crate::action::Action;
use crate::carrying::{self, Carrier, Heard};
use crate::config::PathIndex;
use crate::interface::Soundness;
use crate::membership::Outcome;
use crate::message::Message;
use crate::nodes::NodeIndex;
use crate::watch::Watched;

impl Node {
    /// The path that a message to `peer` goes over at `now`: the best on a network that counts and to which this node's
    /// own interface is sound, which its kernel knows long before a heartbeat is missed; `None` where there is none.
    pub fn best_path(&self, now: Timestamp, peer: NodeId) -> Option<PathIndex> {
        let node = self.config.index_of(peer);
        let begin = self.config.paths.partition_point(|path| path.peer < peer);
        let paths = self.config.paths[begin..].iter();
        let count = paths.take_while(|path| path.peer == peer).count();
        let watched = self.paths.get(begin..begin + count)?.iter().enumerate();
        let sound = watched.filter(|(_, watched)| self.is_sound(watched.network));
        let carriers = sound.map(|(at, watched)| {
            let index = PathIndex((begin + at) as u32);
            self.carrier(now, index, watched, node)
        });
        carrying::best(carriers)
    }

    /// Whether this node's own interface to a network can carry anything, as far as its kernel says.
    fn is_sound(&self, network: usize) -> bool {
        match self.own[network].soundness {
            Soundness::Unknown | Soundness::Sound => true,
            Soundness::Failed => false,
        }
    }

    fn carrier(
        &self,
        now: Timestamp,
        index: PathIndex,
        watched: &Watched,
        peer: Option<NodeIndex>,
    ) -> Carrier {
        let network = &self.config.networks[watched.network];
        let membership = self.membership.as_ref();
        let heard = membership
            .zip(peer)
            .and_then(|(membership, peer)| membership.hears_us(now, peer, network.id));
        let heard = match heard {
            None => Heard::Unknown,
            Some(false) => Heard::No,
            Some(true) => Heard::Yes,
        };
        Carrier::new(now, index, &watched.path, network, heard, &watched.health)
    }

    pub(super) fn hear(
        &mut self,
        now: Timestamp,
        from: NodeId,
        incarnation: Incarnation,
        message: &Message,
        actions: &mut Vec<Action>,
    ) {
        match message {
            Message::Question(question) => self.hear_question(from, question),
            Message::Accounts(accounts) => self.hear_accounts(from, accounts),
            Message::Report(_)
            | Message::Proposal(_)
            | Message::Accept(_)
            | Message::Install(_) => {}
        }
        let (Some(from), Some(membership)) = (self.config.index_of(from), &mut self.membership)
        else {
            return;
        };
        let mut outcome = Outcome::default();
        membership.hear(now, from, incarnation, message, &mut outcome);
        self.carry_out(now, outcome, actions);
    }
}
