//! Inquests: what led to a silence, gathered from this node's own side, the peer's, and everyone else's.
//!
//! The awkward case is order. An event that waits for the peer's account must be told before the next of the same path,
//! before the configuration changes, and before this run ends; and until it is told, the next run must not believe
//! that it was.

use alloc::vec::Vec;
use core::time::Duration;

use heartbeat_ebpf::ids::NodeId;
use heartbeat_ebpf::time::Timestamp;

use super::Node;
use crate::account::{Account, Question, Silence};
use crate::action::{Action, Over};
use crate::cause::{Company, Echoed, Elsewhere, Explanation, Findings, Views};
use crate::config::{Authentication, NetworkIndex, PathIndex};
use crate::event::Event;
use crate::interface::Soundness;
use crate::message::Message;
use crate::nodes::NodeSet;
use crate::path::PathState;
use crate::watch::Watched;

impl Node {
    /// Explains a loss or its end; other events stay as they are.
    pub(super) fn explained(&self, now: Timestamp, event: Event) -> Event {
        match event {
            Event::PathLost {
                path,
                judged,
                last_arrival,
                deadline,
                missed,
                why: _,
            } => Event::PathLost {
                path,
                judged,
                last_arrival,
                deadline,
                missed,
                why: Explanation::of(self.findings(path, last_arrival, now)),
            },
            Event::PathRestored {
                path,
                judged,
                arrival,
                outage: Some(mut outage),
            } => {
                let findings = self.findings(path, outage.last_arrival, arrival);
                outage.why = Explanation::of(findings);
                Event::PathRestored {
                    path,
                    judged,
                    arrival,
                    outage: Some(outage),
                }
            }
            other => other,
        }
    }

    /// All that is known of a silence of this path.
    fn findings(&self, path: PathIndex, from: Timestamp, until: Timestamp) -> Findings {
        let Some(watched) = self.paths.get(path.position()) else {
            return Findings::default();
        };
        let peer = &self.peers[watched.peer];
        let announced = watched.inquest.was_announced(peer);
        let network = NetworkIndex(watched.network as u32);
        let mut own = self.incidents.within(from, until, network, path);
        own.unheard = watched.inquest.unheard();
        own.absent = self.begun.map_or(Duration::ZERO, |begun| begun.since(from));
        Findings {
            silence: until.since(from),
            interval: watched.path.judged_interval(),
            detection: watched.path.detection(),
            echo: watched.inquest.echo(),
            unanswered: watched.inquest.unanswered(),
            elsewhere: self.elsewhere(watched, from, until),
            company: self.company(watched, from, until),
            own,
            numbers: watched.inquest.numbers(from, announced),
            account: watched.inquest.account(from),
            peer_interface: self.peer_interface(until, watched),
            views: self.views(until, watched),
        }
    }

    fn elsewhere(&self, missed: &Watched, from: Timestamp, until: Timestamp) -> Elsewhere {
        let mut elsewhere = Elsewhere::default();
        let others = self.paths.iter().filter(|watched| {
            watched.peer == missed.peer && watched.network != missed.network && is_awaited(watched)
        });
        for other in others {
            if !is_silent(other, from, until) {
                elsewhere.heard += 1;
                continue;
            }
            elsewhere.silent += 1;
            match other.inquest.echo() {
                Echoed::NotAsked => {}
                Echoed::Unanswered => elsewhere.unanswered += 1,
                Echoed::Sending => elsewhere.answering += 1,
                Echoed::Idle => {
                    elsewhere.answering += 1;
                    elsewhere.idle += 1;
                }
            }
        }
        elsewhere
    }

    fn company(&self, missed: &Watched, from: Timestamp, until: Timestamp) -> Company {
        let mut company = Company::default();
        let others = self.paths.iter().filter(|watched| {
            watched.network == missed.network && watched.peer != missed.peer && is_awaited(watched)
        });
        for other in others {
            if is_silent(other, from, until) {
                company.silent += 1;
            } else {
                company.heard += 1;
            }
        }
        company
    }

    /// What the peer last reported of its own interface.
    fn peer_interface(&self, now: Timestamp, missed: &Watched) -> Soundness {
        let (Some(membership), Some(node)) = (
            &self.membership,
            self.config.index_of(self.peers[missed.peer].id),
        ) else {
            return Soundness::Unknown;
        };
        let rows = membership.rows(now, self.config.networks[missed.network].id);
        let row = rows.get(node.position()).copied().flatten();
        row.map_or(Soundness::Unknown, |row| row.soundness)
    }

    fn views(&self, now: Timestamp, missed: &Watched) -> Views {
        let mut views = Views::default();
        let (Some(membership), Some(us), Some(peer)) = (
            &self.membership,
            self.config.index_of(self.config.node),
            self.config.index_of(self.peers[missed.peer].id),
        ) else {
            return views;
        };
        let network = &self.config.networks[missed.network];
        let rows = membership.rows(now, network.id);
        for node in network
            .attached
            .iter()
            .filter(|node| *node != us && *node != peer)
        {
            let Some(row) = rows.get(node.position()).copied().flatten() else {
                continue;
            };
            let count = |heard: bool, yes: &mut u16, no: &mut u16| match heard {
                true => *yes += 1,
                false => *no += 1,
            };
            count(
                row.heard.contains(peer),
                &mut views.hear_peer,
                &mut views.miss_peer,
            );
            count(
                row.heard.contains(us),
                &mut views.hear_us,
                &mut views.miss_us,
            );
        }
        views
    }

    /// Whether a peer wants to know what happened here.
    pub fn is_asked(&self) -> bool {
        self.stirred
    }

    /// Whether the end of an outage waits for what the peer says of it.
    pub(super) fn waits(&self, event: &Event) -> bool {
        let Event::PathRestored {
            path,
            outage: Some(_),
            ..
        } = event
        else {
            return false;
        };
        let believed = match self.config.authentication {
            Authentication::Key => self.membership.is_some(),
            Authentication::Off => false,
        };
        let watched = self.paths.get(path.position());
        believed && watched.is_some_and(|watched| watched.inquest.is_of_one_run())
    }

    /// Tells what waited and need not any longer.
    pub(super) fn conclude(&mut self, now: Timestamp, actions: &mut Vec<Action>) {
        for place in 0..self.paths.len() {
            if let Some(event) = self.paths[place].inquest.due(now) {
                self.tell_path(now, event, actions);
            }
        }
    }

    /// Tells all that waits.
    pub(super) fn conclude_all(&mut self, now: Timestamp, actions: &mut Vec<Action>) {
        for place in 0..self.paths.len() {
            if let Some(event) = self.paths[place].inquest.give() {
                self.tell_path(now, event, actions);
            }
        }
    }

    /// Tells of a path, with its cause.
    pub(super) fn tell_path(&mut self, now: Timestamp, event: Event, actions: &mut Vec<Action>) {
        let event = self.explained(now, event);
        let (Event::PathLost { path, .. } | Event::PathRestored { path, .. }) = event else {
            return;
        };
        if let Some(watched) = self.paths.get_mut(path.position()) {
            watched.tell(now, event, actions);
        }
    }

    /// Asks peers for their side of every silence, and answers those that asked.
    pub(super) fn correspond(&mut self, now: Timestamp, actions: &mut Vec<Action>) {
        self.again = None;
        if self.membership.is_none() {
            return;
        }
        let quiet = |watched: &Watched| !watched.inquest.question_is_open();
        let asks = self.peers.iter().any(|peer| peer.exchange.has_question());
        if self.paths.iter().all(quiet) && !asks {
            return;
        }
        let mut silences: Vec<Vec<Silence>> = self.peers.iter().map(|_| Vec::new()).collect();
        let mut pace = Duration::MAX;
        for watched in &self.paths {
            let network = self.config.networks[watched.network].id;
            if let Some(silence) = watched.inquest.question(network) {
                silences[watched.peer].push(silence);
                pace = pace.min(watched.path.judged_interval());
            }
        }
        for (place, silences) in silences.into_iter().enumerate() {
            self.ask_account(now, place, silences, pace, actions);
            self.give_account(now, place, actions);
        }
    }

    fn ask_account(
        &mut self,
        now: Timestamp,
        place: usize,
        silences: Vec<Silence>,
        pace: Duration,
        actions: &mut Vec<Action>,
    ) {
        let incarnation = self
            .paths
            .iter()
            .filter(|watched| watched.peer == place && watched.inquest.question_is_open())
            .map(|watched| watched.inquest.asked_run())
            .max();
        let peer = &mut self.peers[place];
        let (Some(to), Some(incarnation)) = (self.config.index_of(peer.id), incarnation) else {
            return;
        };
        if !peer.exchange.is_due(now, &silences, pace) {
            self.again = self
                .again
                .into_iter()
                .chain(peer.exchange.again(pace))
                .min();
            return;
        }
        peer.exchange.asked(now, silences.clone());
        actions.push(Action::Post {
            to: [to].into_iter().collect::<NodeSet>(),
            over: Over::Best,
            message: Message::Question(Question {
                incarnation,
                silences,
            }),
        });
    }

    /// Answers a peer that asked.
    fn give_account(&mut self, now: Timestamp, place: usize, actions: &mut Vec<Action>) {
        let Some(question) = self.peers[place].exchange.take_question() else {
            return;
        };
        let Some(to) = self.config.index_of(self.peers[place].id) else {
            return;
        };
        if question.incarnation != self.incarnation {
            return;
        }
        let accounts = question.silences.iter();
        let accounts: Vec<Account> = accounts
            .filter_map(|silence| self.account(now, place, silence))
            .collect();
        if !accounts.is_empty() {
            actions.push(Action::Post {
                to: [to].into_iter().collect::<NodeSet>(),
                // Whoever asks misses us on the way that looks best from here.
                over: Over::All,
                message: Message::Accounts(accounts),
            });
        }
    }

    /// This node's side of a silence that a peer asks about.
    fn account(&self, now: Timestamp, peer: usize, silence: &Silence) -> Option<Account> {
        let is_meant = |(_, watched): &(usize, &Watched)| {
            watched.peer == peer && self.config.networks[watched.network].id == silence.network
        };
        let (place, watched) = self.paths.iter().enumerate().find(is_meant)?;
        let from = Timestamp::from_ns(silence.from)?.min(now);
        let until = Timestamp::from_ns(silence.until).map_or(now, |until| until.min(now));
        let network = NetworkIndex(watched.network as u32);
        let side = self
            .incidents
            .within(from, until.max(from), network, PathIndex(place as u32));
        Some(Account {
            of: *silence,
            unheard: watched.inquest.silent_within(from, now),
            late: side.late,
            sender_late: side.sender_late,
            waited: side.waited,
            paused: side.paused,
            interface: if side.interface_down.is_zero() {
                Soundness::Sound
            } else {
                Soundness::Failed
            },
            refused: side.refused,
            unsent: side.unsent,
        })
    }

    /// A peer asks, to be answered with the next sweep.
    pub(super) fn hear_question(&mut self, from: NodeId, question: &Question) {
        if let Some(peer) = self.peers.iter_mut().find(|peer| peer.id == from) {
            peer.exchange.hear(question);
            self.stirred = true;
        }
    }

    /// A peer answers.
    pub(super) fn hear_accounts(&mut self, from: NodeId, accounts: &[Account]) {
        let Some(place) = self.peers.iter().position(|peer| peer.id == from) else {
            return;
        };
        for account in accounts {
            let of = self.paths.iter_mut().find(|watched| {
                watched.peer == place
                    && self.config.networks[watched.network].id == account.of.network
            });
            if let Some(watched) = of {
                watched.inquest.hear(account);
                self.stirred = true;
            }
        }
    }
}

/// Whether heartbeats are awaited on a path.
fn is_awaited(watched: &Watched) -> bool {
    match watched.path.state() {
        PathState::Up | PathState::Lost { .. } => true,
        PathState::Unknown | PathState::Restarting { .. } | PathState::Left { .. } => false,
    }
}

/// Whether a path was silent for most of this time.
fn is_silent(watched: &Watched, from: Timestamp, until: Timestamp) -> bool {
    until.since(from) <= watched.inquest.silent_within(from, until) * 2
}
