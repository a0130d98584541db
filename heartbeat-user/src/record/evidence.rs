//! What proves an event.

use heartbeat_core::event::Event;
use heartbeat_core::strain::Warning;
use heartbeat_core::view::Choice;
use serde::Serialize;

use super::findings::Findings;

/// What proves an event. `*_ns` but for lengths are of the observer's CLOCK_MONOTONIC.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Evidence {
    /// Whole intervals without a heartbeat.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missed: Option<u64>,
    /// The last heartbeat before the silence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_arrival_ns: Option<u64>,
    /// When the silence became too long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline_ns: Option<u64>,
    /// The heartbeat that ended it, the first ever, or the one that said it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arrival_ns: Option<u64>,
    /// Length of the outage, from heartbeat to heartbeat.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outage_ns: Option<u64>,
    /// Whether it was no longer than twice the detection time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blip: Option<bool>,
    /// How late a part of the agent was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub late_ns: Option<u64>,
    /// More than this is too late.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bound_ns: Option<u64>,
    /// What strains the path: losing, late or unheard.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strain: Option<&'static str>,
    /// Whether all paths to the peer are strained so: path or peer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spread: Option<&'static str>,
    /// Heartbeats that were due in the half to whole minute before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<u64>,
    /// Of these, the ones lost, by their numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lost: Option<u64>,
    /// And the ones that were late.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub late: Option<u64>,
    /// Longest time between two of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub largest_gap_ns: Option<u64>,
    /// Times that the peer said it misses ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub complaints: Option<u64>,
    /// The incarnation that was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incarnation: Option<u64>,
    /// The one that is known instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known_incarnation: Option<u64>,
    /// Number of the view.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epoch: Option<u64>,
    /// How its members were chosen: exact or greedy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub choice: Option<&'static str>,
    /// Until when it lasts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until_ns: Option<u64>,
    /// What kind of cause, see [`heartbeat_core::cause::Class::label`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<&'static str>,
    /// sure, likely or unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certainty: Option<&'static str>,
    /// here, between, at-peer, network or unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<&'static str>,
    /// network or all-networks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<&'static str>,
    /// What the cause was judged by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub findings: Option<Findings>,
    /// The newest heartbeats of the path when it was judged, oldest first, see [`Step`]; none in a replay.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub trail: Vec<Step>,
    /// When it was judged.
    pub judged_ns: u64,
    /// When it was handed to the disk; absent where it was not, in a replay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub emitted_ns: Option<u64>,
}

/// One heartbeat: when it arrived, when it was sent on the sender's clock, both in ns; its number; the age of its
/// sender's progress in ms.
pub type Step = (u64, u64, u64, u16);

impl Evidence {
    /// What the core has seen, and why it happened.
    pub fn of(event: &Event) -> Self {
        let seen = Evidence::seen(event);
        let Some(cause) = event.cause() else {
            return seen;
        };
        Evidence {
            class: Some(cause.class.label()),
            certainty: Some(cause.certainty.label()),
            place: Some(cause.place.label()),
            scope: Some(cause.scope.label()),
            findings: event.explanation().map(Findings::of),
            ..seen
        }
    }

    fn seen(event: &Event) -> Self {
        let judged = |judged_ns| Evidence {
            judged_ns,
            ..Evidence::default()
        };
        match event {
            Event::PathLost {
                judged: at,
                last_arrival,
                deadline,
                missed,
                ..
            } => Evidence {
                missed: Some(*missed),
                last_arrival_ns: Some(last_arrival.ns()),
                deadline_ns: Some(deadline.ns()),
                ..judged(at.ns())
            },
            Event::PathRestored {
                judged: at,
                arrival,
                outage,
                ..
            } => Evidence {
                last_arrival_ns: outage.map(|outage| outage.last_arrival.ns()),
                arrival_ns: Some(arrival.ns()),
                outage_ns: outage.map(|outage| outage.length.as_nanos() as u64),
                blip: outage.map(|outage| outage.blip),
                ..judged(at.ns())
            },
            Event::AgentStalled {
                judged: at,
                last_arrival,
                ..
            } => Evidence {
                last_arrival_ns: Some(last_arrival.ns()),
                ..judged(at.ns())
            },
            Event::AgentResumed {
                judged: at, lasted, ..
            } => Evidence {
                outage_ns: Some(lasted.as_nanos() as u64),
                ..judged(at.ns())
            },
            Event::Departed {
                judged: at,
                arrival,
                ..
            } => Evidence {
                arrival_ns: Some(arrival.ns()),
                ..judged(at.ns())
            },
            Event::IncarnationRefused {
                judged: at,
                ours,
                known,
            } => Evidence {
                incarnation: Some(ours.0),
                known_incarnation: Some(known.0),
                ..judged(at.ns())
            },
            Event::PathLate {
                judged: at,
                warning,
                ..
            } => Evidence::strained(warning, judged(at.ns())),
            Event::SelfStarved {
                judged: at,
                late,
                bound,
                ..
            } => Evidence {
                late_ns: Some(late.as_nanos() as u64),
                bound_ns: Some(bound.as_nanos() as u64),
                ..judged(at.ns())
            },
            Event::ConfigDiffers { judged: at, .. }
            | Event::MulticastFailed { judged: at, .. }
            | Event::PathFlapping { judged: at, .. }
            | Event::LocalInterfaceFailed { judged: at, .. }
            | Event::Interface { judged: at, .. }
            | Event::Network { judged: at, .. } => judged(at.ns()),
            Event::MemberRemoved {
                judged: at,
                epoch,
                choice,
                ..
            } => Evidence {
                epoch: Some(epoch.0),
                choice: Some(match choice {
                    Choice::Exact => "exact",
                    Choice::Greedy => "greedy",
                }),
                ..judged(at.ns())
            },
            Event::QuorumLost { judged: at, epoch }
            | Event::MemberJoined {
                judged: at, epoch, ..
            } => Evidence {
                epoch: Some(epoch.0),
                ..judged(at.ns())
            },
            Event::Quarantined {
                judged: at, until, ..
            } => Evidence {
                until_ns: Some(until.ns()),
                ..judged(at.ns())
            },
        }
    }

    fn strained(warning: &Warning, judged: Evidence) -> Self {
        let tally = &warning.tally;
        Evidence {
            strain: Some(warning.strain.label()),
            spread: Some(warning.spread.label()),
            expected: Some(tally.expected()),
            lost: Some(tally.lost),
            late: Some(tally.late),
            largest_gap_ns: Some(tally.largest_gap.as_nanos() as u64),
            complaints: Some(tally.complaints),
            ..judged
        }
    }
}
