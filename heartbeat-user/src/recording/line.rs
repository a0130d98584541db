//! One line of a recording.
//!
//! Everything is in the words and units of the core: moments and lengths in nanoseconds, moments of the recorded
//! node's CLOCK_MONOTONIC with 0 for never, networks and paths by their places. Fields that a reader does not
//! know are an error: passed over, they would make it judge from less than the agent did.

use std::time::Duration;

use heartbeat_core::arrival;
use heartbeat_core::config::PathIndex;
use heartbeat_core::interface::{Soundness, Witness};
use heartbeat_core::node::Pause;
use heartbeat_core::starvation::Part;
use heartbeat_ebpf::ids::Incarnation;
use heartbeat_ebpf::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::facts::Left;
use super::levels::Sweep;
use super::words::{Departure, PartWord, PauseWord, SoundnessWord, WitnessWord};

/// One line.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// When the core was told; never before the line above.
    pub at: u64,
    /// What.
    pub what: What,
}

/// What a line tells: the inputs of [`heartbeat_core::node::Input`], a beginning and an end.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum What {
    /// The first line.
    Begin(Begin),
    /// What an earlier run of the agent left.
    Adopt(Vec<Left>),
    /// One reading of the kernel's records.
    Sweep(Sweep),
    /// The configuration was replaced.
    Configure {
        /// The file as it was read.
        text: String,
    },
    /// This run has another incarnation now.
    Reborn(u64),
    /// A part of the agent was late.
    Late {
        /// Which.
        #[serde(with = "PartWord")]
        part: Part,
        /// How late, in ns.
        ns: u64,
        /// How long of that it waited for a CPU, in ns.
        waited: u64,
    },
    /// Our kernel refused heartbeats.
    Refused {
        /// Of which path.
        path: u32,
        /// How many.
        count: u32,
    },
    /// Our interface or stack dropped frames.
    Dropped {
        /// The interface's network, by its place.
        network: u32,
        /// How many of those that came.
        received: u32,
        /// How many of those that were to be sent.
        unsent: u32,
        /// In this last time, in ns.
        lately: u64,
    },
    /// The whole machine may have paused.
    Paused {
        /// What speaks for it.
        #[serde(with = "PauseWord")]
        by: Pause,
        /// For how long, in ns.
        ahead: u64,
    },
    /// The epoch that an earlier run has promised itself to.
    Promised(u64),
    /// A message came.
    Message {
        /// Who sent it.
        from: u16,
        /// Which run of it.
        incarnation: u64,
        /// [`heartbeat_core::message::wire`], as hexadecimal digits.
        bytes: String,
    },
    /// Whether an interface of this node works.
    Soundness {
        /// The interface's network, by its place.
        network: u32,
        /// Whether it does.
        #[serde(with = "SoundnessWord")]
        state: Soundness,
    },
    /// Whether a witness answers.
    Witness {
        /// Its network, by its place.
        network: u32,
        /// Whether it does.
        #[serde(with = "WitnessWord")]
        state: Witness,
    },
    /// This node is about to say that it goes.
    Depart(Departure),
    /// The last line.
    End(End),
}

/// Who is recorded.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Begin {
    /// [`super::FORMAT`].
    pub format: u32,
    /// Of the agent.
    pub version: String,
    /// The node's name.
    pub node: String,
    /// Its number.
    pub id: u16,
    /// Which run of it.
    pub incarnation: u64,
    /// Wall time at the beginning, in ns since 1970.
    pub wall: u64,
    /// The configuration file as it was read.
    pub text: String,
}

/// Why nothing follows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// The agent ended.
    Stopped,
    /// The disk was too slow.
    Overflow,
    /// The file was as long as it may be.
    Limit,
}

/// A silence that ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gap {
    /// Which path.
    pub path: u32,
    /// The arrival before it.
    pub start: u64,
    /// The arrival that ended it.
    pub end: u64,
    /// Heartbeats recorded so far.
    pub arrivals: u64,
    /// Whether the heartbeat before it said that its sender goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub departure: Option<Departure>,
    /// The heartbeat before it: its run, its number, when it was sent, the age of its sender's progress in ms.
    pub before: Beat,
    /// The heartbeat that ended it.
    pub after: Beat,
}

/// What a heartbeat said of its sending, see [`Gap::before`].
type Beat = (u64, u64, u64, u64);

impl Gap {
    /// As a line has it.
    pub fn of(gap: &arrival::Gap) -> Self {
        let arrival::Gap {
            path,
            start,
            end,
            arrivals,
            departure,
            before,
            after,
        } = *gap;
        Gap {
            path: path.0,
            start: start.ns(),
            end: end.ns(),
            arrivals,
            departure: departure.map(Departure::from),
            before: beat(before),
            after: beat(after),
        }
    }

    /// As the core has it, or `None` for one that begins or ends never.
    pub fn read(&self) -> Option<arrival::Gap> {
        Some(arrival::Gap {
            path: PathIndex(self.path),
            start: Timestamp::from_ns(self.start)?,
            end: Timestamp::from_ns(self.end)?,
            arrivals: self.arrivals,
            departure: self.departure.map(arrival::Departure::from),
            before: read(self.before),
            after: read(self.after),
        })
    }
}

fn beat(beat: arrival::Beat) -> Beat {
    let age = u64::try_from(beat.agent_age.as_millis()).unwrap_or(u64::MAX);
    (beat.incarnation.0, beat.sequence, beat.sent, age)
}

fn read((incarnation, sequence, sent, age): Beat) -> arrival::Beat {
    arrival::Beat {
        incarnation: Incarnation(incarnation),
        sequence,
        sent,
        agent_age: Duration::from_millis(age),
    }
}

/// Bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes that hexadecimal digits stand for, or `None` for anything else.
pub fn unhex(digits: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    let value = |digit: u8| char::from(digit).to_digit(16);
    let byte = |pair: &[u8; 2]| Some((value(pair[0])? << 4 | value(pair[1])?) as u8);
    let bytes = pairs.iter().map(byte).collect::<Option<Vec<u8>>>()?;
    rest.is_empty().then_some(bytes)
}
