//! The cause as a sentence: what happened, to whom, and how sure that is.

use alloc::format;
use alloc::string::String;

use super::{Cause, Certainty, Class, Place};

impl Cause {
    /// The cause in words; `peer` was missed by `us`.
    pub fn sentence(&self, peer: &str, us: &str) -> String {
        let what = what(self.class, peer, us);
        let place = self.place_in_words();
        match (self.certainty, place) {
            (Certainty::Unknown, _) => what,
            (Certainty::Likely, "") => format!("{what} (likely)"),
            (Certainty::Likely, place) => format!("{what} (likely; {place})"),
            (Certainty::Sure, "") => what,
            (Certainty::Sure, place) => format!("{what} ({place})"),
        }
    }

    /// Where, for what lies on the way; empty where the class says it.
    fn place_in_words(&self) -> &'static str {
        match self.class {
            Class::LostToUs
            | Class::LostToThem
            | Class::LostBothWays
            | Class::Delayed
            | Class::Disordered => match self.place {
                Place::Here => "at this node's end",
                Place::Between => "between the two",
                Place::AtPeer => "at the peer's end",
                Place::Network => "the whole network",
                Place::Unknown => "place not known",
            },
            Class::AgentStalled
            | Class::StarvedThere
            | Class::StarvedHere
            | Class::AgentRestarted
            | Class::PeerLeft
            | Class::HostDown
            | Class::HostSilent
            | Class::PausedThere
            | Class::PausedHere
            | Class::InterfaceDownHere
            | Class::InterfaceDownThere
            | Class::DroppedHere
            | Class::DroppedThere
            | Class::GroupOnly
            | Class::Unknown => "",
        }
    }
}

fn what(class: Class, peer: &str, us: &str) -> String {
    match class {
        Class::AgentStalled => {
            format!("the agent on '{peer}' sent nothing, while its host answered")
        }
        Class::StarvedThere => format!("the agent on '{peer}' was not scheduled in time to send"),
        Class::StarvedHere => {
            format!("this host was too busy: what '{peer}' sent in time was received late")
        }
        Class::AgentRestarted => format!("the agent on '{peer}' was restarted"),
        Class::PeerLeft => format!("'{peer}' left the cluster on purpose"),
        Class::HostDown => format!("the host of '{peer}' went down"),
        Class::HostSilent => {
            format!("'{peer}' is silent on every network: its host is down, or cut off")
        }
        Class::PausedThere => format!("the whole machine of '{peer}' stood still"),
        Class::PausedHere => format!("this whole machine stood still, not '{peer}'"),
        Class::LostToUs => format!("lost on the way, '{peer}' to '{us}' only"),
        Class::LostToThem => format!("lost on the way, '{us}' to '{peer}' only"),
        Class::LostBothWays => format!("lost on the way, both ways between '{us}' and '{peer}'"),
        Class::Delayed => format!("sent in time by '{peer}', and held back on the way"),
        Class::Disordered => format!("sent in time by '{peer}', and overtaken on the way"),
        Class::InterfaceDownHere => format!("the interface of '{us}' itself was down"),
        Class::InterfaceDownThere => format!("the interface of '{peer}' was down"),
        Class::DroppedHere => format!("dropped by this host before it was heard, not by '{peer}'"),
        Class::DroppedThere => format!("refused or dropped by the host of '{peer}' itself"),
        Class::GroupOnly => format!("the network loses what goes to its group, '{us}' to '{peer}'"),
        Class::Unknown => String::from("not known"),
    }
}
