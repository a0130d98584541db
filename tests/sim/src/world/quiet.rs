//! L1: once nothing is wrong any more, the cluster heals, and in a stated time.
//!
//! From the end of the last fault, every node that runs is healthy and connected. Within the time in which
//! everything that anybody waits for is over (suspicion, stalled agents, a restart that was announced,
//! promises) and some rounds of talking, all of them are in one view, nobody else is, and they are quorate,
//! if they have the votes. That must then last.

use std::rc::Rc;

use heartbeat_core::action::Over;
use heartbeat_core::config::PathIndex;
use heartbeat_core::nodes::{NodeIndex, NodeSet};
use heartbeat_core::path::PathState;
use heartbeat_core::view::View;

use super::{Event, World};
use crate::check::Property;
use crate::host::{Body, Letter, Power};
use crate::script::{letter, letters};

/// Intervals beyond all that is waited for.
const ROUNDS: u64 = 16;
/// Intervals within which all nodes start, and boot after the last fault.
const STARTING: u64 = 10;
const BOOTING: u64 = 4;
/// Intervals for which a healed cluster is looked at further.
const LASTING: u64 = 8;
/// Looks an interval.
const LOOKS: u64 = 2;

/// How far the end of a run is.
#[derive(Debug, Default)]
pub(super) struct Quiet {
    formed: bool,
    since: Option<u64>,
    healed: Option<u64>,
    over: bool,
}

impl Quiet {
    /// Whether there is nothing more to see.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// Whether all nodes were in one view once.
    pub fn is_formed(&self) -> bool {
        self.formed
    }
}

impl World {
    /// Looks at the whole, twice an interval.
    pub(super) fn look(&mut self) {
        let interval = self.plan.shape.longest_interval();
        self.queue.put(self.now + interval / LOOKS, Event::Look);
        self.send_parcel();
        if !self.quiet.formed && self.unhealed().is_none() {
            self.quiet.formed = true;
            if let Some(view) = self.checks.newest() {
                self.transcript.formed(self.now, view);
            }
        }
        if self.now < self.last_fault() {
            return;
        }
        let since = *self.quiet.since.get_or_insert(self.now);
        match (self.unhealed(), self.quiet.healed) {
            (None, None) => self.quiet.healed = Some(self.now),
            (None, Some(healed)) => {
                let least = self.plan.least.max(healed + interval * LASTING);
                self.quiet.over = least <= self.now;
            }
            (Some(why), Some(_)) => {
                self.checks
                    .fail(Property::L1, self.now, format!("it did not last: {why}"));
                self.quiet.over = true;
            }
            (Some(why), None) => {
                if since + self.patience() < self.now {
                    self.checks.fail(Property::L1, self.now, why);
                    self.quiet.over = true;
                }
            }
        }
    }

    /// How long healing may take.
    fn patience(&self) -> u64 {
        let shape = &self.plan.shape;
        let suspicion = shape.suspicion_most();
        let waits = shape.stalled_after.max(shape.restart_grace).max(suspicion);
        waits + suspicion + shape.longest_interval() * ROUNDS
    }

    /// When the last fault of the script has ended.
    fn last_fault(&self) -> u64 {
        let ends = self
            .plan
            .script
            .iter()
            .map(|episode| episode.end.unwrap_or(episode.begin));
        let interval = self.plan.shape.longest_interval();
        ends.max().unwrap_or(0).max(interval * STARTING) + interval * BOOTING
    }

    /// What is not as it should be in a healthy cluster, if anything is.
    fn unhealed(&self) -> Option<String> {
        let healthy: NodeSet = (0..self.hosts.len())
            .filter(|node| self.is_healthy(*node))
            .map(|node| NodeIndex(node as u16))
            .collect();
        let quorum = self
            .plan
            .shape
            .is_quorum(|node| healthy.contains(NodeIndex(node as u16)));
        let kept_out = self.coverage.quarantined();
        let views = || {
            healthy
                .iter()
                .filter_map(|node| self.checks.view_of(node.position()))
        };
        let newest = views().max_by_key(|view| view.epoch);
        if quorum && newest.is_none() {
            return Some("nobody has a view".to_owned());
        }
        for node in healthy.iter().map(|node| node.position()) {
            if let Some(path) = self.lost_path(node, &healthy) {
                return Some(path);
            }
            let quorate = self.is_quorate(node);
            let view = self.checks.view_of(node);
            let Some(view) = view.filter(|_| quorum) else {
                if quorate || (quorum && !kept_out) {
                    return Some(format!(
                        "{} has no view, or quorum without votes",
                        letter(node)
                    ));
                }
                continue;
            };
            if Some(view.epoch) != newest.map(|newest| newest.epoch) {
                return Some(format!("{} is behind", letter(node)));
            }
            if let Some(why) = self.incomplete(node, view, &healthy) {
                return Some(why);
            }
        }
        None
    }

    /// What is wrong with the view that a node acts by, if anything is.
    fn incomplete(&self, node: usize, view: &View, healthy: &NodeSet) -> Option<String> {
        let quorate = self.is_quorate(node);
        let node = letter(node);
        let over = |(node, run): &&(NodeIndex, _)| self.checks.run_of(node.position()) != *run;
        if let Some((gone, _)) = view.members.iter().find(over) {
            let gone = letter(gone.position());
            return Some(format!("{node} has a run of {gone} that is over"));
        }
        let members = view.set();
        let kept_out = self.coverage.quarantined() && members.is_subset(healthy);
        let complete = members == *healthy || kept_out;
        let (members, all) = (letters(&members), letters(healthy));
        (!complete || !quorate)
            .then(|| format!("{node} has {members} of {all}, quorate: {quorate}"))
    }

    fn is_healthy(&self, node: usize) -> bool {
        let host = &self.hosts[node];
        host.power == Power::On && host.active().is_some()
    }

    fn is_quorate(&self, node: usize) -> bool {
        let now = self.hosts[node].clock.local(self.now);
        self.core(node).is_some_and(|core| core.is_quorate(now))
    }

    fn lost_path(&self, node: usize, healthy: &NodeSet) -> Option<String> {
        let core = self.core(node)?;
        for (place, (peer, network)) in self.hosts[node].paths.iter().enumerate() {
            let up =
                core.path(PathIndex(place as u32)).map(|path| path.state()) == Some(PathState::Up);
            if healthy.contains(NodeIndex(*peer as u16)) && !up {
                let (node, peer) = (letter(node), letter(*peer));
                return Some(format!(
                    "{node} does not hear {peer} on net-{}",
                    network + 1
                ));
            }
        }
        None
    }

    /// A user of some node sends a message to some other.
    fn send_parcel(&mut self) {
        let count = self.hosts.len() as u64;
        let node = self.random.below(count) as usize;
        let peer = self.random.below(count) as usize;
        let host = &mut self.hosts[node];
        if node == peer || host.active().is_none() {
            return;
        }
        let incarnation = host.incarnation;
        let Some(agent) = &mut host.agent else { return };
        agent.posted += 1;
        let letter = Rc::new(Letter {
            incarnation,
            number: agent.posted,
            body: Body::Parcel,
        });
        self.dispatch(node, peer, Over::Best, &letter);
    }
}
