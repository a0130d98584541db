//! What is asked about one path: of XDP, to be woken; of the peer's kernel, by an echo.
//!
//! An echo answers four questions: which run of the peer's agent is the living one, which of ours the peer
//! knows, whether our heartbeats come through the group, and, by the remark that we miss something, it tells
//! the peer. Each has its own pace, and none is asked more than once an interval, so that no sender can keep
//! the agent busy. A candidate has a budget of its own: it must not wait because something else was asked. So has the
//! remark: a peer that asked how the group does, right before it missed a heartbeat, would say so when it is too late for
//! unicast. The peer's kernel takes the remark then, though it answers one question an interval.
//!
//! Between far sites an echo takes longer than an interval, and would always answer a question that another has
//! followed. So a question is repeated with the same nonce for as long as it is open; not for longer, for a reply
//! held back by an attacker must not bring a dead peer back.

use core::time::Duration;

use heartbeat_ebpf::time::Timestamp;

use crate::arrival::Arrival;
use crate::path::{Path, PathState};

/// A missed heartbeat is looked for this part of an interval later, so that one look serves the paths whose next
/// heartbeats are due about then; each of thousands would want a look of its own otherwise. An answer still comes
/// before the deadline, which is another interval away at the least.
const LOOKS: u32 = 2;
/// Intervals between questions that are not urgent.
const CALM: u32 = 10;
/// Intervals between questions whose answer a group waits for.
const EAGER: u32 = 2;
/// Questions at once an interval until this run knows that it is known.
const INTRODUCTIONS: u32 = 3;
/// A path that is silent for more intervals than this is asked in calm.
const SILENCE: u32 = 20;
/// More than any round trip between two sites takes.
const ROUND_TRIP: Duration = Duration::from_secs(2);

/// What is wanted now.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Wanted {
    /// To be woken.
    pub arm: Option<Arm>,
    /// An echo request.
    pub ask: Option<Ask>,
}

/// What shall wake the agent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Arm {
    /// The next heartbeat, or the next unconfirmed incarnation.
    Arrival,
    /// The next unconfirmed incarnation.
    Candidate,
}

/// What an echo request says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ask {
    /// Nothing beside the question.
    Plain,
    /// That we miss heartbeats.
    Missed,
}

/// How eagerly replies are awaited beside this path's own needs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Need {
    /// Never, for nobody would answer: there is no authentication.
    Never,
    /// Not beside this path's own needs.
    None,
    /// Now and then, to know that unicast works.
    Calm,
    /// Soon: a group has to be confirmed.
    Eager,
}

/// What was asked about one path.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Inquiry {
    armed: Option<Timestamp>,
    asked: Option<Timestamp>,
    /// When it was last said that heartbeats are missed.
    remarked: Option<Timestamp>,
    asked_candidate: Option<Timestamp>,
    introductions: u32,
    again: Option<Timestamp>,
}

impl Inquiry {
    /// When to look again at the latest, if something waits.
    pub fn deadline(&self) -> Option<Timestamp> {
        self.again
    }

    /// What to ask now. `begun` is when this run began to judge: older replies are not to it.
    pub fn wanted(
        &mut self,
        now: Timestamp,
        path: &Path,
        arrival: &Arrival,
        need: Need,
        begun: Timestamp,
    ) -> Wanted {
        self.again = None;
        Wanted {
            arm: self.arm(now, path, arrival),
            ask: self.ask(now, path, arrival, need, begun),
        }
    }

    fn arm(&mut self, now: Timestamp, path: &Path, arrival: &Arrival) -> Option<Arm> {
        let silent = !matches!(path.state(), PathState::Up);
        let arm = if silent { Arm::Arrival } else { Arm::Candidate };
        if (arrival.armed || !silent) && arrival.armed_for_candidate {
            return None;
        }
        let interval = path.judged_interval();
        if is_rested(self.armed, now, interval) {
            self.armed = Some(now);
            return Some(arm);
        }
        self.look_again(self.armed.map(|at| at.after(interval)));
        None
    }

    fn ask(
        &mut self,
        now: Timestamp,
        path: &Path,
        arrival: &Arrival,
        need: Need,
        begun: Timestamp,
    ) -> Option<Ask> {
        if need == Need::Never {
            return None;
        }
        let rest = path.judged_interval() / LOOKS;
        let look = path.first_miss().map(|miss| miss.after(rest));
        self.look_again(look.filter(|look| now < *look));
        if is_doubtful(now, path, arrival) {
            let pace = answerable(path);
            if is_rested(self.asked_candidate, now, pace) {
                self.asked_candidate = Some(now);
                self.look_again(Some(now.after(pace)));
                return Some(Ask::Plain);
            }
            self.look_again(self.asked_candidate.map(|at| at.after(pace)));
        }
        let (pace, ask) = self.pace(now, path, arrival, need, begun)?;
        let before = match ask {
            Ask::Plain => self.asked,
            Ask::Missed => self.remarked,
        };
        if is_rested(before, now, pace) {
            self.asked = Some(now);
            if ask == Ask::Missed {
                self.remarked = Some(now);
            }
            return Some(ask);
        }
        None
    }

    /// How often something is to be asked as things stand, and with which remark.
    fn pace(
        &mut self,
        now: Timestamp,
        path: &Path,
        arrival: &Arrival,
        need: Need,
        begun: Timestamp,
    ) -> Option<(Duration, Ask)> {
        let interval = answerable(path);
        let silence = now.since(arrival.last?);
        match path.state() {
            PathState::Unknown | PathState::Restarting { .. } | PathState::Left { .. } => None,
            PathState::Lost { .. } if interval * SILENCE < silence => {
                Some((interval * CALM, Ask::Missed))
            }
            PathState::Lost { .. } => Some((interval, Ask::Missed)),
            PathState::Up if path.first_miss().is_some_and(|miss| miss < now) => {
                Some((interval, Ask::Missed))
            }
            PathState::Up => {
                let replied = arrival.reply.is_some_and(|reply| begun <= reply.at);
                let intervals = match need {
                    Need::None | Need::Calm | Need::Eager if !replied => {
                        self.introduction(now, interval)
                    }
                    Need::Never | Need::None => return None,
                    Need::Calm => CALM,
                    Need::Eager => EAGER,
                };
                Some((interval * intervals, Ask::Plain))
            }
        }
    }

    /// Intervals until the next attempt to learn whether the peer knows this run.
    fn introduction(&mut self, now: Timestamp, interval: Duration) -> u32 {
        let pace = if self.introductions < INTRODUCTIONS {
            1
        } else {
            CALM
        };
        if is_rested(self.asked, now, interval * pace) {
            self.introductions = self.introductions.saturating_add(1);
        }
        pace
    }

    /// The peer shall be asked anew whether it knows us: this run has another incarnation.
    pub fn introduce(&mut self) {
        self.introductions = 0;
        self.asked = None;
    }

    fn look_again(&mut self, at: Option<Timestamp>) {
        self.again = match (self.again, at) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
    }
}

/// The shortest time between two questions of which a peer answers both: it answers one an interval, and
/// neither of us is on the dot.
fn answerable(path: &Path) -> Duration {
    let interval = path.judged_interval();
    interval + interval / 4
}

/// How long a reply to a question is taken, and the question repeated with its nonce until there is one.
pub fn stays_open(path: &Path) -> Duration {
    path.detection().max(ROUND_TRIP)
}

/// How long a reply says that a host is there which has been silent for `silence`: as long as it takes until the
/// next reply is overdue, one lost.
pub fn reply_lasts(path: &Path, silence: Duration) -> Duration {
    let interval = answerable(path);
    let asked = if interval * (SILENCE - 2) < silence {
        interval * (CALM + 2)
    } else {
        interval
    };
    asked + interval * 2
}

fn is_rested(since: Option<Timestamp>, now: Timestamp, rest: Duration) -> bool {
    since.is_none_or(|at| rest <= now.since(at))
}

/// Whether an incarnation is heard now that is not confirmed.
fn is_doubtful(now: Timestamp, path: &Path, arrival: &Arrival) -> bool {
    arrival
        .candidate
        .is_some_and(|(_, heard)| now.since(heard) <= path.detection())
}
