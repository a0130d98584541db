//! The membership's part in a node's turn: what it decided becomes actions and events, in the order in which
//! they must be told.
//!
//! The awkward case is the removal of a node. What is wrong with its interfaces settles in its own time, while
//! 1126 has to come before 1135; so whatever was not told of them by then is told at that moment.

use alloc::vec::Vec;

use heartbeat_ebpf::time::Timestamp;

use super::Node;
use crate::action::Action;
use crate::config::NetworkIndex;
use crate::event::Event;
use crate::interface::{InterfaceState, Matrix, NetworkState, Soundness, Witness, judge};
use crate::membership::{Membership, News, Outcome};
use crate::message::Row;
use crate::nodes::{NodeIndex, NodeSet};
use crate::regroup::Stage;
use crate::terms::Terms;
use crate::view::{Epoch, View};

/// What this node's kernel and its witnesses say of one network.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Own {
    pub soundness: Soundness,
    pub witness: Witness,
    /// When the witnesses were asked last.
    probed: Option<Timestamp>,
}

impl Node {
    /// The view that this node acts by; `None`: it is in none.
    pub fn view(&self) -> Option<&View> {
        self.membership.as_ref().and_then(Membership::view)
    }

    /// Number of the newest view that was heard of; 0: none.
    pub fn epoch(&self) -> Epoch {
        let membership = self.membership.as_ref();
        membership.map_or(Epoch(0), Membership::epoch)
    }

    /// How far this node is with a regroup.
    pub fn stage(&self) -> Stage {
        let membership = self.membership.as_ref();
        membership.map_or(Stage::Stabilized, Membership::stage)
    }

    /// Whether this node acts by a view with quorum at `now`.
    pub fn is_quorate(&self, now: Timestamp) -> bool {
        let membership = self.membership.as_ref();
        membership.is_some_and(|membership| membership.is_quorate(now))
    }

    /// Whether a node is a member of the view that this node acts by.
    pub fn is_member(&self, node: NodeIndex) -> bool {
        let membership = self.membership.as_ref();
        membership.is_some_and(|membership| membership.is_member(node))
    }

    /// What an interface is held to be, this node's own ones included.
    pub fn interface_state(&self, node: NodeIndex, network: NetworkIndex) -> InterfaceState {
        self.standing.interface(network, node)
    }

    /// What a network is held to be.
    pub fn network_state(&self, network: NetworkIndex) -> NetworkState {
        self.standing.network(network)
    }

    /// The membership begins with the first input, which brings the time.
    pub(super) fn begin(&mut self, now: Timestamp) {
        if self.membership.is_none() {
            let terms = Terms::new(&self.config);
            self.membership = terms.map(|terms| Membership::new(terms, self.incarnation, now));
        }
    }

    /// The kernel's word on this node's own interface.
    pub(super) fn sound(&mut self, now: Timestamp, network: NetworkIndex, soundness: Soundness) {
        let Some(own) = self.own.get_mut(network.position()) else {
            return;
        };
        self.incidents.sound(now, network, soundness);
        let failed = own.soundness != soundness && soundness == Soundness::Failed;
        own.soundness = soundness;
        if failed {
            self.events.push(Event::LocalInterfaceFailed {
                network,
                judged: now,
            });
        }
        self.show_rows();
    }

    pub(super) fn witnessed(&mut self, network: NetworkIndex, witness: Witness) {
        if let Some(own) = self.own.get_mut(network.position()) {
            own.witness = witness;
            self.show_rows();
        }
    }

    /// Lets the membership decide, and tells what follows.
    pub(super) fn deliberate(&mut self, now: Timestamp, actions: &mut Vec<Action>) {
        let (Some(membership), Some(_)) = (&mut self.membership, self.begun) else {
            return;
        };
        let mut outcome = Outcome::default();
        let decided = membership.turn(now, &mut outcome);
        self.carry_out(now, outcome, actions);
        let due = self.standing.deadline().is_some_and(|due| due <= now);
        if decided || due {
            self.judge_networks(now);
            self.probe(now, actions);
        }
        self.tell(now, actions);
    }

    pub(super) fn carry_out(
        &mut self,
        now: Timestamp,
        outcome: Outcome,
        actions: &mut Vec<Action>,
    ) {
        actions.extend(outcome.promised.map(Action::Promise));
        let posts = outcome.posts.into_iter();
        actions.extend(posts.map(|post| Action::Post {
            to: post.to,
            over: post.over,
            message: post.message,
        }));
        for news in outcome.news {
            self.announce(now, news);
        }
    }

    fn announce(&mut self, now: Timestamp, news: News) {
        match news {
            News::Installed {
                view,
                joined,
                removed,
            } => {
                self.available = view.set();
                self.tell_removed(now, &view, &removed);
                let joined = joined.iter().map(|node| Event::MemberJoined {
                    node,
                    epoch: view.epoch,
                    judged: now,
                });
                self.events.extend(joined);
            }
            News::QuorumLost(epoch) => self.events.push(Event::QuorumLost { epoch, judged: now }),
            News::Quarantined(node, until) => self.events.push(Event::Quarantined {
                node,
                until,
                judged: now,
            }),
        }
    }

    fn tell_removed(&mut self, now: Timestamp, view: &View, removed: &NodeSet) {
        for node in removed.iter() {
            for (place, network) in self.config.networks.iter().enumerate() {
                if network.attached.contains(node) {
                    let network = NetworkIndex(place as u32);
                    self.standing.remove(now, network, node, &mut self.events);
                }
            }
            self.events.push(Event::MemberRemoved {
                node,
                epoch: view.epoch,
                choice: view.choice,
                judged: now,
            });
        }
    }

    /// States of interfaces and networks, from the first view on: before, whoever starts first would find
    /// everything broken.
    fn judge_networks(&mut self, now: Timestamp) {
        let Some(membership) = &self.membership else {
            return;
        };
        if self.available.is_empty() {
            return;
        }
        for (place, network) in self.config.networks.iter().enumerate() {
            let rows = membership.rows(now, network.id);
            let states = judge(&Matrix {
                attached: &network.attached,
                available: &self.available,
                rows: &rows,
            });
            let settle = self.config.membership.settle.lasting(&network.timing);
            let index = NetworkIndex(place as u32);
            self.standing
                .judge(now, index, &states, settle, &mut self.events);
        }
    }

    /// Asks the witnesses of networks on which this node hears nobody or nobody hears it, once an interval.
    fn probe(&mut self, now: Timestamp, actions: &mut Vec<Action>) {
        let (Some(membership), Some(me)) =
            (&self.membership, self.config.index_of(self.config.node))
        else {
            return;
        };
        for (place, network) in self.config.networks.iter().enumerate() {
            let own = &mut self.own[place];
            let mut others = network.attached.and(&self.available);
            others.remove(me);
            if others.is_empty() || !is_alone(membership, now, place, &others) {
                own.probed = None;
                own.witness = Witness::Unknown;
                continue;
            }
            let pace = network.timing.interval;
            if own.probed.is_none_or(|at| pace <= now.since(at)) {
                own.probed = Some(now);
                actions.push(Action::Probe(NetworkIndex(place as u32)));
            }
        }
        self.show_rows();
    }

    /// Whom this node hears, by network.
    pub(super) fn show_rows(&mut self) {
        let Some(membership) = &mut self.membership else {
            return;
        };
        let networks = self.config.networks.iter().zip(&self.own).enumerate();
        let rows = networks.map(|(place, (network, own))| Row {
            network: network.id,
            heard: membership.heard_on(place),
            soundness: own.soundness,
            witness: own.witness,
        });
        let rows = rows.collect();
        membership.show(rows);
    }
}

/// Whether a node hears none of the others on a network, or is heard by none that says whom it hears.
fn is_alone(membership: &Membership, now: Timestamp, network: usize, others: &NodeSet) -> bool {
    let Some(own) = membership.own_row(network) else {
        return false;
    };
    let said = |node| membership.hears_us(now, node, own.network);
    let mut words = others.iter().filter_map(said).peekable();
    let unheard = words.peek().is_some() && words.all(|hears| !hears);
    own.heard.and(others).is_empty() || unheard
}
