//! What is known of the states found so far.
//!
//! A story is some hundred steps long, most of them messages that just come. To keep the way to every state
//! would cost more than the state; so each has a number, and the way to it is a chain of numbers.

use std::collections::HashSet;
use std::hash::BuildHasherDefault;

use crate::print::Half;
use crate::step::Step;

/// All states found so far.
#[derive(Default)]
pub struct Known {
    prints: HashSet<u128, BuildHasherDefault<Half>>,
    /// By number: the state it was reached from first, and how.
    from: Vec<(u32, Step)>,
}

impl Known {
    /// The number of a state that was not known.
    pub fn add(&mut self, print: u128, from: u32, step: Step) -> Option<u32> {
        self.prints.insert(print).then(|| {
            self.from.push((from, step));
            self.from.len() as u32 - 1
        })
    }

    /// Whether there was this state.
    pub fn contains(&self, print: u128) -> bool {
        self.prints.contains(&print)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.from.len()
    }

    /// The way to a state from the first.
    pub fn way_to(&self, mut number: u32) -> Vec<Step> {
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
