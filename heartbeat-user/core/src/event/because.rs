//! The cause that an event has, whether it was found or says itself.

use super::Event;
use crate::arrival::Departure;
use crate::cause::{Cause, Certainty, Class, Explanation};
use crate::strain::{Spread, Strain, Warning};

impl Event {
    /// Why, as far as it is known; `None` where nothing is to be explained.
    pub fn cause(&self) -> Option<Cause> {
        Some(match self {
            Event::PathLost { .. } | Event::PathRestored { .. } => self.explanation()?.cause,
            Event::AgentStalled { .. } => of(Class::AgentStalled, Certainty::Sure),
            Event::Departed { departure, .. } => match departure {
                Departure::Leaving => of(Class::PeerLeft, Certainty::Sure),
                Departure::Restarting => of(Class::AgentRestarted, Certainty::Sure),
            },
            Event::MulticastFailed { .. } => of(Class::GroupOnly, Certainty::Sure),
            Event::PathLate { warning, .. } => strained(warning),
            Event::AgentResumed { .. }
            | Event::ConfigDiffers { .. }
            | Event::IncarnationRefused { .. }
            | Event::PathFlapping { .. }
            | Event::SelfStarved { .. }
            | Event::LocalInterfaceFailed { .. }
            | Event::Interface { .. }
            | Event::Network { .. }
            | Event::MemberRemoved { .. }
            | Event::QuorumLost { .. }
            | Event::MemberJoined { .. }
            | Event::Quarantined { .. } => return None,
        })
    }

    /// The cause of a loss or its end, with what it was judged by.
    pub fn explanation(&self) -> Option<&Explanation> {
        match self {
            Event::PathLost { why, .. } => Some(why),
            Event::PathRestored { outage, .. } => outage.as_ref().map(|outage| &outage.why),
            Event::AgentStalled { .. }
            | Event::AgentResumed { .. }
            | Event::Departed { .. }
            | Event::ConfigDiffers { .. }
            | Event::MulticastFailed { .. }
            | Event::IncarnationRefused { .. }
            | Event::PathFlapping { .. }
            | Event::PathLate { .. }
            | Event::SelfStarved { .. }
            | Event::LocalInterfaceFailed { .. }
            | Event::Interface { .. }
            | Event::Network { .. }
            | Event::MemberRemoved { .. }
            | Event::QuorumLost { .. }
            | Event::MemberJoined { .. }
            | Event::Quarantined { .. } => None,
        }
    }
}

/// A path that is strained is not looked into; what strains it says something of its own.
fn strained(warning: &Warning) -> Cause {
    let class = match (warning.strain, warning.spread) {
        (Strain::Losing, _) => Class::LostToUs,
        (Strain::Unheard, _) => Class::LostToThem,
        (Strain::Late, Spread::Path) => Class::Delayed,
        (Strain::Late, Spread::Peer) => Class::StarvedThere,
    };
    of(class, Certainty::Likely)
}

fn of(class: Class, certainty: Certainty) -> Cause {
    Cause {
        class,
        certainty,
        ..Cause::default()
    }
}
