//! The node: all paths, one mutator.
//!
//! The agent hands over what the kernel knows and gets back what to tell and what to ask for. It sleeps
//! until [`Node::next_deadline`], not on a fixed period, so that a loss is judged the moment it is certain.

use alloc::vec::Vec;

use heartbeat_ebpf::ids::Incarnation;
use heartbeat_ebpf::time::Timestamp;

use crate::arrival::{Arrival, Gap};
use crate::config::{Config, PathIndex};
use crate::event::Event;
use crate::path::{Path, PathState};

/// What a node is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Input<'a> {
    /// What an earlier run of the agent left in the slots, on the same boot: these paths were heard before,
    /// and are judged on from their stamps. Comes first, if at all.
    Adopt(&'a [Arrival]),
    /// One reading of the kernel's records. `now` was read before the slots were, so that no arrival can be
    /// missing that had happened by then.
    Sweep {
        /// Every path, or those that are monitored now.
        arrivals: &'a [Arrival],
        /// The gaps written down since the last sweep, oldest first.
        gaps: &'a [Gap],
    },
}

/// What a node asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// Tell this.
    Emit(Event),
    /// Be woken by the next heartbeat on this path, or by the next unconfirmed incarnation.
    Arm(PathIndex),
    /// Be woken by the next unconfirmed incarnation alone.
    ArmForCandidate(PathIndex),
    /// Ask this peer's kernel for its incarnation, with a fresh nonce.
    Echo(PathIndex),
}

/// A node of the cluster, judging its paths.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Node {
    config: Config,
    paths: Vec<Judged>,
    events: Vec<Event>,
}

/// A path and what has been asked about it.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Judged {
    path: Path,
    armed: Option<Timestamp>,
    asked: Option<Timestamp>,
    again: Option<Timestamp>,
}

impl Node {
    /// A node that has heard nobody yet.
    pub fn new(config: Config) -> Self {
        let path = |(position, path): (usize, &crate::config::PathConfig)| Judged {
            path: Path::new(PathIndex(position as u32), path.timing),
            armed: None,
            asked: None,
            again: None,
        };
        let paths = config.paths.iter().enumerate().map(path).collect();
        Node {
            config,
            paths,
            events: Vec::new(),
        }
    }

    /// What it judges by.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// One of its paths, or `None` past the last.
    pub fn path(&self, index: PathIndex) -> Option<&Path> {
        self.paths.get(index.position()).map(|judged| &judged.path)
    }

    /// Takes one input and appends what follows to `actions`.
    pub fn handle(&mut self, now: Timestamp, input: Input<'_>, actions: &mut Vec<Action>) {
        match input {
            Input::Adopt(arrivals) => {
                for arrival in arrivals {
                    if let Some(judged) = self.paths.get_mut(arrival.path.position()) {
                        judged.path.adopt(arrival);
                    }
                }
            }
            Input::Sweep { arrivals, gaps } => {
                for gap in gaps {
                    if let Some(judged) = self.paths.get_mut(gap.path.position()) {
                        judged.path.gap(now, gap, &mut self.events);
                    }
                }
                for arrival in arrivals {
                    if let Some(judged) = self.paths.get_mut(arrival.path.position()) {
                        judged.path.sweep(now, arrival, &mut self.events);
                        judged.watch(now, arrival, actions);
                    }
                }
                actions.extend(self.events.drain(..).map(Action::Emit));
            }
        }
    }

    /// When to sweep at the latest; `None` while nothing can be missed.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        let due = |judged: &Judged| match (judged.path.deadline(), judged.again) {
            (Some(deadline), Some(again)) => Some(deadline.min(again)),
            (deadline, again) => deadline.or(again),
        };
        self.paths.iter().filter_map(due).min()
    }
}

impl Judged {
    /// Asks to be woken and confirms incarnations, each at most once an interval, so that no sender can
    /// keep the agent busy.
    fn watch(&mut self, now: Timestamp, arrival: &Arrival, actions: &mut Vec<Action>) {
        let interval = self.path.judged_interval();
        let index = arrival.path;
        let rested = |since: Option<Timestamp>| since.is_none_or(|at| interval <= now.since(at));
        self.again = None;
        let silent = !matches!(self.path.state(), PathState::Up);
        let unarmed = (silent && !arrival.armed) || !arrival.armed_for_candidate;
        if unarmed {
            if rested(self.armed) {
                self.armed = Some(now);
                actions.push(if silent {
                    Action::Arm(index)
                } else {
                    Action::ArmForCandidate(index)
                });
            } else {
                self.again = self.armed.map(|at| at.after(interval));
            }
        }
        if self.doubtful(now, arrival).is_some() {
            if rested(self.asked) {
                self.asked = Some(now);
                actions.push(Action::Echo(index));
            }
            let next = self.asked.unwrap_or(now).after(interval);
            self.again = Some(self.again.map_or(next, |again| again.min(next)));
        }
    }

    /// The incarnation that is heard now and not confirmed.
    fn doubtful(&self, now: Timestamp, arrival: &Arrival) -> Option<Incarnation> {
        let (incarnation, heard) = arrival.candidate?;
        (now.since(heard) <= self.path.detection()).then_some(incarnation)
    }
}

#[cfg(test)]
mod tests;
