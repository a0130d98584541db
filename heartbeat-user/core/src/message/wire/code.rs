//! The numbers of words that have few meanings; they never change theirs.

use super::super::Caution;
use crate::interface::{Soundness, Witness};
use crate::regroup::Stage;
use crate::view::Choice;

/// What has a number for each of its values.
pub trait Code: Copy + PartialEq + 'static {
    /// Every value; each one's place is its number.
    const ALL: &'static [Self];

    /// Its number.
    fn code(self) -> u8;

    /// The value with this number.
    fn of(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }
}

impl Code for Stage {
    const ALL: &'static [Self] = &[
        Stage::Stabilized,
        Stage::Activate,
        Stage::Closing,
        Stage::Pruning,
        Stage::CleanupOne,
        Stage::CleanupTwo,
    ];

    fn code(self) -> u8 {
        match self {
            Stage::Stabilized => 0,
            Stage::Activate => 1,
            Stage::Closing => 2,
            Stage::Pruning => 3,
            Stage::CleanupOne => 4,
            Stage::CleanupTwo => 5,
        }
    }
}

impl Code for Choice {
    const ALL: &'static [Self] = &[Choice::Exact, Choice::Greedy];

    fn code(self) -> u8 {
        match self {
            Choice::Exact => 0,
            Choice::Greedy => 1,
        }
    }
}

impl Code for Caution {
    const ALL: &'static [Self] = &[Caution::None, Caution::Cautious];

    fn code(self) -> u8 {
        match self {
            Caution::None => 0,
            Caution::Cautious => 1,
        }
    }
}

impl Code for Soundness {
    const ALL: &'static [Self] = &[Soundness::Unknown, Soundness::Sound, Soundness::Failed];

    fn code(self) -> u8 {
        match self {
            Soundness::Unknown => 0,
            Soundness::Sound => 1,
            Soundness::Failed => 2,
        }
    }
}

impl Code for Witness {
    const ALL: &'static [Self] = &[Witness::Unknown, Witness::Answers, Witness::Silent];

    fn code(self) -> u8 {
        match self {
            Witness::Unknown => 0,
            Witness::Answers => 1,
            Witness::Silent => 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agree<T: Code>() -> usize {
        let agrees = |(place, value): (usize, &T)| usize::from(value.code()) == place;
        assert!(T::ALL.iter().enumerate().all(agrees));
        T::ALL.len()
    }

    #[test]
    fn every_value_stands_at_its_number() {
        let counts = [
            agree::<Stage>(),
            agree::<Choice>(),
            agree::<Caution>(),
            agree::<Soundness>(),
            agree::<Witness>(),
        ];
        assert_eq!(counts, [6, 2, 2, 3, 3]);
    }
}
