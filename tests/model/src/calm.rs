//! After the last fault: does the cluster come to one view, and keep it?
//!
//! From a state that was reached, everything that is broken is mended, everything that is on its way comes, and time
//! passes without faults. Then there is one way to go, and it has no end: it comes back to a state that it has been
//! in. The cluster has settled if on this circle all nodes act by one view of all of them. The awkward case is
//! the price, some hundred steps from every state; but these ways soon meet, and from where they meet the end is known.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use crate::host::Condition;
use crate::law::Law;
use crate::mutant::Mutant;
use crate::print::{self, Half};
use crate::step::{First, Step};
use crate::world::World;

/// How a cluster came to rest.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Calm {
    /// Within so many intervals there was one view for good.
    After(u8),
    /// On the way to there, or because there is no such way, this law was broken.
    Broken(Law, Vec<Step>),
}

/// Within so many intervals there must be one view.
pub const PATIENCE: u8 = 40;

/// Ends that are known: by the state that time has led to, how many intervals there are to go.
#[derive(Default)]
pub struct Ends {
    known: HashMap<u128, u8, BuildHasherDefault<Half>>,
}

/// A state on the way, right after time has passed.
struct Milestone {
    print: u128,
    /// Whether there was one view then, and ever since the milestone before.
    one_view: bool,
}

impl Ends {
    /// Goes on from a state until its end is known.
    pub fn find(&mut self, world: &World, mutant: Mutant) -> Calm {
        let mut world = world.clone();
        let (mut way, mut passed) = (Vec::new(), Vec::<Milestone>::new());
        let mut one_view = has_one_view(&world);
        loop {
            let step = mend(&world);
            (world, _) = world.after(step, mutant);
            way.push(step);
            one_view &= has_one_view(&world);
            if let Some(law) = world.broken {
                return Calm::Broken(law, way);
            }
            if step != Step::Tick {
                continue;
            }
            let print = print::of(&world);
            if let Some(left) = self.known.get(&print).copied() {
                return self.remember(&passed, one_view, left, way);
            }
            let circle = passed.iter().position(|milestone| milestone.print == print);
            if let Some(begin) = circle {
                let settled = one_view
                    && passed[begin + 1..]
                        .iter()
                        .all(|milestone| milestone.one_view);
                let left = if settled { 0 } else { PATIENCE };
                return self.remember(&passed, one_view, left, way);
            }
            if usize::from(PATIENCE) * 2 < passed.len() {
                return Calm::Broken(Law::Settles, way);
            }
            passed.push(Milestone { print, one_view });
            one_view = has_one_view(&world);
        }
    }

    /// Keeps what is known now of the states that were passed. From the last to the end there is `left` to go, and one
    /// interval more unless there was one view all the time.
    fn remember(
        &mut self,
        passed: &[Milestone],
        mut one_view: bool,
        mut left: u8,
        way: Vec<Step>,
    ) -> Calm {
        for milestone in passed.iter().rev() {
            left = before(left, one_view);
            self.known.insert(milestone.print, left);
            one_view = milestone.one_view;
        }
        match before(left, one_view) {
            left if left < PATIENCE => Calm::After(left),
            _ => Calm::Broken(Law::Settles, way),
        }
    }
}

fn before(left: u8, one_view: bool) -> u8 {
    if left == 0 && one_view {
        0
    } else {
        left.saturating_add(1)
    }
}

/// What leads to rest.
fn mend(world: &World) -> Step {
    if !world.fresh().is_empty() {
        return Step::Come(0);
    }
    if !world.late().is_empty() {
        return Step::Late(0);
    }
    if world.has_cuts() {
        return Step::Heal;
    }
    let step = |(node, condition)| match condition {
        Condition::Runs => None,
        Condition::Stalled | Condition::Frozen => Some(Step::Wake(node, First::Paths)),
        Condition::Ended | Condition::Off => Some(Step::Boot(node)),
    };
    let mut conditions = world.hosts.iter().map(|host| host.condition).enumerate();
    conditions.find_map(step).unwrap_or(Step::Tick)
}

/// Whether all nodes act by one view of all of them.
fn has_one_view(world: &World) -> bool {
    let mut views = world.hosts.iter().map(|host| host.acts_by());
    let Some(first) = views.next().flatten() else {
        return false;
    };
    first.members.len() == world.hosts.len() && views.all(|view| view == Some(first))
}
