//! A path that is watched: its detector, and all that is kept beside it.

use alloc::vec::Vec;

use heartbeat_ebpf::time::Timestamp;

use crate::action::Action;
use crate::arrival::Arrival;
use crate::carrying::Health;
use crate::event::Event;
use crate::flapping::{Flapping, Voice};
use crate::group::{Carriage, Member};
use crate::inquest::{Inquest, Missing};
use crate::inquiry::{Ask, Inquiry, Need, Wanted};
use crate::memory::{Memory, Told};
use crate::path::{Path, PathState};
use crate::peer::{Goodbye, Peer};
use crate::strain::{Strain, Strains};

/// One path with its surroundings.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Watched {
    /// What makes it the same path in another configuration.
    pub identity: u64,
    /// The detector.
    pub path: Path,
    /// Place of its peer among the peers.
    pub peer: usize,
    /// Place of its network among the networks.
    pub network: usize,
    /// What was asked.
    pub inquiry: Inquiry,
    /// Whether its heartbeats go to its peer itself.
    pub unicast: bool,
    /// How well it has carried heartbeats lately.
    pub health: Health,
    /// Why it was silent.
    pub inquest: Inquest,
    /// What warns before it is lost.
    pub strains: Strains,
    flapping: Flapping,
    remembered: Memory,
    up_since: Option<Timestamp>,
}

impl Watched {
    /// A path that was never heard.
    pub fn new(identity: u64, path: Path, peer: usize, network: usize) -> Self {
        Watched {
            identity,
            path,
            peer,
            network,
            inquiry: Inquiry::default(),
            unicast: true,
            health: Health::default(),
            inquest: Inquest::default(),
            strains: Strains::default(),
            flapping: Flapping::default(),
            remembered: Memory::default(),
            up_since: None,
        }
    }

    /// The same path at its place in another configuration.
    pub fn moved(mut self, peer: usize, network: usize) -> Self {
        self.peer = peer;
        self.network = network;
        self
    }

    /// When something is due here.
    pub fn deadline(&self) -> Option<Timestamp> {
        let due = [
            self.path.deadline(),
            self.inquiry.deadline(),
            self.inquest.deadline(),
        ];
        due.into_iter().flatten().min()
    }

    /// Takes over what an earlier run left.
    pub fn adopt(&mut self, arrival: &Arrival, memory: Memory, peers: &mut [Peer]) {
        self.path.adopt(arrival, memory);
        self.inquest.adopt(arrival);
        self.remembered = memory;
        let told = matches!(memory.told, Told::Restarting | Told::Left);
        if let (true, Some(departure), Some(last)) = (told, arrival.departure, arrival.last) {
            peers[self.peer].adopt(Goodbye {
                departure,
                incarnation: arrival.incarnation,
                at: memory.since.unwrap_or(last),
            });
        }
    }

    /// Judges what stands in the slot.
    pub fn sweep(
        &mut self,
        now: Timestamp,
        arrival: &Arrival,
        goodbye: Option<Goodbye>,
        events: &mut Vec<Event>,
    ) {
        self.health.hear(now, arrival);
        self.path.sweep(now, arrival, goodbye, events);
        self.inquest.look(arrival, self.missing(now));
        self.strains.hear(now, &self.path, arrival);
        match self.path.state() {
            PathState::Up => {
                self.up_since.get_or_insert(now);
            }
            PathState::Unknown
            | PathState::Lost { .. }
            | PathState::Restarting { .. }
            | PathState::Left { .. } => self.up_since = None,
        }
    }

    /// Whether a heartbeat is missed.
    pub fn missing(&self, now: Timestamp) -> Missing {
        let due = match self.path.state() {
            PathState::Unknown | PathState::Restarting { .. } | PathState::Left { .. } => None,
            PathState::Lost { .. } => self.path.next_due(),
            PathState::Up => self.path.first_miss().filter(|miss| *miss < now),
        };
        due.map_or(Missing::Nothing, Missing::Since)
    }

    /// What its network's group may know of it; `None` while it is not up.
    pub fn member(&self, arrival: &Arrival) -> Option<Member> {
        Some(Member {
            path: arrival.path,
            up_since: self.up_since?,
            reply: arrival.reply,
            missed: arrival.missed,
            interval: self.path.own_interval(),
        })
    }

    /// Sends as its network does. Says whether that is a change.
    pub fn carry(&mut self, carriage: Carriage) -> bool {
        let unicast = match carriage {
            Carriage::Unicast | Carriage::Both => true,
            Carriage::Group => self.up_since.is_none(),
        };
        let changed = unicast != self.unicast;
        self.unicast = unicast;
        changed
    }

    /// Asks what there is to ask. Says whether that is an echo.
    pub fn inquire(
        &mut self,
        now: Timestamp,
        arrival: &Arrival,
        need: Need,
        begun: Timestamp,
        actions: &mut Vec<Action>,
    ) -> bool {
        let Wanted { arm, ask } = self.inquiry.wanted(now, &self.path, arrival, need, begun);
        actions.extend(arm.map(|arm| Action::Arm(arrival.path, arm)));
        actions.extend(ask.map(|ask| Action::Echo(arrival.path, ask)));
        if ask == Some(Ask::Missed) {
            self.inquest.asked();
        }
        ask.is_some()
    }

    /// What is to be told of its strain, if anything is: a path that flaps needs no early warning.
    pub fn untold_strain(&mut self, now: Timestamp) -> Option<Strain> {
        let untold = self.strains.untold(now)?;
        (self.flapping.voice(now) == Voice::Loud).then_some(untold)
    }

    /// Holds its verdicts: the whole machine has paused.
    pub fn hold(&mut self, now: Timestamp) {
        self.path.hold(now);
        self.strains.excuse();
    }

    /// Tells a loss or its end, as loudly as is due, and that the path flaps.
    pub fn tell(&mut self, now: Timestamp, event: Event, actions: &mut Vec<Action>) {
        let voice = self.flapping.voice(now);
        actions.push(Action::Emit(event, voice));
        if let Event::PathLost { path, .. } = event
            && self.flapping.lost(now)
        {
            let flaps = Event::PathFlapping { path, judged: now };
            actions.push(Action::Emit(flaps, Voice::Loud));
        }
    }

    /// What the next run must know, if that has changed; nothing that is not told yet.
    pub fn news(&mut self) -> Option<Memory> {
        if self.inquest.is_waiting() {
            return None;
        }
        let memory = self.path.memory();
        let changed = memory != self.remembered;
        self.remembered = memory;
        changed.then_some(memory)
    }
}
