//! How an agent reads its kernel's records: as the real one's sweep does.

use std::time::Duration;

use heartbeat_core::arrival::{Arrival, Beat, Departure, Gap, HeardBy, Reply};
use heartbeat_core::config::PathIndex;
use heartbeat_core::memory::{Memory, Told};
use heartbeat_core::{Incarnation, Timestamp};
use heartbeat_ebpf::echo::Echo;
use heartbeat_ebpf::slot::Announced;
use heartbeat_ebpf::trail;
use heartbeat_ebpf::wake::{ARRIVAL, CANDIDATE};
use heartbeat_ebpf::wire::flags;

use super::Kernel;

impl Kernel {
    /// Every path, as a sweep hands it to the core.
    pub fn arrivals(&self, arrivals: &mut Vec<Arrival>) {
        arrivals.clear();
        arrivals.extend((0..self.slots.len()).map(|path| self.arrival(path)));
    }

    /// One path, as a sweep hands it to the core.
    pub fn arrival(&self, path: usize) -> Arrival {
        let (slot, echo) = (&self.slots[path], &self.echoes[path]);
        let armed = self.controls[path].armed.get();
        let word = slot.announced.get();
        let announced = Announced::unpack(word);
        let heard = word != 0;
        let interval = Duration::from_millis(announced.interval_ms.into());
        Arrival {
            path: PathIndex(path as u32),
            last: Timestamp::from_ns(slot.last_arrival.get()),
            previous: Timestamp::from_ns(slot.previous_arrival.get()),
            lost: slot.lost.get(),
            arrivals: slot.arrivals.get(),
            reordered: slot.reordered.get(),
            duplicates: slot.duplicates.get(),
            sequence: slot.sequence.get(),
            sent: slot.sent.get(),
            agent_age: age(announced),
            unheard: None,
            announced_interval: heard.then_some(interval),
            incarnation: Incarnation(slot.incarnation.get()),
            departure: departure(announced),
            digest: heard.then_some(announced.digest),
            candidate: candidate(slot.incarnation.get(), echo),
            reply: reply(echo),
            missed: Timestamp::from_ns(echo.missed.get()),
            armed: armed & ARRIVAL != 0,
            armed_for_candidate: armed & CANDIDATE != 0,
        }
    }

    /// The gaps written down since the last time.
    pub fn take_gaps(&mut self) -> Vec<Gap> {
        let gap = |note: super::Note| {
            Some(Gap {
                path: PathIndex(note.path),
                start: Timestamp::from_ns(note.start)?,
                end: Timestamp::from_ns(note.end)?,
                arrivals: note.arrivals,
                departure: departure(Announced::unpack(note.before.announced)),
                before: beat(note.before),
                after: beat(note.beat),
            })
        };
        self.gaps.drain(..).filter_map(gap).collect()
    }

    /// What an earlier run left, path by path.
    pub fn left(&self) -> Vec<(Arrival, Memory)> {
        let left = |path: usize| (self.arrival(path), self.memory(path));
        (0..self.slots.len()).map(left).collect()
    }

    /// Keeps what was told of a path.
    pub fn remember(&mut self, path: usize, memory: Memory) {
        let ns = |at: Option<Timestamp>| at.map_or(0, Timestamp::ns);
        let control = &self.controls[path];
        control.told_state.set(memory.told.code());
        control.told_last_arrival.set(ns(memory.since));
        control.told_arrivals.set(memory.arrivals);
        control.told_until.set(ns(memory.told_until));
    }

    fn memory(&self, path: usize) -> Memory {
        let control = &self.controls[path];
        Memory {
            told: Told::from_code(control.told_state.get()),
            since: Timestamp::from_ns(control.told_last_arrival.get()),
            arrivals: control.told_arrivals.get(),
            told_until: Timestamp::from_ns(control.told_until.get()),
        }
    }
}

fn departure(announced: Announced) -> Option<Departure> {
    if announced.flags & flags::LEAVING != 0 {
        Some(Departure::Leaving)
    } else if announced.flags & flags::RESTARTING != 0 {
        Some(Departure::Restarting)
    } else {
        None
    }
}

fn reply(echo: &Echo) -> Option<Reply> {
    let announced = Announced::unpack(echo.announced.get());
    let by_group = announced.flags & flags::MULTICAST != 0;
    Some(Reply {
        at: Timestamp::from_ns(echo.reply_arrival.get())?,
        known: Incarnation(echo.known.get()),
        heard: if by_group {
            HeardBy::Group
        } else {
            HeardBy::Unicast
        },
        incarnation: Incarnation(echo.confirmed.get()),
        sequence: echo.last_sent.get(),
        agent_age: age(announced),
    })
}

fn age(announced: Announced) -> Duration {
    Duration::from_millis(announced.agent_age_ms.into())
}

fn beat(beat: trail::Beat) -> Beat {
    Beat {
        incarnation: Incarnation(beat.incarnation),
        sequence: beat.sequence,
        sent: beat.sent,
        agent_age: age(Announced::unpack(beat.announced)),
    }
}

fn candidate(incarnation: u64, echo: &Echo) -> Option<(Incarnation, Timestamp)> {
    let candidate = echo.candidate.get();
    let open = incarnation < candidate && echo.confirmed.get() != candidate;
    let heard = Timestamp::from_ns(echo.candidate_arrival.get())?;
    open.then_some((Incarnation(candidate), heard))
}
