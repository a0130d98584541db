//! The sweep: from the kernel's slots to the core's arrivals, without a system call.
//!
//! A slot may be written while it is read. A reading that mixes two arrivals could show a new stamp with old
//! counts, so the slot's generation is read before and after, and the reading repeated if a writer was inside.
//! Writers take nanoseconds; a reading that never comes out clean is used all the same, for each word means
//! something by itself and the next sweep corrects the rest.

use std::sync::atomic::{Ordering::Acquire, fence};
use std::time::Duration;

use heartbeat_core::arrival::{Arrival, Beat, Departure, Gap, HeardBy, Reply};
use heartbeat_core::config::PathIndex;
use heartbeat_ebpf::echo::Echo;
use heartbeat_ebpf::ids::Incarnation;
use heartbeat_ebpf::slot::{Announced, Slot};
use heartbeat_ebpf::time::Timestamp;
use heartbeat_ebpf::trail;
use heartbeat_ebpf::wake::{ARRIVAL, CANDIDATE, Control, Record};
use heartbeat_ebpf::wire::flags;

/// Readings of a slot before one with a writer inside is taken.
const READINGS_MAX: usize = 16;

/// Heartbeats of ours that may be on the way at any moment, in one or the other direction.
const ON_THE_WAY: u64 = 2;

/// What a slot holds, read as one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[expect(missing_docs, reason = "each field is the slot's field of that name")]
pub struct Facts {
    pub identity: u64,
    pub last_arrival: u64,
    pub previous_arrival: u64,
    pub sent: u64,
    pub sequence: u64,
    pub incarnation: u64,
    pub arrivals: u64,
    pub lost: u64,
    pub reordered: u64,
    pub duplicates: u64,
    pub heard: u64,
    pub announced: u64,
    pub largest_gap: u64,
    pub largest_gap_end: u64,
}

impl Facts {
    /// Reads a slot.
    pub fn read(slot: &Slot) -> Self {
        for _ in 0..READINGS_MAX {
            let before = slot.writing.get();
            fence(Acquire);
            let facts = Facts::words(slot);
            fence(Acquire);
            if before & 0xffff == 0 && before == slot.writing.get() {
                return facts;
            }
            std::hint::spin_loop();
        }
        Facts::words(slot)
    }

    fn words(slot: &Slot) -> Self {
        Facts {
            identity: slot.identity.get(),
            last_arrival: slot.last_arrival.get(),
            previous_arrival: slot.previous_arrival.get(),
            sent: slot.sent.get(),
            sequence: slot.sequence.get(),
            incarnation: slot.incarnation.get(),
            arrivals: slot.arrivals.get(),
            lost: slot.lost.get(),
            reordered: slot.reordered.get(),
            duplicates: slot.duplicates.get(),
            heard: slot.heard.get(),
            announced: slot.announced.get(),
            largest_gap: slot.largest_gap.get(),
            largest_gap_end: slot.largest_gap_end.get(),
        }
    }
}

/// One path as the core wants it; `ours` is the last number that this node sent on its network.
pub fn arrival(path: PathIndex, slot: &Slot, echo: &Echo, control: &Control, ours: u64) -> Arrival {
    let facts = Facts::read(slot);
    let armed = control.armed.get();
    let announced = Announced::unpack(facts.announced);
    let heard = facts.announced != 0;
    Arrival {
        path,
        last: Timestamp::from_ns(facts.last_arrival),
        previous: Timestamp::from_ns(facts.previous_arrival),
        arrivals: facts.arrivals,
        lost: facts.lost,
        reordered: facts.reordered,
        duplicates: facts.duplicates,
        sequence: facts.sequence,
        sent: facts.sent,
        agent_age: age(announced),
        unheard: unheard(facts.heard, ours),
        announced_interval: heard.then(|| Duration::from_millis(announced.interval_ms.into())),
        incarnation: Incarnation(facts.incarnation),
        departure: departure(announced),
        digest: heard.then_some(announced.digest),
        reply: reply(echo),
        missed: Timestamp::from_ns(echo.missed.get()),
        candidate: candidate(facts.incarnation, echo),
        armed: armed & ARRIVAL != 0,
        armed_for_candidate: armed & CANDIDATE != 0,
    }
}

/// How the sender of a heartbeat says that it goes, if it does.
fn departure(announced: Announced) -> Option<Departure> {
    if announced.flags & flags::LEAVING != 0 {
        Some(Departure::Leaving)
    } else if announced.flags & flags::RESTARTING != 0 {
        Some(Departure::Restarting)
    } else {
        None
    }
}

/// The newest reply. Its parts are written one after the other; one that is read half is corrected by the next
/// sweep, which its record brings about.
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

fn candidate(incarnation: u64, echo: &Echo) -> Option<(Incarnation, Timestamp)> {
    let candidate = echo.candidate.get();
    let open = incarnation < candidate && echo.confirmed.get() != candidate;
    let heard = Timestamp::from_ns(echo.candidate_arrival.get())?;
    open.then_some((Incarnation(candidate), heard))
}

/// How far a peer that says that it has heard this number of ours is behind.
fn unheard(heard: u64, ours: u64) -> Option<u64> {
    let behind = ours.saturating_sub(heard);
    let known = heard != 0 && ours != 0;
    known.then_some(if behind <= ON_THE_WAY { 0 } else { behind })
}

fn age(announced: Announced) -> Duration {
    Duration::from_millis(announced.agent_age_ms.into())
}

/// What a heartbeat said of its sending, as the core wants it.
pub fn beat(beat: trail::Beat) -> Beat {
    Beat {
        incarnation: Incarnation(beat.incarnation),
        sequence: beat.sequence,
        sent: beat.sent,
        agent_age: age(Announced::unpack(beat.announced)),
    }
}

/// The gap in a ring-buffer record, or `None` where it tells of something else.
pub fn gap(path: PathIndex, record: &Record) -> Option<Gap> {
    let gap = Gap {
        path,
        start: Timestamp::from_ns(record.start_ns)?,
        end: Timestamp::from_ns(record.end_ns)?,
        arrivals: record.arrivals,
        departure: departure(Announced::unpack(record.before.announced)),
        before: beat(record.before),
        after: beat(record.beat),
    };
    (gap.start < gap.end).then_some(gap)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zeroed_slot_was_never_heard() {
        let (slot, echo, control) = (Slot::default(), Echo::default(), Control::default());
        let arrival = arrival(PathIndex(3), &slot, &echo, &control, 0);
        assert_eq!(arrival.last, None);
        assert_eq!(arrival.announced_interval, None);
        assert_eq!(arrival.candidate, None);
    }

    #[test]
    fn an_arrival_carries_both_counts_of_its_slot() {
        let (slot, echo, control) = (Slot::default(), Echo::default(), Control::default());
        slot.arrivals.set(7);
        slot.lost.set(3);
        let arrival = arrival(PathIndex(0), &slot, &echo, &control, 0);
        assert_eq!((arrival.arrivals, arrival.lost), (7, 3));
    }

    #[test]
    fn a_peer_is_behind_by_what_can_not_be_on_the_way() {
        assert_eq!(unheard(7, 9), Some(0));
        assert_eq!(unheard(7, 10), Some(3));
        assert_eq!((unheard(0, 10), unheard(7, 0)), (None, None));
    }

    #[test]
    fn a_slot_with_a_writer_inside_is_read_in_the_end() {
        let slot = Slot::default();
        slot.writing.set(0x1_0001);
        slot.last_arrival.set(7);
        assert_eq!(Facts::read(&slot).last_arrival, 7);
    }

    #[test]
    fn only_an_unconfirmed_newer_incarnation_is_a_candidate() {
        let echo = Echo::default();
        echo.propose(9, 100);
        assert!(candidate(8, &echo).is_some());
        assert!(candidate(9, &echo).is_none());
        echo.confirmed.set(9);
        assert!(candidate(8, &echo).is_none());
    }
}
