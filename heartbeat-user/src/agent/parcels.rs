//! Users' messages: accepted, sent until they are answered, and answered here for others.
//!
//! Whoever sends one waits until it is in the hands of the receiver's agent, or is told why it is not. The awkward
//! case is the one in between: nobody answers. It may be there all the same, and the sentence says so.

use heartbeat_core::config::PathIndex;
use heartbeat_ebpf::ids::NodeId;
use heartbeat_ebpf::time::Timestamp;
use tokio::sync::oneshot;

use super::Agent;
use super::hearing::Heard;
use crate::clock;
use crate::message::datagram::{Class, Envelope};
use crate::message::inbox::{self, Arrived};
use crate::message::lanes::{self, GIVEN_UP, Piece};
use crate::message::parcel::{BODY_MAX, Outcome, Standing};
use crate::request::{Sent, Unsent};

/// Who waits to hear what became of a parcel.
#[derive(Debug)]
pub struct Asker {
    /// Name of the node that it is for.
    to: String,
    answer: oneshot::Sender<Sent>,
}

/// Why a parcel was not delivered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Failure {
    /// Nobody said what became of it.
    Unanswered,
    /// No room at its receiver.
    Full,
    /// The receiver does not count this node as a member.
    NotMemberThere,
    /// This node does not count the receiver as a member.
    NotMember,
    /// Too many are on their way.
    Crowded,
}

impl Asker {
    /// A client that left gets no answer.
    fn tell(self, outcome: Result<(), Failure>) {
        let to = &self.to;
        let said = match outcome {
            Ok(()) => Ok(format!("{to} has it")),
            Err(failure) => Err(Unsent::Undelivered(failure.sentence(to))),
        };
        let _ = self.answer.send(said);
    }
}

impl Failure {
    fn sentence(self, to: &str) -> String {
        match self {
            Failure::Unanswered => format!(
                "{to} did not say within {} s that it has the message: it may have come, or not",
                GIVEN_UP.as_secs()
            ),
            Failure::Full => format!(
                "{to} has no room: {} messages, or {} MiB, wait there for somebody to receive them (`heartbeat receive`)",
                inbox::PARCELS_MAX,
                inbox::BYTES_MAX >> 20
            ),
            Failure::NotMemberThere => format!(
                "{to} does not count this node as a member of the cluster: see `heartbeat status` there"
            ),
            Failure::NotMember => format!(
                "{to} is no member of the cluster as this node sees it: see `heartbeat status`"
            ),
            Failure::Crowded => format!(
                "{} messages of this node are on their way already: send it again in a moment",
                lanes::PARCELS_MAX
            ),
        }
    }
}

impl Agent {
    /// Accepts a user's message, or says why not.
    pub(super) fn send_parcel(&mut self, to: String, body: Vec<u8>, answer: oneshot::Sender<Sent>) {
        match self.addressee(&to) {
            // A client that left gets no answer.
            Err(why) => drop(answer.send(Err(Unsent::Wrong(why)))),
            Ok(peer) => {
                let asker = Asker { to, answer };
                let lanes = &mut self.messages.lanes;
                if let Err(asker) = lanes.push(clock::now(), peer, body, asker) {
                    asker.tell(Err(Failure::Crowded));
                }
            }
        }
    }

    /// The peer with this name, to whom messages can be sent at all.
    pub(super) fn addressee(&self, name: &str) -> Result<NodeId, String> {
        let nodes = &self.cluster.nodes;
        let node = nodes.iter().find(|node| node.name == name);
        let node = node
            .ok_or_else(|| format!("no node is called '{name}': `heartbeat status` lists them"))?;
        if node.id == nodes[self.node].id {
            return Err(format!("{name} is this node: messages go to others"));
        }
        if self.keys.is_none() {
            return Err(
                "messages need a key, because anybody could forge them otherwise: this cluster has authentication = \"off\""
                    .to_owned(),
            );
        }
        Ok(node.id)
    }

    /// Sends at most so many datagrams of parcels, and gives up those that are to be given up.
    pub(super) fn send_parcels(&mut self, now: Timestamp, datagrams: usize) {
        if self.messages.lanes.due().is_none() {
            return;
        }
        let core = &self.core;
        let is_member = |peer| {
            let place = core.config().index_of(peer);
            place.is_some_and(|place| core.is_member(place))
        };
        for asker in self.messages.lanes.give_up(|peer| !is_member(peer)) {
            asker.tell(Err(Failure::NotMember));
        }
        for asker in self.messages.lanes.expire(now) {
            asker.tell(Err(Failure::Unanswered));
        }
        let size = self.fragment_size();
        for _ in 0..datagrams {
            match self.messages.lanes.next(now, size) {
                Some(piece) => self.send_piece(now, Class::Parcel, &piece),
                None => break,
            }
        }
    }

    /// Each attempt takes the next way, for the best may have ended this moment.
    pub(super) fn send_piece(&mut self, now: Timestamp, class: Class, piece: &Piece) {
        let ways = self.ways(now, piece.to);
        let (Some(path), Some(for_run)) = (
            ways.get(piece.attempt as usize % ways.len().max(1)),
            self.heard_run(piece.to),
        ) else {
            return;
        };
        let envelope = Envelope {
            for_run,
            class,
            number: piece.number,
            fragment: piece.place,
            fragments: piece.of,
        };
        let sequence = self.messages.correspondents.number(piece.to, 1);
        self.send_fragment(*path, sequence, &envelope, piece.content());
    }

    /// Judges a parcel that came, once, and tells its sender over the path that it came by.
    pub(super) fn take_parcel(&mut self, heard: Heard) -> Option<()> {
        if BODY_MAX < heard.body.len() {
            return None;
        }
        let Heard {
            from,
            run,
            path,
            number,
            ..
        } = heard;
        let outcome = match self.messages.correspondents.standing(from, run, number) {
            Standing::Overtaken => return Some(()),
            Standing::Known(outcome) => outcome,
            Standing::New => {
                let outcome = self.keep(heard);
                let correspondents = &mut self.messages.correspondents;
                correspondents.settle(from, run, number, outcome);
                outcome
            }
        };
        let envelope = Envelope {
            for_run: run,
            class: Class::Receipt,
            number,
            fragment: 0,
            fragments: 1,
        };
        self.send_receipt(path, from, &envelope, outcome);
        Some(())
    }

    fn send_receipt(&mut self, path: PathIndex, to: NodeId, envelope: &Envelope, outcome: Outcome) {
        let sequence = self.messages.correspondents.number(to, 1);
        self.send_fragment(path, sequence, envelope, &outcome.bytes());
    }

    /// Puts a member's parcel where users receive it.
    fn keep(&mut self, heard: Heard) -> Outcome {
        let config = self.core.config();
        let place = config.index_of(heard.from);
        let member = place.filter(|place| {
            let run = self.core.view().and_then(|view| view.incarnation(*place));
            run == Some(heard.run)
        });
        let Some(node) = member.and_then(|place| config.node_at(place)) else {
            return Outcome::NotMember;
        };
        let arrived = Arrived {
            from: node.name.clone(),
            at: clock::wall(),
            body: heard.body,
        };
        match self.messages.inbox.put(arrived) {
            Ok(()) => Outcome::Queued,
            Err(_) => Outcome::Full,
        }
    }

    /// A peer says what became of a parcel.
    pub(super) fn take_receipt(&mut self, heard: &Heard) -> Option<()> {
        let outcome = match Outcome::from_bytes(&heard.body)? {
            Outcome::Queued => Ok(()),
            Outcome::Full => Err(Failure::Full),
            Outcome::NotMember => Err(Failure::NotMemberThere),
        };
        if let Some(asker) = self.messages.lanes.settle(heard.from, heard.number) {
            asker.tell(outcome);
        }
        Some(())
    }
}
