//! One event of each kind, as node-a of the documented example would tell it.

use std::time::Duration;

use heartbeat_core::arrival::Departure;
use heartbeat_core::cause::Explanation;
use heartbeat_core::config::{NetworkIndex, PathIndex};
use heartbeat_core::event::{Event, EventKind, Outage, Reach, Unity};
use heartbeat_core::nodes::NodeIndex;
use heartbeat_core::starvation::Part;
use heartbeat_core::strain::{Spread, Strain, Tally, Warning};
use heartbeat_core::view::{Choice, Epoch};
use heartbeat_ebpf::ids::{Incarnation, NodeId};
use heartbeat_ebpf::time::Timestamp;

/// One of this kind; none where the agent words it, not the core.
pub fn of(kind: EventKind) -> Option<Event> {
    let judged = Timestamp::from_ns(5_000_000_000)?;
    let earlier = Timestamp::from_ns(2_000_000_000)?;
    let (path, network, node) = (PathIndex(0), NetworkIndex(0), NodeIndex(1));
    let peer = NodeId::new(2)?;
    let interface = |state| Event::Interface {
        node,
        network,
        state,
        judged,
    };
    let unity = |state| Event::Network {
        network,
        state,
        judged,
    };
    let departed = |departure| Event::Departed {
        peer,
        judged,
        arrival: earlier,
        departure,
    };
    Some(match kind {
        EventKind::PathRestored => Event::PathRestored {
            path,
            judged,
            arrival: judged,
            outage: Some(Outage {
                last_arrival: earlier,
                length: judged.since(earlier),
                blip: true,
                why: Explanation::default(),
            }),
        },
        EventKind::PathLost => Event::PathLost {
            path,
            judged,
            last_arrival: earlier,
            deadline: judged,
            missed: 2,
            why: Explanation::default(),
        },
        EventKind::LocalInterfaceFailed => Event::LocalInterfaceFailed { network, judged },
        EventKind::InterfaceUp => interface(Reach::Up),
        EventKind::InterfaceUnreachable => interface(Reach::Unreachable),
        EventKind::InterfaceFailed => interface(Reach::Failed),
        EventKind::NetworkUp => unity(Unity::Up),
        EventKind::NetworkPartitioned => unity(Unity::Partitioned),
        EventKind::NetworkDown => unity(Unity::Down),
        EventKind::InterfaceAdded
        | EventKind::InterfaceRemoved
        | EventKind::NetworkAdded
        | EventKind::NetworkRemoved
        | EventKind::Operator => return None,
        EventKind::MemberRemoved => Event::MemberRemoved {
            node,
            epoch: Epoch(7),
            choice: Choice::Exact,
            judged,
        },
        EventKind::QuorumLost => Event::QuorumLost {
            epoch: Epoch(7),
            judged,
        },
        EventKind::AgentStalled => Event::AgentStalled {
            peer,
            judged,
            last_arrival: earlier,
        },
        EventKind::AgentResumed => Event::AgentResumed {
            peer,
            judged,
            lasted: judged.since(earlier),
        },
        EventKind::NodeLeft => departed(Departure::Leaving),
        EventKind::AgentRestarting => departed(Departure::Restarting),
        EventKind::ConfigDiffers => Event::ConfigDiffers { peer, judged },
        EventKind::MulticastFailed => Event::MulticastFailed { path, judged },
        EventKind::IncarnationRefused => Event::IncarnationRefused {
            judged,
            ours: Incarnation(1_795_352_405_000_000_000),
            known: Incarnation(1_795_352_411_000_000_000),
        },
        EventKind::PathFlapping => Event::PathFlapping { path, judged },
        EventKind::SelfStarved => Event::SelfStarved {
            judged,
            part: Part::Loop,
            late: Duration::from_millis(1500),
            bound: Duration::from_millis(600),
        },
        EventKind::MemberJoined => Event::MemberJoined {
            node,
            epoch: Epoch(8),
            judged,
        },
        EventKind::Quarantined => Event::Quarantined {
            node,
            until: judged.after(Duration::from_secs(7200)),
            judged,
        },
        EventKind::PathLate => Event::PathLate {
            path,
            judged,
            warning: Warning {
                strain: Strain::Losing,
                tally: Tally {
                    arrived: 46,
                    lost: 4,
                    ..Tally::default()
                },
                spread: Spread::Path,
            },
        },
    })
}
