//! What proves an event.

use heartbeat_core::event::Event;
use heartbeat_core::view::Choice;
use serde::Serialize;

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
    /// When it was judged.
    pub judged_ns: u64,
    /// When it was handed to the disk; absent where it was not, in a replay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub emitted_ns: Option<u64>,
}

impl Evidence {
    /// What the core has seen.
    pub fn of(event: &Event) -> Self {
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
}
