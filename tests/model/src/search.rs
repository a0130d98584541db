//! The search: every state that can be reached, the nearest first.
//!
//! All states that are equally far are gone on from before any that is farther, so that the first way on which a law is
//! broken is a shortest one. The awkward case is a space that is too large: to stop after so many states would
//! mean to see nothing but beginnings. So the search may be held to a [`Width`] instead, and goes to the end on a
//! part of the ways, which it draws evenly.
//!
//! Threads go on from states of a portion, each from its own; what they come to is entered by one, in order. So
//! what is found does not depend on how many there are.

use std::thread;

use crate::bounds::Bounds;
use crate::calm::{Calm, Ends};
use crate::coverage::Coverage;
use crate::law::Law;
use crate::mutant::Mutant;
use crate::print;
use crate::step::Step;
use crate::world::World;
use follower::{Follower, Reached};
use frontier::{Frontier, Open};
use known::Known;

mod follower;
mod frontier;
mod known;

/// States that all threads together go on from before what they come to is entered.
const PORTION: usize = 2048;
/// States for which no second thread is worth its while.
const PART_MIN: usize = 64;

/// How much is looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Effort {
    /// How much of what is reached is gone on from.
    pub width: Width,
    /// From one in so many states the cluster is let come to rest.
    pub calm_one_in: u32,
    /// After so many states the search ends, whatever is left.
    pub most: usize,
}

/// How much of what is reached is gone on from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Width {
    /// Everything.
    All,
    /// Of the states that are equally far and have equally much still to go wrong, so many.
    Drawn(usize),
}

/// What a search has found.
#[derive(Debug, Default)]
pub struct Found {
    /// Distinct states.
    pub states: usize,
    /// Those of them that were gone on from.
    pub followed: usize,
    /// Steps to the farthest state.
    pub depth: usize,
    /// States from which the cluster was let come to rest.
    pub calmed: usize,
    /// Intervals that it took at most.
    pub slowest: u8,
    /// Whether there are no other states.
    pub exhausted: Exhausted,
    /// The law that was broken first, and the way to there.
    pub broken: Option<(Law, Vec<Step>)>,
    /// What was come by.
    pub coverage: Coverage,
}

/// Whether a search has seen all there is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Exhausted {
    /// It has.
    #[default]
    Yes,
    /// Some states were not gone on from.
    No,
}

struct Search<'a> {
    bounds: &'a Bounds,
    mutant: Mutant,
    effort: Effort,
    known: Known,
    found: Found,
    /// By thread, what it knows of how clusters come to rest.
    ends: Vec<Ends>,
}

/// Goes through the states that `bounds` allow, until a law is broken.
pub fn search(bounds: &Bounds, mutant: Mutant, effort: Effort) -> Found {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let mut search = Search {
        bounds,
        mutant,
        effort,
        known: Known::default(),
        found: Found::default(),
        ends: (0..threads).map(|_| Ends::default()).collect(),
    };
    let world = World::new(bounds, mutant);
    let print = print::of(&world);
    let number = search
        .known
        .add(print, 0, Step::Tick)
        .expect("nothing is known yet");
    let mut level = vec![Open {
        print,
        number,
        world,
    }];
    while !level.is_empty() && search.goes_on() {
        level = search.follow(level);
        search.found.depth += 1;
    }
    search.found.states = search.known.len();
    search.found
}

impl Search<'_> {
    fn goes_on(&self) -> bool {
        self.found.broken.is_none() && self.known.len() < self.effort.most
    }

    /// What is one step farther than `level` and was not known.
    fn follow(&mut self, mut level: Vec<Open>) -> Vec<Open> {
        let mut next = Frontier::new(self.effort.width);
        while !level.is_empty() {
            let portion = level.split_off(level.len().saturating_sub(PORTION));
            self.found.followed += portion.len();
            for reached in self.spread(&portion) {
                self.enter(reached, &mut next);
                if !self.goes_on() {
                    self.found.exhausted = Exhausted::No;
                    return Vec::new();
                }
            }
        }
        if next.dropped() {
            self.found.exhausted = Exhausted::No;
        }
        next.into_open()
    }

    /// Goes on from all of a portion, on all threads.
    fn spread(&mut self, portion: &[Open]) -> Vec<Reached> {
        let part = portion.len().div_ceil(self.ends.len()).max(PART_MIN);
        let (bounds, mutant, known) = (self.bounds, self.mutant, &self.known);
        let one_in = self.effort.calm_one_in;
        let team = portion
            .chunks(part)
            .zip(&mut self.ends)
            .map(|(part, ends)| Follower {
                bounds,
                mutant,
                known,
                one_in,
                part,
                ends,
                coverage: Coverage::default(),
                reached: Vec::new(),
            });
        let mut team: Vec<_> = team.collect();
        thread::scope(|scope| {
            let (mine, others) = team.split_first_mut().expect("a portion is not empty");
            for follower in others {
                scope.spawn(|| follower.follow());
            }
            mine.follow();
        });
        let mut all = Vec::new();
        for follower in team {
            self.found.coverage.add(&follower.coverage);
            all.extend(follower.reached);
        }
        all
    }

    fn enter(&mut self, reached: Reached, next: &mut Frontier) {
        let Reached {
            from,
            step,
            print,
            world,
            calm,
        } = reached;
        let Some(number) = self.known.add(print, from, step) else {
            return;
        };
        if let Some(law) = world.broken {
            self.found.broken = Some((law, self.known.way_to(number)));
            return;
        }
        self.found.calmed += usize::from(calm.is_some());
        match calm {
            None => {}
            Some(Calm::After(intervals)) => self.found.slowest = self.found.slowest.max(intervals),
            Some(Calm::Broken(law, end)) => {
                let mut way = self.known.way_to(number);
                way.extend(end);
                self.found.broken = Some((law, way));
                return;
            }
        }
        next.add(Open {
            print,
            number,
            world,
        });
    }
}

#[cfg(test)]
mod tests;
