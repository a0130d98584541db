//! What is known of a path, as a recording has it: what every heartbeat changes, and what hardly any does.

use std::time::Duration;

use heartbeat_core::arrival::{self, Arrival, HeardBy};
use heartbeat_core::config::PathIndex;
use heartbeat_core::memory::{Memory, Told};
use heartbeat_ebpf::ids::Incarnation;
use heartbeat_ebpf::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::words::{Departure, HeardByWord};

/// What every heartbeat changes: the last arrival, the one before it, how many there were; the number of the last,
/// when it was sent, and the age of its sender's progress in ms.
pub type Heard = (u64, u64, u64, u64, u64, u64);

/// What hardly any heartbeat changes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "each field is the arrival's field of that name"
)]
pub struct Facts {
    pub path: u32,
    pub lost: u64,
    pub reordered: u64,
    pub duplicates: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unheard: Option<u64>,
    pub incarnation: u64,
    /// In ns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub announced_interval: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub departure: Option<Departure>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<u32>,
    /// The incarnation, and when it was heard last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidate: Option<(u64, u64)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<Reply>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missed: Option<u64>,
    pub armed: bool,
    pub armed_for_candidate: bool,
}

/// A reply to an echo request.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each field is the reply's field of that name")]
pub struct Reply {
    pub at: u64,
    pub known: u64,
    #[serde(with = "HeardByWord")]
    pub heard: HeardBy,
    pub incarnation: u64,
    pub sequence: u64,
    /// In ms.
    pub agent_age: u64,
}

/// A path of an earlier run, and what that told of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each field is the memory's field of that name")]
pub struct Left {
    pub heard: Heard,
    pub facts: Facts,
    /// [`Told::code`].
    pub told: u64,
    pub since: u64,
    pub arrivals: u64,
    pub told_until: u64,
}

impl Left {
    /// As a line has it.
    pub fn of((arrival, memory): &(Arrival, Memory)) -> Self {
        let Memory {
            told,
            since,
            arrivals,
            told_until,
        } = *memory;
        let (heard, facts) = split(arrival);
        Left {
            heard,
            facts,
            told: told.code(),
            since: ns(since),
            arrivals,
            told_until: ns(told_until),
        }
    }

    /// As the core has it.
    pub fn read(&self) -> (Arrival, Memory) {
        let memory = Memory {
            told: Told::from_code(self.told),
            since: Timestamp::from_ns(self.since),
            arrivals: self.arrivals,
            told_until: Timestamp::from_ns(self.told_until),
        };
        (join(self.heard, &self.facts), memory)
    }
}

/// An arrival in its parts.
pub fn split(arrival: &Arrival) -> (Heard, Facts) {
    let Arrival {
        path,
        last,
        previous,
        arrivals,
        lost,
        reordered,
        duplicates,
        sequence,
        sent,
        agent_age,
        unheard,
        announced_interval,
        incarnation,
        departure,
        digest,
        candidate,
        reply,
        missed,
        armed,
        armed_for_candidate,
    } = *arrival;
    let facts = Facts {
        path: path.0,
        lost,
        reordered,
        duplicates,
        unheard,
        incarnation: incarnation.0,
        announced_interval: announced_interval.map(|interval| interval.as_nanos() as u64),
        departure: departure.map(Departure::from),
        digest,
        candidate: candidate.map(|(incarnation, heard)| (incarnation.0, heard.ns())),
        reply: reply.map(|reply| Reply {
            at: reply.at.ns(),
            known: reply.known.0,
            heard: reply.heard,
            incarnation: reply.incarnation.0,
            sequence: reply.sequence,
            agent_age: milliseconds(reply.agent_age),
        }),
        missed: missed.map(Timestamp::ns),
        armed,
        armed_for_candidate,
    };
    let age = milliseconds(agent_age);
    let heard = (ns(last), ns(previous), arrivals, sequence, sent, age);
    (heard, facts)
}

/// The arrival of these parts.
pub fn join((last, previous, arrivals, sequence, sent, age): Heard, facts: &Facts) -> Arrival {
    let candidate = |(incarnation, heard): (u64, u64)| {
        Some((Incarnation(incarnation), Timestamp::from_ns(heard)?))
    };
    let reply = |reply: &Reply| {
        Some(arrival::Reply {
            at: Timestamp::from_ns(reply.at)?,
            known: Incarnation(reply.known),
            heard: reply.heard,
            incarnation: Incarnation(reply.incarnation),
            sequence: reply.sequence,
            agent_age: Duration::from_millis(reply.agent_age),
        })
    };
    Arrival {
        path: PathIndex(facts.path),
        last: Timestamp::from_ns(last),
        previous: Timestamp::from_ns(previous),
        arrivals,
        lost: facts.lost,
        reordered: facts.reordered,
        duplicates: facts.duplicates,
        sequence,
        sent,
        agent_age: Duration::from_millis(age),
        unheard: facts.unheard,
        announced_interval: facts.announced_interval.map(Duration::from_nanos),
        incarnation: Incarnation(facts.incarnation),
        departure: facts.departure.map(arrival::Departure::from),
        digest: facts.digest,
        candidate: facts.candidate.and_then(candidate),
        reply: facts.reply.as_ref().and_then(reply),
        missed: facts.missed.and_then(Timestamp::from_ns),
        armed: facts.armed,
        armed_for_candidate: facts.armed_for_candidate,
    }
}

fn milliseconds(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

fn ns(at: Option<Timestamp>) -> u64 {
    at.map_or(0, Timestamp::ns)
}
