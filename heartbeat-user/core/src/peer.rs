//! A peer: what one node says of itself, on whichever path it is heard.
//!
//! Each path is judged alone, but some facts are the node's: that its agent restarts, that it leaves, and
//! which configuration it runs. The awkward case is a goodbye that one network lost: what was said on any
//! path holds for all paths that still hear the same incarnation, and for no other.

use alloc::vec::Vec;

use heartbeat_ebpf::ids::{Incarnation, NodeId};
use heartbeat_ebpf::time::Timestamp;

use crate::account::Exchange;
use crate::arrival::{Arrival, Departure};
use crate::config::Authentication;
use crate::event::Event;
use crate::stall::Stall;

/// That a node goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Goodbye {
    /// How.
    pub departure: Departure,
    /// The run that said so.
    pub incarnation: Incarnation,
    /// When it was first heard to.
    pub at: Timestamp,
}

/// One other node.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Peer {
    /// Which.
    pub id: NodeId,
    /// Whether its agent does its work.
    pub stall: Stall,
    /// What is asked of it, and what it asks.
    pub exchange: Exchange,
    goodbye: Option<Goodbye>,
    digest: Option<(Timestamp, u32)>,
    told_difference: Option<[u32; 2]>,
}

impl Peer {
    /// A node of which nothing is known.
    pub fn new(id: NodeId) -> Self {
        Peer {
            id,
            stall: Stall::default(),
            exchange: Exchange::default(),
            goodbye: None,
            digest: None,
            told_difference: None,
        }
    }

    /// Takes note of what the newest heartbeat of one of its paths says.
    pub fn hear(
        &mut self,
        now: Timestamp,
        arrival: &Arrival,
        authentication: Authentication,
        events: &mut Vec<Event>,
    ) {
        let Some(last) = arrival.last else { return };
        if let Some(digest) = arrival.digest
            && self.digest.is_none_or(|(at, _)| at <= last)
        {
            self.digest = Some((last, digest));
        }
        let believed = match authentication {
            Authentication::Key => arrival.departure,
            Authentication::Off => None,
        };
        let Some(departure) = believed else { return };
        let goodbye = Goodbye {
            departure,
            incarnation: arrival.incarnation,
            at: last,
        };
        if self.is_news(goodbye) {
            self.goodbye = Some(goodbye);
            events.push(Event::Departed {
                peer: self.id,
                judged: now,
                arrival: last,
                departure,
            });
        }
    }

    /// Takes over a goodbye that an earlier run has told.
    pub fn adopt(&mut self, goodbye: Goodbye) {
        if self.is_news(goodbye) {
            self.goodbye = Some(goodbye);
        }
    }

    fn is_news(&self, goodbye: Goodbye) -> bool {
        self.goodbye.is_none_or(|known| {
            (known.incarnation, known.departure) < (goodbye.incarnation, goodbye.departure)
        })
    }

    /// What this run of the node has said of its going.
    pub fn goodbye(&self, incarnation: Incarnation) -> Option<Goodbye> {
        self.goodbye
            .filter(|goodbye| goodbye.incarnation == incarnation)
    }

    /// Whether it was last heard to run another configuration than `digest`.
    pub fn differs(&self, digest: u32) -> bool {
        self.digest
            .is_some_and(|(_, theirs)| theirs != upper(digest))
    }

    /// 334305, once for each pair of configurations that differ.
    pub fn compare(&mut self, now: Timestamp, digest: u32, events: &mut Vec<Event>) {
        let pair = self.digest.map(|(_, theirs)| [theirs, upper(digest)]);
        let difference = pair.filter(|[theirs, ours]| theirs != ours);
        if difference.is_some() && difference != self.told_difference {
            events.push(Event::ConfigDiffers {
                peer: self.id,
                judged: now,
            });
        }
        self.told_difference = difference;
    }
}

/// As much of a digest as a slot keeps.
const fn upper(digest: u32) -> u32 {
    digest >> 8
}
