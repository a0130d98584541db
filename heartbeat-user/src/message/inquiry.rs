//! One node asks another how it is set up: what is kept of that at the one that is asked.
//!
//! The answer takes a look at all interfaces, which may take longer than an interval, so it is made beside the loop and
//! kept for a second. The awkward case is a peer that asks and asks: it gets an answer now and then, and all who ask
//! share one look.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use heartbeat_core::config::PathIndex;
use heartbeat_ebpf::ids::{Incarnation, NodeId};
use heartbeat_ebpf::time::Timestamp;

/// How long an inquiry waits for its answer.
pub const GIVEN_UP: Duration = Duration::from_secs(2);
/// Bytes of the longest answer: 64 interfaces with all their words.
pub const SETTINGS_MAX: usize = 48 * 1024;
/// How long an answer is good.
const GOOD: Duration = Duration::from_secs(1);
/// Between two answers to one peer.
const PAUSE: Duration = Duration::from_millis(150);

/// An inquiry of a peer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Inquiry {
    /// The run that asks.
    pub run: Incarnation,
    /// The path that it came over.
    pub path: PathIndex,
    /// Its number.
    pub number: u64,
}

/// What is to be done about an inquiry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Next {
    /// To look, and to come back with [`Desk::looked`].
    Look,
    /// To send this answer.
    Answer(Arc<[u8]>),
    /// Nothing: a look is under way, or the peer was answered this moment.
    Wait,
}

/// Whoever waits, and the newest answer.
#[derive(Clone, Debug, Default)]
pub struct Desk {
    waiting: BTreeMap<NodeId, Inquiry>,
    looking: bool,
    newest: Option<(Timestamp, Arc<[u8]>)>,
    answered: BTreeMap<NodeId, Timestamp>,
}

impl Desk {
    /// Takes an inquiry of a configured peer.
    pub fn take(&mut self, now: Timestamp, from: NodeId, inquiry: Inquiry) -> Next {
        let lately = self.answered.get(&from);
        if lately.is_some_and(|at| now.since(*at) < PAUSE) {
            return Next::Wait;
        }
        let newest = self.newest.as_ref();
        if let Some((_, answer)) = newest.filter(|(made, _)| now.since(*made) < GOOD) {
            self.answered.insert(from, now);
            return Next::Answer(answer.clone());
        }
        self.waiting.insert(from, inquiry);
        match std::mem::replace(&mut self.looking, true) {
            true => Next::Wait,
            false => Next::Look,
        }
    }

    /// Takes what the look found, if it found something; returns who is to be told.
    pub fn looked(&mut self, now: Timestamp, found: Option<Arc<[u8]>>) -> Vec<(NodeId, Inquiry)> {
        self.looking = false;
        let waiting = std::mem::take(&mut self.waiting);
        self.newest = found.map(|found| (now, found));
        if self.newest.is_none() {
            return Vec::new();
        }
        let told = waiting.keys().map(|peer| (*peer, now));
        self.answered.extend(told);
        waiting.into_iter().collect()
    }

    /// Forgets all peers but these, and an answer that may not hold any more.
    pub fn keep_only(&mut self, peers: &[NodeId]) {
        self.newest = None;
        self.waiting.retain(|peer, _| peers.contains(peer));
        self.answered.retain(|peer, _| peers.contains(peer));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INQUIRY: Inquiry = Inquiry {
        run: Incarnation(7),
        path: PathIndex(0),
        number: 1,
    };

    fn at(milliseconds: u64) -> Timestamp {
        Timestamp::from_ns(milliseconds * 1_000_000).expect("not zero")
    }

    fn peer(number: u16) -> NodeId {
        NodeId::new(number).expect("not zero")
    }

    #[test]
    fn all_who_ask_share_one_look() {
        let mut desk = Desk::default();
        let answer: Arc<[u8]> = b"all".as_slice().into();
        assert_eq!(desk.take(at(1), peer(1), INQUIRY), Next::Look);
        assert_eq!(desk.take(at(2), peer(2), INQUIRY), Next::Wait);
        assert_eq!(desk.take(at(3), peer(1), INQUIRY), Next::Wait);
        let told = desk.looked(at(10), Some(answer.clone()));
        assert_eq!(told, vec![(peer(1), INQUIRY), (peer(2), INQUIRY)]);
        assert_eq!(desk.take(at(20), peer(3), INQUIRY), Next::Answer(answer));
        assert_eq!(desk.take(at(1010), peer(1), INQUIRY), Next::Look);
    }

    #[test]
    fn whoever_asks_and_asks_is_answered_now_and_then() {
        let mut desk = Desk::default();
        assert_eq!(desk.take(at(1), peer(1), INQUIRY), Next::Look);
        let told = desk.looked(at(10), Some(b"all".as_slice().into()));
        assert_eq!(told.len(), 1);
        let answers = (11..1000).filter(|now| desk.take(at(*now), peer(1), INQUIRY) != Next::Wait);
        assert_eq!(answers.count(), 6);
    }

    #[test]
    fn a_look_that_found_nothing_is_made_again() {
        let mut desk = Desk::default();
        assert_eq!(desk.take(at(1), peer(1), INQUIRY), Next::Look);
        assert_eq!(desk.looked(at(2), None), vec![]);
        assert_eq!(desk.take(at(3), peer(1), INQUIRY), Next::Look);
        desk.keep_only(&[]);
        assert_eq!(desk.looked(at(4), Some(b"all".as_slice().into())), vec![]);
    }
}
