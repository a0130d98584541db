//! A state of the model: all hosts, what is on its way between them, and what may still happen.
//!
//! The awkward case is the cost of a million of these. So hosts and messages are shared between states until they
//! change, and of a step that changes one host one host is copied.

use std::sync::Arc;

use heartbeat_core::arrival::Departure;
use heartbeat_core::membership::{News, Outcome};

use crate::bounds::{Bounds, Moments, Order};
use crate::history::History;
use crate::host::{Condition, Host, Stamp};
use crate::law::{HIGHEST, Law};
use crate::letter::{Copy, Letter};
use crate::mutant::Mutant;
use crate::scale;
use crate::step::{Fault, First, Step};

mod happen;
mod time;

/// One state.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct World {
    /// By place.
    pub hosts: Vec<Arc<Host>>,
    /// Messages sent at this moment that have not come yet, in this order.
    fresh: Vec<Arc<Letter>>,
    /// Messages that are late.
    late: Vec<Arc<Letter>>,
    /// From whom nothing comes to whom: eight bits a sender.
    cuts: u64,
    faults: u8,
    tricks: u8,
    /// Whether something has gone wrong.
    disturbed: bool,
    history: History,
    /// The law that the last step has broken.
    pub broken: Option<Law>,
}

/// Something that a node told.
#[derive(Clone, Debug)]
pub struct Told {
    /// Which node.
    pub node: usize,
    /// What.
    pub news: News,
    /// Whether a view brings back a node that an older view had and a later one did not.
    pub rejoined: bool,
}

impl World {
    /// All nodes begin at this moment.
    pub fn new(bounds: &Bounds, mutant: Mutant) -> Self {
        let nodes = bounds.nodes;
        World {
            hosts: (0..nodes)
                .map(|me| Arc::new(Host::new(me, nodes, mutant)))
                .collect(),
            fresh: Vec::new(),
            late: Vec::new(),
            cuts: 0,
            faults: bounds.faults,
            tricks: bounds.tricks,
            disturbed: false,
            history: History::new(nodes),
            broken: None,
        }
    }

    /// What can happen next.
    pub fn steps(&self, bounds: &Bounds, steps: &mut Vec<Step>) {
        if self.broken.is_some() {
            return;
        }
        let come = match bounds.order {
            Order::Any => self.fresh.len(),
            Order::Sent => self.fresh.len().min(1),
        };
        for place in 0..come {
            steps.push(Step::Come(place));
            if 0 < self.tricks {
                steps.extend([Step::Lose(place), Step::Delay(place), Step::Repeat(place)]);
            }
        }
        steps.extend((0..self.late.len()).map(Step::Late));
        let quiet = self.fresh.is_empty();
        if quiet {
            steps.push(Step::Tick);
            self.mend(steps);
        }
        let now = match bounds.moments {
            Moments::Any => true,
            Moments::Quiet => quiet,
        };
        if 0 < self.faults && now {
            let all = bounds
                .kinds
                .iter()
                .flat_map(|kind| kind.faults(bounds.nodes));
            steps.extend(all.filter(|fault| self.can(*fault)).map(Step::Fault));
        }
    }

    /// Messages sent at this moment that have not come yet.
    pub fn fresh(&self) -> &[Arc<Letter>] {
        &self.fresh
    }

    /// Messages that are late.
    pub fn late(&self) -> &[Arc<Letter>] {
        &self.late
    }

    /// Whether anything is cut.
    pub fn has_cuts(&self) -> bool {
        self.cuts != 0
    }

    /// How many faults and tricks are left.
    pub fn left(&self) -> (u8, u8) {
        (self.faults, self.tricks)
    }

    fn mend(&self, steps: &mut Vec<Step>) {
        if self.cuts != 0 {
            steps.push(Step::Heal);
        }
        for (node, host) in self.hosts.iter().enumerate() {
            match host.condition {
                Condition::Runs => {}
                Condition::Stalled | Condition::Frozen => {
                    steps.extend(
                        [First::Paths, First::Messages].map(|first| Step::Wake(node, first)),
                    );
                }
                Condition::Ended | Condition::Off => steps.push(Step::Boot(node)),
            }
        }
    }

    /// Whether a fault would change anything.
    fn can(&self, fault: Fault) -> bool {
        match fault {
            Fault::Cut(from, to) => !self.is_cut(from, to),
            Fault::CutPair(one, two) => !self.is_cut(one, two) || !self.is_cut(two, one),
            Fault::Split(_) => true,
            Fault::Crash(node)
            | Fault::Respawn(node)
            | Fault::Leave(node)
            | Fault::Restart(node)
            | Fault::Stall(node)
            | Fault::Freeze(node) => self.hosts[node].condition == Condition::Runs,
        }
    }

    /// Whether nothing comes from one node to another.
    fn is_cut(&self, from: usize, to: usize) -> bool {
        self.cuts >> (8 * from + to) & 1 == 1
    }

    fn cut(&mut self, from: usize, to: usize) {
        self.cuts |= 1 << (8 * from + to);
    }

    /// What follows from a step, and what nodes tell of it.
    pub fn after(&self, step: Step, mutant: Mutant) -> (World, Vec<Told>) {
        let mut world = self.clone();
        let mut told = Vec::new();
        world.take(step, mutant, &mut told);
        let laws = world.history.look(&world.hosts);
        world.judge(laws, mutant);
        (world, told)
    }

    /// Takes note of the first law broken that is looked at.
    fn judge(&mut self, laws: impl IntoIterator<Item = Law>, mutant: Mutant) {
        let law = laws.into_iter().find(|law| mutant.is_judged_by(*law));
        self.broken = self.broken.or(law);
    }

    /// Sends what a node wants sent, and keeps what it tells.
    fn carry_out(&mut self, node: usize, out: Outcome, mutant: Mutant, told: &mut Vec<Told>) {
        if out.promised.is_some_and(|promised| HIGHEST < promised) {
            self.judge([Law::Ends], mutant);
        }
        for news in out.news {
            let mut rejoined = false;
            if let News::Installed { view, .. } = &news {
                let run = self.hosts[node].run;
                let laws = self.history.install(node, run, view);
                self.judge(laws, mutant);
                rejoined = self.history.brings_back();
            }
            if !self.disturbed && is_loss(&news) {
                self.judge([Law::Undisturbed], mutant);
            }
            told.push(Told {
                node,
                news,
                rejoined,
            });
        }
        for post in out.posts {
            let Some(message) = mutant.carry(post.message) else {
                continue;
            };
            for to in post.to.iter().map(|to| to.position()) {
                let host = &self.hosts[node];
                let Some(stamp) = host.stamps[to].filter(|_| !self.is_cut(node, to)) else {
                    continue;
                };
                self.fresh.push(Arc::new(Letter {
                    from: node,
                    from_run: host.run,
                    to,
                    to_run: stamp.run,
                    sent: scale::now(),
                    message: message.clone(),
                    copy: Copy::First,
                }));
            }
        }
    }

    /// Peers that a node reaches hear it say that it goes.
    fn say_goodbye(&mut self, node: usize, departure: Departure) {
        let run = self.hosts[node].run;
        for to in (0..self.hosts.len()).filter(|to| *to != node) {
            if !self.is_cut(node, to) && self.hosts[to].condition.has_kernel() {
                Arc::make_mut(&mut self.hosts[to]).stamps[node] = Some(Stamp {
                    at: scale::now(),
                    run,
                    departure: Some(departure),
                });
            }
        }
    }
}

/// Whether somebody is removed, or is in no view any more.
fn is_loss(news: &News) -> bool {
    match news {
        News::Installed { removed, .. } => !removed.is_empty(),
        News::QuorumLost(_) => true,
        News::Quarantined(..) => false,
    }
}
