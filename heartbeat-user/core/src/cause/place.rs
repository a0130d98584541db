//! Where the fault is, from everyone's view.
//!
//! One pair that miss each other can't say which of them it is. Others on the same network can: whom they hear has a
//! working interface, cable and port. The awkward case is two nodes, where nobody else looks.

use super::findings::{Findings, Numbers};
use super::{Class, Place};

/// The place of a fault of this class.
pub fn place(findings: &Findings, class: Class) -> Place {
    match class {
        Class::AgentStalled
        | Class::StarvedThere
        | Class::AgentRestarted
        | Class::PeerLeft
        | Class::HostDown
        | Class::PausedThere
        | Class::InterfaceDownThere
        | Class::DroppedThere => Place::AtPeer,
        Class::StarvedHere | Class::PausedHere | Class::InterfaceDownHere | Class::DroppedHere => {
            Place::Here
        }
        Class::GroupOnly => Place::Network,
        Class::LostToUs
        | Class::LostToThem
        | Class::LostBothWays
        | Class::Delayed
        | Class::Disordered
        | Class::HostSilent => on_the_way(findings),
        Class::Unknown => Place::Unknown,
    }
}

/// Something on the way: whose end of it, as others see both.
fn on_the_way(findings: &Findings) -> Place {
    let Findings { company, views, .. } = findings;
    let we_are_heard = 0 < views.hear_us || 0 < company.heard;
    let peer_is_heard = 0 < views.hear_peer;
    let peer_is_missed = 0 < views.miss_peer && !peer_is_heard;
    let alone = company.heard == 0 && 0 < company.silent;
    match (we_are_heard, peer_is_heard) {
        (true, true) => Place::Between,
        (true, false) if peer_is_missed => Place::AtPeer,
        (false, true) if alone => Place::Here,
        (false, false) if alone && peer_is_missed => Place::Network,
        (true, false) | (false, true) | (false, false) => Place::Unknown,
    }
}

impl Numbers {
    /// Rounds that were due in a silence of this length.
    pub fn due(findings: &Findings) -> u64 {
        let interval = findings.interval.as_nanos().max(1);
        let due = findings.silence.as_nanos() / interval;
        u64::try_from(due).unwrap_or(u64::MAX).saturating_sub(1)
    }
}
