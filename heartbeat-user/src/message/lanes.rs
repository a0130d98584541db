//! Parcels on their way: one lane a peer, one parcel at a time. Inquiries take lanes of their own.
//!
//! A parcel is sent again while nobody says what became of it, each time over the next path, and is given up after
//! [`GIVEN_UP`], an inquiry sooner. The awkward case is a network that was cut this moment: the best path is still the best, until a
//! heartbeat is missed. Its parcel goes over another a tenth of a second later, and nobody notices.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use heartbeat_ebpf::ids::NodeId;
use heartbeat_ebpf::time::Timestamp;

/// A parcel that nobody has answered for this long is given up.
pub const GIVEN_UP: Duration = Duration::from_secs(5);
/// Parcels that may be on their way, to all peers together.
pub const PARCELS_MAX: usize = 64;
/// Between the first time and the second; it doubles from then on.
const AGAIN: Duration = Duration::from_millis(100);
/// The longest time between two.
const AGAIN_MAX: Duration = Duration::from_millis(1600);

/// A fragment that is to be sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Piece {
    /// Whom to.
    pub to: NodeId,
    /// The parcel's number.
    pub number: u64,
    /// How often the parcel was sent before.
    pub attempt: u32,
    /// Which fragment.
    pub place: u16,
    /// How many there are.
    pub of: u16,
    body: Arc<[u8]>,
    range: Range<usize>,
}

impl Piece {
    /// What it holds.
    pub fn content(&self) -> &[u8] {
        &self.body[self.range.clone()]
    }
}

/// All parcels that are on their way, each with whoever waits for its end.
#[derive(Debug)]
pub struct Lanes<A> {
    last: u64,
    given_up: Duration,
    lanes: BTreeMap<NodeId, VecDeque<Parcel<A>>>,
}

#[derive(Debug)]
struct Parcel<A> {
    number: u64,
    body: Arc<[u8]>,
    asker: A,
    until: Timestamp,
    due: Timestamp,
    attempt: u32,
    /// Bytes of it that have left in this attempt, and bytes of a fragment.
    left: usize,
    size: usize,
}

impl<A> Default for Lanes<A> {
    fn default() -> Self {
        Lanes::given_up_after(GIVEN_UP)
    }
}

impl<A> Lanes<A> {
    /// Lanes that give up what nobody has answered for this long.
    pub fn given_up_after(given_up: Duration) -> Self {
        Lanes {
            last: 0,
            given_up,
            lanes: BTreeMap::new(),
        }
    }

    /// Accepts a parcel; whoever waits for it comes back where too many are on their way.
    pub fn push(&mut self, now: Timestamp, to: NodeId, body: Vec<u8>, asker: A) -> Result<(), A> {
        if PARCELS_MAX <= self.lanes.values().map(VecDeque::len).sum() {
            return Err(asker);
        }
        self.last += 1;
        self.lanes.entry(to).or_default().push_back(Parcel {
            number: self.last,
            body: body.into(),
            asker,
            until: now.after(self.given_up),
            due: now,
            attempt: 0,
            left: 0,
            size: 0,
        });
        Ok(())
    }

    /// The next fragment that is to be sent now, if there is one; `size` is that of those cut from now on.
    pub fn next(&mut self, now: Timestamp, size: usize) -> Option<Piece> {
        self.lanes.iter_mut().find_map(|(to, lane)| {
            let first = lane.front_mut().filter(|first| first.due <= now)?;
            Some(first.next(now, *to, size))
        })
    }

    /// Gives up what nobody has answered for too long.
    pub fn expire(&mut self, now: Timestamp) -> Vec<A> {
        let mut expired = Vec::new();
        for lane in self.lanes.values_mut() {
            while let Some(parcel) = lane.pop_front_if(|first| first.until <= now) {
                expired.push(parcel.asker);
            }
        }
        self.lanes.retain(|_, lane| !lane.is_empty());
        expired
    }

    /// A peer says that it has judged a parcel; a late word of one that was given up is of no use.
    pub fn settle(&mut self, peer: NodeId, number: u64) -> Option<A> {
        let lane = self.lanes.get_mut(&peer)?;
        let parcel = lane.pop_front_if(|first| first.number == number)?;
        if lane.is_empty() {
            self.lanes.remove(&peer);
        }
        Some(parcel.asker)
    }

    /// Gives up all parcels to the peers that this holds for.
    pub fn give_up(&mut self, of: impl Fn(NodeId) -> bool) -> Vec<A> {
        let lanes = self.lanes.extract_if(.., |peer, _| of(*peer));
        lanes
            .flat_map(|(_, lane)| lane)
            .map(|parcel| parcel.asker)
            .collect()
    }

    /// When there is something to do again; `None` while nothing is on its way.
    pub fn due(&self) -> Option<Timestamp> {
        let first = self.lanes.values().filter_map(VecDeque::front);
        first.map(|parcel| parcel.due.min(parcel.until)).min()
    }
}

impl<A> Parcel<A> {
    fn next(&mut self, now: Timestamp, to: NodeId, size: usize) -> Piece {
        if self.left == 0 {
            self.size = size;
        }
        let length = self.body.len();
        let end = length.min(self.left + self.size);
        let piece = Piece {
            to,
            number: self.number,
            attempt: self.attempt,
            place: (self.left / self.size) as u16,
            of: length.div_ceil(self.size).max(1) as u16,
            body: self.body.clone(),
            range: self.left..end,
        };
        self.left = end;
        if end == length {
            let pause = AGAIN.saturating_mul(1 << self.attempt.min(8));
            self.due = now.after(pause.min(AGAIN_MAX));
            self.attempt += 1;
            self.left = 0;
        }
        piece
    }
}

#[cfg(test)]
mod tests;
