//! The node: all paths, one mutator.
//!
//! The agent hands over what the kernel knows and gets back what to tell and what to ask for. It sleeps
//! until [`Node::next_deadline`], not on a fixed period, so that a loss is judged the moment it is certain.

use alloc::vec::Vec;

use heartbeat_ebpf::ids::{Incarnation, NodeId};
use heartbeat_ebpf::time::Timestamp;

use crate::action::Action;
use crate::arrival::{Arrival, Gap};
use crate::config::{Config, NetworkIndex, PathIndex};
use crate::event::Event;
use crate::group::{Carriage, Group, Member};
use crate::incidents::{Incidents, What};
use crate::membership::Membership;
use crate::memory::Memory;
use crate::nodes::NodeSet;
use crate::path::Path;
use crate::peer::Peer;
use crate::standing::Standing;
use crate::starvation::Starvation;
use crate::watch::Watched;
use members::Own;

pub use input::{Input, Pause};

mod carriage;
mod configure;
mod excuses;
mod input;
mod inquests;
mod members;
mod messages;
mod questions;
mod sights;
mod stalls;
mod telling;
mod warnings;

/// A node of the cluster, judging its paths.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Node {
    config: Config,
    incarnation: Incarnation,
    begun: Option<Timestamp>,
    paths: Vec<Watched>,
    peers: Vec<Peer>,
    groups: Vec<Group>,
    starvation: Starvation,
    paused: bool,
    outgrown: Incarnation,
    /// The place after the path that was asked last.
    asked_until: usize,
    /// Since when paths wait that no echo was left for in the last sweep.
    waiting: Option<Timestamp>,
    /// Absent until the first input, and where nobody can be believed.
    membership: Option<Membership>,
    standing: Standing,
    /// By network.
    own: Vec<Own>,
    /// Members of the last view that this run was in; empty: it was in none.
    available: NodeSet,
    events: Vec<Event>,
    /// What happened to this node itself lately.
    incidents: Incidents,
    /// Whether a peer has asked or answered something since the last sweep.
    stirred: bool,
    /// When a peer is asked again, if it does not answer.
    again: Option<Timestamp>,
    /// When an idle agent is told to have stalled, unless it sends before.
    stall_due: Option<Timestamp>,
}

impl Node {
    /// A node that has heard nobody yet, running as `incarnation`.
    pub fn new(config: Config, incarnation: Incarnation) -> Self {
        let mut node = Node {
            config,
            incarnation,
            begun: None,
            paths: Vec::new(),
            peers: Vec::new(),
            groups: Vec::new(),
            starvation: Starvation::default(),
            paused: false,
            outgrown: Incarnation(0),
            asked_until: 0,
            waiting: None,
            membership: None,
            standing: Standing::default(),
            own: Vec::new(),
            available: NodeSet::new(),
            events: Vec::new(),
            incidents: Incidents::default(),
            stirred: false,
            again: None,
            stall_due: None,
        };
        node.standing = Standing::new(node.config.networks.len());
        node.own = alloc::vec![Own::default(); node.config.networks.len()];
        node.furnish(Vec::new(), Vec::new(), Vec::new());
        node
    }

    /// What it judges by.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// One of its paths, or `None` past the last.
    pub fn path(&self, index: PathIndex) -> Option<&Path> {
        self.paths
            .get(index.position())
            .map(|watched| &watched.path)
    }

    /// Whether a peer was last heard to run another configuration.
    pub fn differs(&self, peer: NodeId) -> bool {
        let find = |known: &&Peer| known.id == peer;
        self.peers
            .iter()
            .find(find)
            .is_some_and(|peer| peer.differs(self.config.digest))
    }

    /// How a network's heartbeats are to be sent; unicast past the last network.
    pub fn carriage(&self, network: NetworkIndex) -> Carriage {
        let group = self.groups.get(network.position());
        group.map_or(Carriage::Unicast, Group::carriage)
    }

    /// Whether a path's heartbeats go to its peer itself.
    pub fn is_sent_unicast(&self, index: PathIndex) -> bool {
        self.paths
            .get(index.position())
            .is_none_or(|watched| watched.unicast)
    }

    /// Takes one input and appends what follows to `actions`. Who should be a member is decided with a sweep alone: a
    /// message that comes before it finds slots unread and other messages waiting, and whoever is judged by half
    /// of what is known is wronged. So the loop sweeps as soon as it may after any other input.
    pub fn handle(&mut self, now: Timestamp, input: Input<'_>, actions: &mut Vec<Action>) {
        self.begin(now);
        match input {
            Input::Adopt(left) => self.adopt(left),
            Input::Sweep { arrivals, gaps } => {
                self.sweep(now, arrivals, gaps, actions);
                self.deliberate(now, actions);
                self.stirred = false;
                self.correspond(now, actions);
                self.conclude(now, actions);
            }
            Input::Configure(config) => {
                self.conclude_all(now, actions);
                self.configure(now, config);
            }
            Input::Reborn(incarnation) => {
                self.incarnation = incarnation;
                self.begun = Some(now);
                if let Some(membership) = &mut self.membership {
                    membership.reborn(incarnation);
                }
                for watched in &mut self.paths {
                    watched.inquiry.introduce();
                }
            }
            Input::Late { part, late, waited } => {
                let from = now.before(late);
                self.incidents.note(What::Late(part, waited), from, now);
                self.late(now, part, late);
            }
            Input::Refused(path, count) => {
                self.incidents.note(What::Refused(path, count), now, now)
            }
            Input::Dropped(network, drops, lately) => {
                let what = What::Dropped(network, drops);
                self.incidents.note(what, now.before(lately), now);
            }
            Input::Paused(pause, ahead) => {
                self.incidents.note(What::Paused, now.before(ahead), now);
                self.pause(now, pause);
            }
            Input::Promised(epoch) => {
                if let Some(membership) = &mut self.membership {
                    membership.promised_before(epoch);
                }
            }
            Input::Message {
                from,
                incarnation,
                message,
            } => self.hear(now, from, incarnation, message, actions),
            Input::Soundness(network, soundness) => self.sound(now, network, soundness),
            Input::Witness(network, witness) => self.witnessed(network, witness),
            Input::Depart(_) => {
                self.conclude_all(now, actions);
                if let Some(membership) = &mut self.membership {
                    membership.depart();
                }
            }
        }
        self.tell(now, actions);
        self.remember(actions);
    }

    /// When to sweep at the latest; `None` while nothing can be missed.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        let paths = self.paths.iter().filter_map(Watched::deadline);
        let groups = self.groups.iter().filter_map(Group::deadline);
        let membership = self.membership.as_ref();
        let membership = membership.and_then(Membership::next_deadline);
        let stirred = self.begun.filter(|_| self.stirred);
        let own = [
            self.waiting,
            membership,
            self.standing.deadline(),
            self.again,
            self.stall_due,
            stirred,
        ];
        paths.chain(groups).chain(own.into_iter().flatten()).min()
    }

    fn adopt(&mut self, left: &[(Arrival, Memory)]) {
        for (arrival, memory) in left {
            if let Some(watched) = self.paths.get_mut(arrival.path.position()) {
                watched.adopt(arrival, *memory, &mut self.peers);
            }
        }
    }

    fn sweep(
        &mut self,
        now: Timestamp,
        arrivals: &[Arrival],
        gaps: &[Gap],
        actions: &mut Vec<Action>,
    ) {
        let begun = *self.begun.get_or_insert(now);
        for gap in gaps {
            if let Some(watched) = self.paths.get_mut(gap.path.position()) {
                watched.inquest.end(gap);
                watched.path.gap(now, gap, &mut self.events);
            }
        }
        self.listen(now, arrivals);
        if self.paused {
            self.paused = false;
            self.hold(now, arrivals);
        }
        let members = self.judge(now, arrivals);
        self.judge_agents(now, arrivals);
        self.tell(now, actions);
        let changed = self.judge_groups(now, &members);
        self.tell(now, actions);
        self.outgrow(now, arrivals, begun, actions);
        self.look_at_peers(now, arrivals);
        if self.ask(now, arrivals, begun, actions) || changed {
            actions.push(Action::Carry);
        }
    }

    /// Takes note of what the peers say of themselves.
    fn listen(&mut self, now: Timestamp, arrivals: &[Arrival]) {
        let authentication = self.config.authentication;
        for arrival in arrivals {
            if let Some(watched) = self.paths.get(arrival.path.position()) {
                let peer = &mut self.peers[watched.peer];
                peer.hear(now, arrival, authentication, &mut self.events);
            }
        }
        for peer in &mut self.peers {
            peer.compare(now, self.config.digest, &mut self.events);
        }
    }

    /// Judges every path, and returns what the groups may know of it, by network. With thousands of paths a pass
    /// over all of them is what a turn costs, so that this is one.
    fn judge(&mut self, now: Timestamp, arrivals: &[Arrival]) -> Vec<Vec<Member>> {
        let mut members: Vec<Vec<Member>> = self.groups.iter().map(|_| Vec::new()).collect();
        let mut strained = Vec::new();
        for arrival in arrivals {
            if let Some(watched) = self.paths.get_mut(arrival.path.position()) {
                let goodbye = self.peers[watched.peer].goodbye(arrival.incarnation);
                watched.sweep(now, arrival, goodbye, &mut self.events);
                let untold = watched.untold_strain(now);
                strained.extend(untold.map(|strain| (arrival.path, strain)));
                if self.groups[watched.network].is_used() {
                    members[watched.network].extend(watched.member(arrival));
                }
            }
        }
        self.warn(now, strained);
        members
    }

    /// A peer knows a newer incarnation of this node than the one it runs as.
    fn outgrow(
        &mut self,
        now: Timestamp,
        arrivals: &[Arrival],
        begun: Timestamp,
        actions: &mut Vec<Action>,
    ) {
        let replies = arrivals.iter().filter_map(|arrival| arrival.reply);
        let fresh = replies.filter(|reply| begun <= reply.at);
        let Some(known) = fresh.map(|reply| reply.known).max() else {
            return;
        };
        if self.incarnation < known && self.outgrown < known {
            self.outgrown = known;
            self.events.push(Event::IncarnationRefused {
                judged: now,
                ours: self.incarnation,
                known,
            });
            self.tell(now, actions);
            actions.push(Action::Outgrow(known));
        }
    }

    /// Hands out what the next run must know, after all that was judged.
    fn remember(&mut self, actions: &mut Vec<Action>) {
        for (position, watched) in self.paths.iter_mut().enumerate() {
            if let Some(memory) = watched.news() {
                actions.push(Action::Remember(PathIndex(position as u32), memory));
            }
        }
    }
}

#[cfg(test)]
mod tests;
