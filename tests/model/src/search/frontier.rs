//! States from which the search goes on next.
//!
//! Where not all are gone on from, they are drawn by their fingerprints, evenly. The awkward case is a fault that
//! comes late: of the states that are far from the beginning nearly all have had their faults, and to draw from
//! all of them would lose the few in which something can still happen. So states are drawn apart by what is
//! left to go wrong.

use std::collections::BTreeMap;

use super::Width;
use crate::world::World;

/// A state to go on from.
pub struct Open {
    /// Its fingerprint.
    pub print: u128,
    /// Its number.
    pub number: u32,
    /// It.
    pub world: World,
}

/// States from which the search goes on next.
pub struct Frontier {
    width: Width,
    /// By faults and tricks that are left.
    open: BTreeMap<(u8, u8), Vec<Open>>,
    dropped: bool,
}

impl Frontier {
    /// None yet.
    pub fn new(width: Width) -> Self {
        Frontier {
            width,
            open: BTreeMap::new(),
            dropped: false,
        }
    }

    /// One more; not to hold too many, some are let go now and then.
    pub fn add(&mut self, open: Open) {
        let like = self.open.entry(open.world.left()).or_default();
        like.push(open);
        if let Width::Drawn(width) = self.width
            && width * 2 <= like.len()
        {
            draw(like, width);
            self.dropped = true;
        }
    }

    /// Whether some will not be gone on from.
    pub fn dropped(&self) -> bool {
        let beyond = |like: &Vec<Open>| match self.width {
            Width::All => false,
            Width::Drawn(width) => width < like.len(),
        };
        self.dropped || self.open.values().any(beyond)
    }

    /// All from which to go on.
    pub fn into_open(self) -> Vec<Open> {
        let mut all = Vec::new();
        for mut like in self.open.into_values() {
            if let Width::Drawn(width) = self.width {
                draw(&mut like, width);
            }
            all.extend(like);
        }
        all
    }
}

/// Leaves those with the lowest fingerprints.
fn draw(open: &mut Vec<Open>, width: usize) {
    if width < open.len() {
        open.select_nth_unstable_by_key(width, |open| open.print);
        open.truncate(width);
    }
}
