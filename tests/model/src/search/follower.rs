//! What one thread does: it goes on from its part of the states.
//!
//! What it comes to is looked up in what is known, and kept where it is new; two threads may come to the same.

use super::frontier::Open;
use super::known::Known;
use crate::bounds::Bounds;
use crate::calm::{Calm, Ends};
use crate::coverage::Coverage;
use crate::law::Law;
use crate::mutant::Mutant;
use crate::print;
use crate::step::Step;
use crate::world::World;

/// A state that was not known when a step led to it.
pub struct Reached {
    pub from: u32,
    pub step: Step,
    pub print: u128,
    pub world: World,
    pub calm: Option<Calm>,
}

/// What one thread does.
pub struct Follower<'a> {
    pub bounds: &'a Bounds,
    pub mutant: Mutant,
    pub known: &'a Known,
    pub one_in: u32,
    pub part: &'a [Open],
    pub ends: &'a mut Ends,
    pub coverage: Coverage,
    pub reached: Vec<Reached>,
}

impl Follower<'_> {
    /// Goes on from every state of its part.
    pub fn follow(&mut self) {
        let mut steps = Vec::new();
        for Open { number, world, .. } in self.part {
            world.steps(self.bounds, &mut steps);
            for step in steps.drain(..) {
                let (after, told) = world.after(step, self.mutant);
                self.coverage.note(world, step, &after, &told);
                let print = print::of(&after);
                if !self.known.contains(print) {
                    let calm = self.calm(print, &after);
                    self.reached.push(Reached {
                        from: *number,
                        step,
                        print,
                        world: after,
                        calm,
                    });
                }
            }
        }
    }

    fn calm(&mut self, print: u128, world: &World) -> Option<Calm> {
        let looked_at = world.broken.is_none() && self.mutant.is_judged_by(Law::Settles);
        let chosen = ((print >> 64) as u32).is_multiple_of(self.one_in);
        (looked_at && chosen).then(|| self.ends.find(world, self.mutant))
    }
}
