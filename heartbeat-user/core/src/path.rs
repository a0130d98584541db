//! One path: this node to one peer over one network, and whether it is heard.
//!
//! Every detector in the field watches its own clock between two looks at a socket, and so accuses healthy
//! peers when it was itself not scheduled. This one asks a question that a late look can't spoil: was there,
//! between two stamps of the kernel, or between the last stamp and now, a silence longer than the detection
//! time? The answer about the past does not change with the moment of asking, so an agent that slept for
//! half a minute tells what one that never slept would have told, only later.
//!
//! The awkward case is a path that was cut and came back between two looks. The last stamp looks healthy; the
//! silence shows only in the gaps that XDP wrote down. A gap may be told after the stamps that follow it, or
//! twice, so a path remembers the moment up to which all silences are told.
//!
//! A silence that was announced is none: a restarting agent is waited for, and one that left misses nothing.

use alloc::vec::Vec;
use core::time::Duration;

use heartbeat_ebpf::time::Timestamp;

use crate::arrival::{Arrival, Departure, Gap};
use crate::cause::Explanation;
use crate::config::PathIndex;
use crate::event::{Event, Outage};
use crate::peer::Goodbye;
use crate::timing::Timing;

mod adopt;

/// Whether a path is heard.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PathState {
    /// Never heard.
    Unknown,
    /// Heard.
    Up,
    /// Reported as lost.
    Lost {
        /// The last heartbeat before the silence.
        last_arrival: Timestamp,
        /// Heartbeats recorded until then.
        arrivals: u64,
        /// The first heartbeat after it, while more are awaited.
        answered: Option<Timestamp>,
    },
    /// The peer said that its agent restarts.
    Restarting {
        /// When it said so.
        since: Timestamp,
    },
    /// The peer said that it leaves.
    Left {
        /// When it said so.
        since: Timestamp,
    },
}

impl PathState {
    /// As metrics and commands print it.
    pub const fn label(&self) -> &'static str {
        match self {
            PathState::Unknown => "unknown",
            PathState::Up => "up",
            PathState::Lost { .. } => "lost",
            PathState::Restarting { .. } => "restarting",
            PathState::Left { .. } => "left",
        }
    }
}

/// The failure detector of one path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Path {
    index: PathIndex,
    timing: Timing,
    grace: Duration,
    state: PathState,
    last: Option<Timestamp>,
    arrivals: u64,
    announced_interval: Option<Duration>,
    told_until: Option<Timestamp>,
    held_since: Option<Timestamp>,
}

impl Path {
    /// A path that was never heard. `grace` is how long a restarting peer is waited for.
    pub fn new(index: PathIndex, timing: Timing, grace: Duration) -> Self {
        Path {
            index,
            timing,
            grace,
            state: PathState::Unknown,
            last: None,
            arrivals: 0,
            announced_interval: None,
            told_until: None,
            held_since: None,
        }
    }

    /// Judges from now on by another configuration, in which it has another place.
    pub fn configure(&mut self, index: PathIndex, timing: Timing, grace: Duration) {
        self.index = index;
        self.timing = timing;
        self.grace = grace;
    }

    /// Whether it is heard.
    pub fn state(&self) -> PathState {
        self.state
    }

    /// The newest heartbeat that the path was judged by.
    pub fn last(&self) -> Option<Timestamp> {
        self.last
    }

    /// How long after the last arrival it is lost.
    pub fn detection(&self) -> Duration {
        self.timing.detection(self.announced_interval)
    }

    /// The interval it is judged by.
    pub fn judged_interval(&self) -> Duration {
        self.timing.judged_interval(self.announced_interval)
    }

    /// Our own interval.
    pub fn own_interval(&self) -> Duration {
        self.timing.interval
    }

    /// Whether a gap of this length is late.
    pub fn is_late(&self, gap: Duration) -> bool {
        self.timing.late(self.announced_interval) <= gap
    }

    /// The moment up to which all silences are told.
    pub fn told_until(&self) -> Option<Timestamp> {
        self.told_until
    }

    /// When the next heartbeat is missed; `None` where none is awaited.
    pub fn first_miss(&self) -> Option<Timestamp> {
        let awaited = matches!(self.state, PathState::Up);
        self.next_due().filter(|_| awaited)
    }

    /// By when the heartbeat after the last one should have arrived, tolerance included, awaited or not.
    pub fn next_due(&self) -> Option<Timestamp> {
        let patience = self.timing.first_miss(self.announced_interval);
        self.last.map(|last| last.after(patience))
    }

    /// When it will be lost if nothing arrives; `None` where nothing is awaited.
    pub fn deadline(&self) -> Option<Timestamp> {
        match self.state {
            PathState::Up => {
                let from = self.last?.max(self.held_since.or(self.last)?);
                Some(from.after(self.detection()))
            }
            PathState::Restarting { since } => Some(since.after(self.detection().max(self.grace))),
            PathState::Unknown | PathState::Lost { .. } | PathState::Left { .. } => None,
        }
    }

    /// When its peer is suspected as far as this path can tell, after so many missed heartbeats; `None`: it was
    /// never heard.
    pub fn suspicion(&self, regroup_after: u32) -> Option<Timestamp> {
        let last = self.last?;
        let from = last.max(self.held_since.unwrap_or(last));
        let patience = self
            .timing
            .suspicion(self.announced_interval, regroup_after);
        let silent = from.after(patience);
        Some(match self.state {
            PathState::Restarting { since } => silent.max(since.after(self.grace)),
            PathState::Unknown
            | PathState::Up
            | PathState::Lost { .. }
            | PathState::Left { .. } => silent,
        })
    }

    /// Gives a path that is up one detection time from `now`: the whole machine has paused.
    pub fn hold(&mut self, now: Timestamp) {
        self.held_since = Some(now);
    }

    /// Judges a silence that ended.
    pub fn gap(&mut self, now: Timestamp, gap: &Gap, events: &mut Vec<Event>) {
        if self.told_until.is_some_and(|told| gap.end <= told) {
            return;
        }
        match self.state {
            PathState::Unknown | PathState::Left { .. } => {}
            PathState::Up | PathState::Restarting { .. } => {
                let deadline = self.patience(gap).map(|patience| gap.start.after(patience));
                if let Some(deadline) = deadline.filter(|deadline| *deadline < gap.end) {
                    events.push(self.lost(now, gap.start, deadline, gap.end));
                    self.state = PathState::Lost {
                        last_arrival: gap.start,
                        arrivals: gap.arrivals.saturating_sub(1),
                        answered: None,
                    };
                    self.answered(now, gap.end, gap.arrivals, events);
                }
            }
            PathState::Lost { .. } => self.answered(now, gap.end, gap.arrivals, events),
        }
    }

    /// How long this silence may have lasted; `None`: for ever.
    fn patience(&self, gap: &Gap) -> Option<Duration> {
        let waiting = matches!(self.state, PathState::Restarting { .. });
        match gap.departure {
            Some(Departure::Leaving) => None,
            Some(Departure::Restarting) => Some(self.detection().max(self.grace)),
            None if waiting => Some(self.detection().max(self.grace)),
            None => Some(self.detection()),
        }
    }

    /// Judges what stands in the slot. Gaps that ended before must have been told; one that ended after the slot
    /// was read may have been. `goodbye` is what the peer said in this incarnation, on whichever path.
    pub fn sweep(
        &mut self,
        now: Timestamp,
        arrival: &Arrival,
        goodbye: Option<Goodbye>,
        events: &mut Vec<Event>,
    ) {
        let Some(last) = arrival.last else { return };
        let last = self.told_until.map_or(last, |told| told.max(last));
        self.announced_interval = arrival.announced_interval;
        self.last = Some(last);
        self.arrivals = arrival.arrivals;
        match goodbye {
            None => self.heard(now, arrival, last, events),
            Some(goodbye) => self.depart(now, arrival, goodbye, events),
        }
        self.expire(now, events);
    }

    /// The newest heartbeat is one of a peer that stays.
    fn heard(
        &mut self,
        now: Timestamp,
        arrival: &Arrival,
        last: Timestamp,
        events: &mut Vec<Event>,
    ) {
        match self.state {
            PathState::Up => {}
            PathState::Unknown | PathState::Left { .. } => {
                self.state = PathState::Up;
                self.told_until = Some(last);
                events.push(Event::PathRestored {
                    path: self.index,
                    judged: now,
                    arrival: last,
                    outage: None,
                });
            }
            PathState::Restarting { .. } => {
                self.state = PathState::Up;
                self.told_until = Some(last);
            }
            PathState::Lost { last_arrival, .. } => {
                if last_arrival < last {
                    let first = first_after(last_arrival, arrival, last);
                    self.answered(now, first, arrival.arrivals, events);
                }
            }
        }
    }

    /// The peer has said that it goes.
    fn depart(
        &mut self,
        now: Timestamp,
        arrival: &Arrival,
        goodbye: Goodbye,
        events: &mut Vec<Event>,
    ) {
        let since = goodbye.at;
        match (goodbye.departure, self.state) {
            (Departure::Leaving, PathState::Left { .. })
            | (Departure::Restarting, PathState::Left { .. }) => {}
            // A run that had hardly begun may restart as well, and is waited for from then on.
            (Departure::Restarting, PathState::Restarting { since: before }) => {
                self.state = PathState::Restarting {
                    since: before.max(since),
                };
            }
            (Departure::Leaving, _) => self.state = PathState::Left { since },
            (Departure::Restarting, PathState::Unknown | PathState::Up) => {
                self.state = PathState::Restarting { since };
            }
            (Departure::Restarting, PathState::Lost { last_arrival, .. }) => {
                if let Some(last) = arrival.last.filter(|last| last_arrival < *last) {
                    self.heard(now, arrival, last, events);
                }
            }
        }
    }

    /// 1123 if the silence since the last arrival is too long.
    fn expire(&mut self, now: Timestamp, events: &mut Vec<Event>) {
        let (Some(deadline), Some(last)) = (self.deadline(), self.last) else {
            return;
        };
        if deadline < now {
            events.push(self.lost(now, last, deadline, now));
            self.state = PathState::Lost {
                last_arrival: last,
                arrivals: self.arrivals,
                answered: None,
            };
        }
    }

    /// A lost path was heard at `arrival`, as heartbeat number `heard`: up again after enough of them.
    fn answered(
        &mut self,
        now: Timestamp,
        arrival: Timestamp,
        heard: u64,
        events: &mut Vec<Event>,
    ) {
        let PathState::Lost {
            last_arrival,
            arrivals,
            answered,
        } = &mut self.state
        else {
            return;
        };
        let first = answered.map_or(arrival, |first| first.min(arrival));
        *answered = Some(first);
        if heard.saturating_sub(*arrivals) < u64::from(self.timing.restored_after.get()) {
            return;
        }
        let last_arrival = *last_arrival;
        let length = first.since(last_arrival);
        self.state = PathState::Up;
        self.told_until = Some(first);
        events.push(Event::PathRestored {
            path: self.index,
            judged: now,
            arrival: first,
            outage: Some(Outage {
                last_arrival,
                length,
                blip: length <= self.detection() * 2,
                why: Explanation::default(),
            }),
        });
    }

    fn lost(
        &self,
        now: Timestamp,
        last_arrival: Timestamp,
        deadline: Timestamp,
        until: Timestamp,
    ) -> Event {
        let interval_ns = self.judged_interval().as_nanos().max(1);
        let missed = until.since(last_arrival).as_nanos() / interval_ns;
        Event::PathLost {
            path: self.index,
            judged: now,
            last_arrival,
            deadline,
            missed: u64::try_from(missed).unwrap_or(u64::MAX),
            why: Explanation::default(),
        }
    }
}

/// The best known end of the silence since `last_arrival`, where no gap tells it: the older of the two
/// newest stamps that came after.
fn first_after(last_arrival: Timestamp, arrival: &Arrival, newest: Timestamp) -> Timestamp {
    arrival
        .previous
        .filter(|previous| last_arrival < *previous)
        .map_or(newest, |previous| previous.min(newest))
}

#[cfg(test)]
mod tests;
