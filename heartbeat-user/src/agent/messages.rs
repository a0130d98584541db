//! Messages that leave: how many datagrams a turn may send, and over which paths.
//!
//! The core's come first: parcels of users may wait, a regroup may not. Nothing leaves to a node that was never
//! heard, because nobody knows for which run of it that would be.

use std::sync::Arc;

use heartbeat_core::action::Over;
use heartbeat_core::config::{Config, PathIndex};
use heartbeat_core::message::Message;
use heartbeat_core::nodes::{NodeIndex, NodeSet};
use heartbeat_core::path::PathState;
use heartbeat_ebpf::ids::{Incarnation, NodeId};
use heartbeat_ebpf::time::Timestamp;
use heartbeat_ebpf::wire::Header;
use tokio::sync::oneshot;

use super::Agent;
use super::parcels::Asker;
use crate::clock;
use crate::message::correspondent::Correspondents;
use crate::message::datagram::{self, Class, Envelope};
use crate::message::fragment;
use crate::message::inbox::Inbox;
use crate::message::inquiry::{self, Desk};
use crate::message::lanes::Lanes;
use crate::message::outbox::{Letter, Outbox, Sort};
use crate::message::verdict::Counts;
use crate::request::Told;

/// Datagrams sent in one turn; one message more may begin before that many have left.
const DATAGRAMS_MAX: usize = 32;

/// What the agent keeps for messages.
#[derive(Debug)]
pub struct Messages {
    /// What the core has said.
    pub outbox: Outbox,
    /// What users send.
    pub lanes: Lanes<Asker>,
    /// What peers are asked, with whoever waits for the answer.
    pub inquiries: Lanes<oneshot::Sender<Told>>,
    /// What peers ask.
    pub desk: Desk,
    /// What users are to receive.
    pub inbox: Inbox,
    /// The exchange with each peer.
    pub correspondents: Correspondents,
    /// What became of the datagrams that came.
    pub counts: Counts,
}

impl Messages {
    /// Nothing yet; parcels go to this inbox.
    pub fn new(inbox: Inbox) -> Self {
        Messages {
            outbox: Outbox::default(),
            lanes: Lanes::default(),
            inquiries: Lanes::given_up_after(inquiry::GIVEN_UP),
            desk: Desk::default(),
            inbox,
            correspondents: Correspondents::default(),
            counts: Counts::default(),
        }
    }
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

    /// Sends some of what waits. Says when to go on; `None` while nothing waits.
    pub(super) fn deliver(&mut self, now: Timestamp) -> Option<Timestamp> {
        let mut sent = 0;
        while sent < DATAGRAMS_MAX {
            let Some((node, letter)) = self.messages.outbox.pop() else {
                break;
            };
            sent += self.send_letter(node, &letter);
        }
        self.send_parcels(now, DATAGRAMS_MAX.saturating_sub(sent));
        self.send_inquiries(now);
        if self.messages.outbox.is_empty() {
            let due = [self.messages.lanes.due(), self.messages.inquiries.due()];
            due.into_iter().flatten().min()
        } else {
            Some(now)
        }
    }

    /// Sends a message to one node, and says in how many datagrams.
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
    pub(super) fn send_fragment(
        &self,
        path: PathIndex,
        sequence: u64,
        envelope: &Envelope,
        content: &[u8],
    ) {
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

    /// The paths that a message of the core's to a peer takes.
    fn carriers(&self, peer: NodeId, over: Over) -> Vec<PathIndex> {
        let best = match over {
            Over::Best => self.core.best_path(clock::now(), peer),
            Over::All => None,
        };
        if let Some(best) = best {
            return vec![best];
        }
        let (lost, held): (Vec<_>, Vec<_>) = self
            .counting(peer)
            .into_iter()
            .partition(|path| self.is_lost(*path));
        if held.is_empty() { lost } else { held }
    }

    /// The paths to a peer that may carry messages, in the order in which they are to be tried.
    pub(super) fn ways(&self, now: Timestamp, peer: NodeId) -> Vec<PathIndex> {
        let best = self.core.best_path(now, peer);
        let mut ways = self.counting(peer);
        ways.sort_by_key(|path| {
            let network = self.site.paths[path.position()].network;
            let priority = self.cluster.networks[network].priority;
            (best != Some(*path), self.is_lost(*path), priority)
        });
        ways
    }

    fn counting(&self, peer: NodeId) -> Vec<PathIndex> {
        let paths = self.site.paths_to(peer);
        let counting = paths.filter(|path| {
            let network = self.site.paths[*path].network;
            self.cluster.networks[network].role.counts()
        });
        counting.map(|path| PathIndex(path as u32)).collect()
    }

    fn is_lost(&self, path: PathIndex) -> bool {
        let state = self.core.path(path).map(|path| path.state());
        matches!(state, None | Some(PathState::Lost { .. }))
    }

    /// The newest run of a peer that is proved: recorded on one of its paths, or named by an answer to our nonce.
    pub(super) fn heard_run(&self, peer: NodeId) -> Option<Incarnation> {
        let shared = &self.site.maps.shared;
        let proved = self.site.paths_to(peer).map(|path| {
            let slot = self.site.paths[path].slot as usize;
            let confirmed = shared.echoes()[slot].confirmed.get();
            shared.slots()[slot].incarnation.get().max(confirmed)
        });
        proved.max().filter(|run| *run != 0).map(Incarnation)
    }

    /// Bytes of a fragment, on every network alike.
    pub(super) fn fragment_size(&self) -> usize {
        let interfaces = self.site.devices.ports.iter();
        let mtus = interfaces.filter_map(|port| Some(port.interface.as_ref()?.mtu));
        fragment::size(mtus.min().unwrap_or(u32::MAX))
    }

    /// The table of nodes that this configuration's sets count by.
    pub(super) fn node_ids(&self) -> Vec<NodeId> {
        let nodes = self.core.config().nodes.iter();
        nodes.map(|node| node.id).collect()
    }

    /// Forgets what was meant for nodes by their places in the configuration before this one.
    pub(super) fn readdress_to(&mut self, config: &Config) {
        let peers: Vec<NodeId> = config.nodes.iter().map(|node| node.id).collect();
        self.messages.outbox.clear();
        self.messages.correspondents.keep_only(&peers);
        self.messages.desk.keep_only(&peers);
    }
}
