//! The core's messages: posted by one node's core, heard by another's.
//!
//! The core says what and to whom; here it is decided over which paths, in how many datagrams, and how many of
//! them a turn may send. What comes in is believed only after everything that its carrying can prove; each refusal
//! is counted.

use std::sync::Arc;

use heartbeat_core::action::{Action, Over};
use heartbeat_core::config::{Config, PathIndex};
use heartbeat_core::message::Message;
use heartbeat_core::node::Input;
use heartbeat_core::nodes::{NodeIndex, NodeSet};
use heartbeat_core::path::PathState;
use heartbeat_ebpf::ids::{Incarnation, NodeId};
use heartbeat_ebpf::wire::Header;

use super::Agent;
use crate::clock;
use crate::message::correspondent::Correspondents;
use crate::message::datagram::{self, Class, Datagram, Envelope};
use crate::message::fragment;
use crate::message::outbox::{Letter, Outbox, Sort};
use crate::message::verdict::{Counts, Verdict};
use crate::socket::incoming::Received;

/// Datagrams sent in one turn; one message more may begin before that many have left.
const DATAGRAMS_MAX: usize = 32;

/// What the agent keeps for messages.
#[derive(Debug, Default)]
pub struct Messages {
    /// What the core has said.
    pub outbox: Outbox,
    /// The exchange with each peer.
    pub correspondents: Correspondents,
    /// What became of the datagrams that came.
    pub counts: Counts,
}

/// A message that came whole.
struct Heard {
    from: NodeId,
    run: Incarnation,
    class: Class,
    body: Vec<u8>,
}

impl Agent {
    /// Puts a message of the core's into the outbox.
    pub(super) fn post(&mut self, to: NodeSet, over: Over, message: &Message) {
        let body: Arc<[u8]> = message.encode(&self.node_ids()).into();
        let sort = Sort::of(message);
        self.messages.outbox.push(Letter {
            to,
            over,
            sort,
            body,
        });
    }

    /// Sends some of what waits. Says whether more does.
    pub(super) fn deliver(&mut self) -> bool {
        let mut sent = 0;
        while sent < DATAGRAMS_MAX {
            let Some((node, letter)) = self.messages.outbox.pop() else {
                break;
            };
            sent += self.send_letter(node, &letter);
        }
        !self.messages.outbox.is_empty()
    }

    /// Sends a message to one node, and says in how many datagrams. Nothing leaves to a node that was never heard:
    /// nobody knows for which run of it that would be.
    fn send_letter(&mut self, node: NodeIndex, letter: &Letter) -> usize {
        let Some(peer) = self.core.config().node_at(node).map(|node| node.id) else {
            return 0;
        };
        let Some(for_run) = self.heard_run(peer) else {
            return 0;
        };
        let paths = self.carriers(peer, letter.over);
        let fragments = fragment::cut(&letter.body, self.fragment_size());
        let count = fragments.len() as u16;
        let first = self.messages.correspondents.number(peer, count.into());
        for (place, content) in (0..).zip(&fragments) {
            let envelope = Envelope {
                for_run,
                class: Class::Control,
                number: first,
                fragment: place,
                fragments: count,
            };
            for path in &paths {
                self.send_fragment(*path, first + u64::from(place), &envelope, content);
            }
        }
        fragments.len() * paths.len()
    }

    /// Sends one datagram over one path. An error is the path's affair: what is lost is said again.
    fn send_fragment(&self, path: PathIndex, sequence: u64, envelope: &Envelope, content: &[u8]) {
        let plan = &self.site.paths[path.position()];
        let (Some(keys), Some(route)) = (&self.keys, self.route(plan)) else {
            return;
        };
        let header = Header {
            sequence,
            sent: clock::now().ns(),
            ..self.template(plan)
        };
        let payload = datagram::seal(&header, envelope, content, &keys.signing);
        if let Err(error) = self.sockets.send(&route, &payload) {
            log::debug!("a message to {} was not sent: {error}", route.remote);
        }
    }

    /// The paths that a message to a peer takes.
    fn carriers(&self, peer: NodeId, over: Over) -> Vec<PathIndex> {
        let best = match over {
            Over::Best => self.core.best_path(clock::now(), peer),
            Over::All => None,
        };
        if let Some(best) = best {
            return vec![best];
        }
        let counting: Vec<PathIndex> = self
            .site
            .paths_to(peer)
            .filter(|path| {
                let network = self.site.paths[*path].network;
                self.cluster.networks[network].role.counts()
            })
            .map(|path| PathIndex(path as u32))
            .collect();
        let (lost, held): (Vec<_>, Vec<_>) =
            counting.into_iter().partition(|path| self.is_lost(*path));
        if held.is_empty() { lost } else { held }
    }

    fn is_lost(&self, path: PathIndex) -> bool {
        let state = self.core.path(path).map(|path| path.state());
        matches!(state, None | Some(PathState::Lost { .. }))
    }

    /// The newest run of a peer that is proved: recorded on one of its paths, or named by an answer to our nonce.
    fn heard_run(&self, peer: NodeId) -> Option<Incarnation> {
        let shared = &self.site.maps.shared;
        let proved = self.site.paths_to(peer).map(|path| {
            let slot = self.site.paths[path].slot as usize;
            let confirmed = shared.echoes()[slot].confirmed.get();
            shared.slots()[slot].incarnation.get().max(confirmed)
        });
        proved.max().filter(|run| *run != 0).map(Incarnation)
    }

    /// Takes a datagram, and hands the core the message that it completes.
    pub(super) fn hear(&mut self, received: &Received, actions: &mut Vec<Action>) {
        let (verdict, heard) = match self.judge(received) {
            Err(verdict) => (verdict, None),
            Ok(heard) => (Verdict::Taken, heard),
        };
        self.messages.counts.note(verdict);
        if let Some(heard) = heard {
            match heard.class {
                Class::Control => self.pass_on(&heard, actions),
                Class::Parcel | Class::Receipt => {}
            }
        }
    }

    fn pass_on(&mut self, heard: &Heard, actions: &mut Vec<Action>) {
        let Some(message) = Message::decode(&heard.body, &self.node_ids()) else {
            self.messages.counts.note(Verdict::Meaningless);
            return;
        };
        let input = Input::Message {
            from: heard.from,
            incarnation: heard.run,
            message: &message,
        };
        self.tell_core(clock::now(), input, actions);
    }

    /// Proves a datagram, and returns the message that it completes. Cheap questions come first: whoever replays
    /// recordings costs no MAC.
    fn judge(&mut self, received: &Received) -> Result<Option<Heard>, Verdict> {
        let datagram = Datagram::read(&received.payload).ok_or(Verdict::Malformed)?;
        let header = &datagram.header;
        let ours = self.cluster.nodes[self.node].id.number() == header.receiver
            && self.cluster.hash == header.cluster;
        let path = self
            .site
            .path_from(received.from, header.sender, header.network);
        let from = path.filter(|_| ours).ok_or(Verdict::Stranger)?.peer;
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
            class: datagram.envelope.class,
            body,
        }))
    }

    /// Bytes of a fragment, on every network alike.
    fn fragment_size(&self) -> usize {
        let interfaces = self.site.devices.ports.iter();
        let mtus = interfaces.filter_map(|port| Some(port.interface.as_ref()?.mtu));
        fragment::size(mtus.min().unwrap_or(u32::MAX))
    }

    /// The table of nodes that this configuration's sets count by.
    fn node_ids(&self) -> Vec<NodeId> {
        let nodes = self.core.config().nodes.iter();
        nodes.map(|node| node.id).collect()
    }

    /// Forgets what was meant for nodes by their places in the configuration before this one.
    pub(super) fn readdress_to(&mut self, config: &Config) {
        let peers: Vec<NodeId> = config.nodes.iter().map(|node| node.id).collect();
        self.messages.outbox.clear();
        self.messages.correspondents.keep_only(&peers);
    }
}
