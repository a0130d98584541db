//! Messages that come: proved, put together, and handed to whom they are for.
//!
//! What comes in is believed only after everything that its carrying can prove; each refusal is counted. Cheap
//! questions come first, so that whoever replays recordings costs no MAC.

use heartbeat_core::action::Action;
use heartbeat_core::config::PathIndex;
use heartbeat_core::message::Message;
use heartbeat_core::node::Input;
use heartbeat_ebpf::ids::{Incarnation, NodeId};

use super::Agent;
use crate::clock;
use crate::message::datagram::{Class, Datagram};
use crate::message::verdict::Verdict;
use crate::socket::incoming::Received;

/// A message that came whole.
pub struct Heard {
    /// Who sent it.
    pub from: NodeId,
    /// Which run of it.
    pub run: Incarnation,
    /// The path that its last fragment came over.
    pub path: PathIndex,
    /// What it is.
    pub class: Class,
    /// Its number.
    pub number: u64,
    /// What it says.
    pub body: Vec<u8>,
}

impl Agent {
    /// Takes a datagram, and hands on the message that it completes.
    pub(super) fn hear(&mut self, received: &Received, actions: &mut Vec<Action>) {
        let (verdict, heard) = match self.prove(received) {
            Err(verdict) => (verdict, None),
            Ok(heard) => (Verdict::Taken, heard),
        };
        self.messages.counts.note(verdict);
        let Some(heard) = heard else { return };
        let understood = match heard.class {
            Class::Control => self.pass_on(&heard, actions),
            Class::Parcel => self.take_parcel(heard),
            Class::Receipt => self.take_receipt(&heard),
            Class::Inquiry => self.take_inquiry(&heard),
            Class::Settings => self.take_settings(heard),
        };
        if understood.is_none() {
            self.messages.counts.note(Verdict::Meaningless);
        }
    }

    /// Tells the core, if this is something that it could have said.
    fn pass_on(&mut self, heard: &Heard, actions: &mut Vec<Action>) -> Option<()> {
        let message = Message::decode(&heard.body, &self.node_ids())?;
        let input = Input::Message {
            from: heard.from,
            incarnation: heard.run,
            message: &message,
        };
        self.tell_core(clock::now(), input, actions);
        Some(())
    }

    /// Proves a datagram, and returns the message that it completes.
    fn prove(&mut self, received: &Received) -> Result<Option<Heard>, Verdict> {
        let datagram = Datagram::read(&received.payload).ok_or(Verdict::Malformed)?;
        let header = &datagram.header;
        let ours = self.cluster.nodes[self.node].id.number() == header.receiver
            && self.cluster.hash == header.cluster;
        let path = self
            .site
            .path_from(received.from, header.sender, header.network);
        let path = path.filter(|_| ours).ok_or(Verdict::Stranger)?;
        let from = self.site.paths[path].peer;
        let keys = self.keys.as_ref().ok_or(Verdict::Key)?;
        let key = keys.by_id(header.key_id).ok_or(Verdict::Key)?.message;
        if datagram.envelope.for_run != self.incarnation {
            return Err(Verdict::OtherRun);
        }
        let run = Incarnation(header.incarnation);
        if self.heard_run(from) != Some(run) {
            return Err(Verdict::Unconfirmed);
        }
        let correspondents = &mut self.messages.correspondents;
        if let Some(refusal) = correspondents.refuse(from, run, header.sequence) {
            return Err(refusal);
        }
        if !datagram.is_authentic(&key) {
            return Err(Verdict::Mac);
        }
        let message = correspondents.take(from, &datagram);
        Ok(message.map(|body| Heard {
            from,
            run,
            path: PathIndex(path as u32),
            class: datagram.envelope.class,
            number: datagram.envelope.number,
            body,
        }))
    }
}
