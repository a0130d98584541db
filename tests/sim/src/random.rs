//! Random numbers that are the same on every machine and in every year.
//!
//! A seed in a bug report must make the same run wherever it is typed, so the generator is written out here:
//! SplitMix64 (Steele, Lea, Flood, OOPSLA 2014). Each part of a run draws from a stream of its own, or one
//! more draw in one place would change everything after it, and no fault could be taken out of a script alone.

/// A stream of random numbers.
#[derive(Clone, Debug)]
pub struct Random(u64);

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

impl Random {
    /// The stream with this number of a seed.
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut random = Random(seed ^ stream.wrapping_mul(0xd1b5_4a32_d192_ed03));
        random.0 = random.bits();
        random
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`, which is not 0; its bias is below one in a billion here.
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(bound)) >> 64) as u64
    }

    /// A number from `least` to `most`.
    pub fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.below(most - least + 1)
    }

    /// Whether something of this chance in a thousand happens.
    pub fn happens(&mut self, per_mille: u64) -> bool {
        self.below(1000) < per_mille
    }

    /// One of these, of which there is at least one.
    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len() as u64) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_means_the_same_numbers_for_ever() {
        let mut random = Random::new(1, 0);
        let numbers = [random.bits(), random.bits()];
        assert_eq!(
            numbers,
            [6_791_897_765_849_424_158, 17_405_687_883_870_564_846]
        );
    }

    #[test]
    fn bounds_are_kept_and_met() {
        let mut random = Random::new(7, 1);
        let mut seen = [false; 5];
        for _ in 0..1000 {
            seen[random.between(0, 4) as usize] = true;
        }
        assert_eq!(seen, [true; 5]);
    }
}
