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
    /// Some were not followed up.
    No,
}

/// What is known of the states found so far.
struct Known {
    prints: HashSet<u128, BuildHasherDefault<Print>>,
    /// By number: the state it was reached from first, and how.
    from: Vec<(u32, Step)>,
}

impl Known {
    /// The fingerprint and the number of a state that was not known.
    fn add(&mut self, world: &World, from: u32, step: Step) -> Option<(u128, u32)> {
        let mut hasher = SipHasher13::new();
        world.hash(&mut hasher);
        let print = hasher.finish128().as_u128();
        self.prints.insert(print).then(|| {
            self.from.push((from, step));
            (print, self.from.len() as u32 - 1)
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

/// How much of what is reached is followed up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Width {
    /// Everything.
    All,
    /// Of the states that are equally far, so many, drawn by their fingerprints. What leads far from the beginning is
    /// seen as well as what is near, which a search of everything that ends at a limit would not do.
    Drawn(usize),
}

/// Goes through the states that `bounds` allow, until a law is broken.
pub fn search(bounds: &Bounds, mutant: Mutant, width: Width) -> Found {
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
    let mut level = vec![(0, 0, first)];
    while !level.is_empty() && found.broken.is_none() {
        level = follow(bounds, mutant, level, &mut known, &mut found);
        found.depth += 1;
        if let Width::Drawn(width) = width
            && width < level.len()
        {
            found.exhausted = Exhausted::No;
            level.select_nth_unstable_by_key(width, |(print, ..)| *print);
            level.truncate(width);
        }
    }
    found.states = known.from.len();
    found
}

/// What is one step farther than `level` and was not known.
fn follow(
    bounds: &Bounds,
    mutant: Mutant,
    level: Vec<(u128, u32, World)>,
    known: &mut Known,
    found: &mut Found,
) -> Vec<(u128, u32, World)> {
    let mut next = Vec::new();
    let mut steps = Vec::new();
    for (_, number, world) in level {
        world.steps(bounds, &mut steps);
        for step in steps.drain(..) {
            let (after, told) = world.after(step, mutant);
            found.steps += 1;
            found.coverage.note(step, &told);
            let Some((print, new)) = known.add(&after, number, step) else {
                continue;
            };
            if let Some(law) = after.broken {
                let way = || (law, known.way_to(new));
                found.broken.get_or_insert_with(way);
            }
            next.push((print, new, after));
        }
    }
    next
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
