//! Waking the agent, and writing down gaps for it.
//!
//! The agent sleeps until its next deadline. Four things it wants to know at once: the first arrival on a
//! path it thinks lost or has never heard, a candidate incarnation, the answer to an echo request, and that a
//! peer misses our heartbeats. It arms a path for either of the first two, and XDP disarms it and writes one
//! record; the third it asked for, and the fourth comes with an answered echo request, which are limited: so
//! no sender can keep the agent awake.
//!
//! The awkward case is an agent that was stopped while a path was cut twice: the slot's largest gap shows
//! one cut. So a gap longer than the length that the agent thinks worth remembering is written down as it
//! ends, without waking anyone. That length is no verdict, only a filter that bounds the records to one in
//! such a gap; the core judges each against the path's deadline.

use crate::trail::Beat;
use crate::word::Word;

/// What the agent asks of XDP for one path, and what it last told of it; 64 bytes. Written by the agent; XDP
/// clears `armed` and `nonce`, and does not look at the `told` words: they are here because they must live and
/// die with the slot, so that the next run of the agent neither repeats nor forgets.
#[derive(Debug, Default)]
#[repr(C, align(64))]
pub struct Control {
    /// What the agent shall be woken for, see [`ARRIVAL`] and [`CANDIDATE`]; each bit is cleared by what it
    /// waits for.
    pub armed: Word,
    /// A gap longer than this is written down, ns; 0: none is.
    pub notable_gap: Word,
    /// Nonce of the outstanding echo request; 0: none.
    pub nonce: Word,
    /// The state that the agent last told of; 0: none yet. What the numbers mean is the agent's business.
    pub told_state: Word,
    /// The last arrival that it had seen then, CLOCK_MONOTONIC ns; 0: none.
    pub told_last_arrival: Word,
    /// The slot's arrivals that it had seen then.
    pub told_arrivals: Word,
    /// Until when it had promised to wait, CLOCK_MONOTONIC ns; 0: it waits for nothing.
    pub told_until: Word,
    /// Zero.
    pub reserved: Word,
}

const _: () = assert!(size_of::<Control>() == 64);

/// In [`Control::armed`]: the next recorded heartbeat.
pub const ARRIVAL: u64 = 1;
/// In [`Control::armed`]: the next heartbeat of an unconfirmed incarnation.
pub const CANDIDATE: u64 = 2;

impl Control {
    /// Whether the agent waits for this; if so it waits no longer.
    #[inline(always)]
    pub fn disarm(&self, what: u64) -> bool {
        let armed = self.armed.get();
        if armed & what == 0 {
            return false;
        }
        self.armed.set(armed & !what);
        true
    }
}

/// Why a record was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum Reason {
    /// A heartbeat arrived on an armed path.
    Arrival = 1,
    /// A notable gap ended.
    Gap = 2,
    /// A heartbeat of an unconfirmed incarnation arrived on an armed path.
    Candidate = 3,
    /// The outstanding echo request was answered.
    EchoReply = 4,
    /// The peer misses heartbeats of ours: it said so in an echo request that was answered.
    Missed = 5,
}

/// One record of the ring buffer: 104 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C)]
pub struct Record {
    /// A [`Reason`]'s number.
    pub reason: u32,
    /// Index of the slot.
    pub slot: u32,
    /// Identity of the slot when it was written: the slot may have been freed and used again since.
    pub identity: u64,
    /// The arrival before the gap, CLOCK_MONOTONIC ns; 0: there was none.
    pub start_ns: u64,
    /// The arrival after it, or now.
    pub end_ns: u64,
    /// Heartbeats recorded on the path, this one included.
    pub arrivals: u64,
    /// What the heartbeat before this one said; all 0: there was none.
    pub before: Beat,
    /// What this one says.
    pub beat: Beat,
}

const _: () = assert!(size_of::<Record>() == 104);

impl Record {
    /// The record in these bytes, or `None` where there are too few.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let word = |index: usize| {
            let bytes = bytes.get(index * 8..)?.first_chunk()?;
            Some(u64::from_ne_bytes(*bytes))
        };
        let beat = |index: usize| {
            Some(Beat {
                incarnation: word(index)?,
                sequence: word(index + 1)?,
                sent: word(index + 2)?,
                announced: word(index + 3)?,
            })
        };
        let [reason, slot] = [0, 4].map(|at| {
            let bytes = bytes.get(at..)?.first_chunk()?;
            Some(u32::from_ne_bytes(*bytes))
        });
        Some(Record {
            reason: reason?,
            slot: slot?,
            identity: word(1)?,
            start_ns: word(2)?,
            end_ns: word(3)?,
            arrivals: word(4)?,
            before: beat(5)?,
            beat: beat(9)?,
        })
    }
}
