//! The replay window: where a sequence number stands among those already heard.
//!
//! Networks reorder and duplicate, attackers repeat. A 64-bit window under the highest sequence tells the
//! three apart: an unseen number inside it was overtaken by others, a seen one is a duplicate, and below it
//! nothing can be told any more, so it counts as a replay. The scheme is that of RFC 4303, 3.4.3. It knows
//! nothing of incarnations: those come first, in [`crate::slot`].

/// Sequence numbers the window remembers, the highest included.
pub const WINDOW: u64 = 64;

/// Where a sequence number stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// Above all heard before: the new highest.
    Newest {
        /// Numbers between the old highest and this one: missing so far.
        skipped: u64,
        /// The window under the new highest.
        window: u64,
    },
    /// Inside the window and not heard before.
    Reordered {
        /// The window with it.
        window: u64,
    },
    /// Inside the window and heard before.
    Duplicate,
    /// Below the window.
    Below,
}

/// Where `sequence` stands under `highest` and its `window`, whose bit n is set if `highest - n` was heard.
#[inline(always)]
pub const fn place(sequence: u64, highest: u64, window: u64) -> Place {
    if highest < sequence {
        let step = sequence - highest;
        let kept = if step < WINDOW { window << step } else { 0 };
        return Place::Newest {
            skipped: step - 1,
            window: kept | 1,
        };
    }
    let back = highest - sequence;
    if WINDOW <= back {
        return Place::Below;
    }
    let bit = 1 << back;
    if window & bit == 0 {
        Place::Reordered {
            window: window | bit,
        }
    } else {
        Place::Duplicate
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// The window against a set of all numbers ever heard.
        #[test]
        fn the_window_agrees_with_a_full_memory(
            steps in proptest::collection::vec((0u64..200, any::<bool>()), 1..400),
        ) {
            let (mut highest, mut window) = (1_000u64, 1u64);
            let mut heard = BTreeSet::from([highest]);
            for (distance, forward) in steps {
                let sequence = if forward { highest + distance / 8 } else { highest - distance.min(highest) };
                let seen = heard.contains(&sequence);
                match place(sequence, highest, window) {
                    Place::Newest { skipped, window: new } => {
                        prop_assert!(sequence > highest);
                        prop_assert_eq!(skipped, sequence - highest - 1);
                        (highest, window) = (sequence, new);
                        heard.insert(sequence);
                    }
                    Place::Reordered { window: new } => {
                        prop_assert!(!seen && highest - sequence < WINDOW);
                        window = new;
                        heard.insert(sequence);
                    }
                    Place::Duplicate => prop_assert!(seen && highest - sequence < WINDOW),
                    Place::Below => prop_assert!(highest - sequence >= WINDOW),
                }
            }
        }
    }
}
