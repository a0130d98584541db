//! What is searched, for a minute or for long.
//!
//! Small spaces are exhausted: all there is within the bounds was seen. The awkward case is two faults and a trick among
//! three or four nodes, where nobody gets to the end: there the search is held to a width, and goes through a
//! part of all ways from the first state to the last fault's end.

use crate::bounds::Bounds;
use crate::search::{Effort, Exhausted, Found, Width};

/// One search.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Scope {
    /// What is let happen.
    pub bounds: Bounds,
    /// How much is looked at.
    pub effort: Effort,
}

/// As many states must be seen where not all are.
pub const LEAST: usize = 1_000_000;

/// What belongs to every run of the tests.
pub const QUICK: [Scope; 5] = [
    Scope::all(Bounds::new(2, 1, 0), 1),
    Scope::all(Bounds::new(3, 1, 0), 4),
    Scope::drawn(Bounds::new(2, 2, 1), 300, 16),
    Scope::drawn(Bounds::new(3, 2, 1), 60, 16),
    Scope::drawn(Bounds::new(4, 2, 1), 30, 16),
];

/// What takes minutes.
pub const LONG: [Scope; 9] = [
    Scope::all(Bounds::new(2, 1, 0).at_any_moment().in_any_order(), 16),
    Scope::all(Bounds::new(2, 2, 0), 8),
    Scope::all(Bounds::new(2, 1, 1), 4),
    Scope::all(Bounds::new(3, 1, 0), 1),
    Scope::all(Bounds::new(4, 1, 0), 1),
    Scope::drawn(Bounds::new(2, 2, 1).at_any_moment().in_any_order(), 600, 64),
    Scope::drawn(Bounds::new(3, 2, 1), 300, 64),
    Scope::drawn(Bounds::new(3, 2, 1).at_any_moment(), 70, 64),
    Scope::drawn(Bounds::new(4, 2, 1), 120, 64),
];

impl Scope {
    /// All states.
    const fn all(bounds: Bounds, calm_one_in: u32) -> Self {
        Scope {
            bounds,
            effort: Effort {
                width: Width::All,
                calm_one_in,
                most: usize::MAX,
            },
        }
    }

    /// So many of those that are equally far.
    const fn drawn(bounds: Bounds, width: usize, calm_one_in: u32) -> Self {
        Scope {
            bounds,
            effort: Effort {
                width: Width::Drawn(width),
                calm_one_in,
                most: usize::MAX,
            },
        }
    }
}

/// What a search has not come by though it should have.
pub fn gaps(scope: &Scope, found: &Found, least: usize) -> Vec<String> {
    let missing = found.coverage.missing(&scope.bounds).into_iter();
    let mut gaps: Vec<String> = missing
        .map(|thing| format!("never met: {thing:?}"))
        .collect();
    if found.exhausted == Exhausted::No && found.states < least {
        gaps.push(format!("{} states are too few", found.states));
    }
    gaps
}
