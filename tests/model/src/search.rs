//! The search: every state that can be reached, the nearest first.
//!
//! States are known again by 128 bits of SipHash, so that a million of them fit into little memory and none is
//! taken for another. The awkward case is depth: a story is some hundred steps long, most of them messages that just
//! come. Keeping the way to every state that waits would cost more than the state; so each remembers its number
//! alone, and the way to it is a chain of numbers.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hash, Hasher};

use siphasher::sip128::{Hasher128, SipHasher13};

use crate::bounds::Bounds;
use crate::coverage::Coverage;
use crate::law::Law;
use crate::mutant::Mutant;
use crate::step::Step;
use crate::world::World;

/// What a search has found.
#[derive(Debug)]
pub struct Found {
    /// Distinct states.
    pub states: usize,
    /// Steps taken, those to known states included.
    pub steps: usize,
    /// Steps to the farthest state.
    pub depth: usize,
    /// Whether there are no others.
    pub exhausted: Exhausted,
    /// The law that was broken first, and the shortest way to there.
    pub broken: Option<(Law, Vec<Step>)>,
    /// What was come by.
    pub coverage: Coverage,
}

/// Whether a search has seen all there is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exhausted {
    /// It has.
    Yes,
    /// It has stopped at its limit.
    No,
}

/// What is known of the states found so far.
struct Known {
    prints: HashSet<u128, BuildHasherDefault<Print>>,
    /// By number: the state it was reached from first, and how.
    from: Vec<(u32, Step)>,
}

impl Known {
    /// The number of a state that was not known.
    fn add(&mut self, world: &World, from: u32, step: Step) -> Option<u32> {
        let mut hasher = SipHasher13::new();
        world.hash(&mut hasher);
        self.prints.insert(hasher.finish128().as_u128()).then(|| {
            self.from.push((from, step));
            self.from.len() as u32 - 1
        })
    }

    fn way_to(&self, mut number: u32) -> Vec<Step> {
        let mut way = Vec::new();
        while number != 0 {
            let (from, step) = self.from[number as usize];
            way.push(step);
            number = from;
        }
        way.reverse();
        way
    }
}

/// Goes through all states that `bounds` allow, or the first `limit` of them.
pub fn search(bounds: &Bounds, mutant: Mutant, limit: usize) -> Found {
    let first = World::new(bounds);
    let mut known = Known {
        prints: HashSet::default(),
        from: Vec::new(),
    };
    known.add(&first, 0, Step::Tick);
    let mut found = Found {
        states: 0,
        steps: 0,
        depth: 0,
        exhausted: Exhausted::Yes,
        broken: None,
        coverage: Coverage::default(),
    };
    let mut level = vec![(0, first)];
    let mut steps = Vec::new();
    while !level.is_empty() && found.broken.is_none() {
        if limit <= known.from.len() {
            found.exhausted = Exhausted::No;
            break;
        }
        let mut next = Vec::new();
        for (number, world) in level.drain(..) {
            world.steps(bounds, &mut steps);
            for step in steps.drain(..) {
                let (after, told) = world.after(step, mutant);
                found.steps += 1;
                found.coverage.note(step, &told);
                let Some(new) = known.add(&after, number, step) else {
                    continue;
                };
                if let Some(law) = after.broken {
                    found.broken.get_or_insert_with(|| (law, known.way_to(new)));
                }
                next.push((new, after));
            }
        }
        found.depth += 1;
        level = next;
    }
    found.states = known.from.len();
    found
}

/// Takes what is a fingerprint already as it is.
#[derive(Default)]
struct Print(u64);

impl Hasher for Print {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u128(&mut self, print: u128) {
        self.0 = print as u64;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
