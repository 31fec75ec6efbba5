//! Chance from a seed: the one generator of the cluster, the producer, the program and the tests. It has nothing to do
//! with Kafka's protocol, but this crate is what all of them share.

/// SplitMix64: a counter and a mixing function. Eight bytes of state, every seed is a good one, and the same seed gives
/// the same numbers on every machine. Not for secrets.
///
/// Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Random(u64);

impl Random {
    /// What is added to the state for each number, the odd number nearest to 2⁶⁴ divided by the golden ratio: who shares
    /// a state between threads adds it there, and makes a generator of what was there before.
    pub const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

    /// Starts from a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(Self::STEP);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// The next 128 bits.
    pub fn wide_bits(&mut self) -> u128 {
        (u128::from(self.bits()) << 64) | u128::from(self.bits())
    }

    /// A number below `end`; 0 if that is 0.
    pub fn below(&mut self, end: usize) -> usize {
        ((u128::from(self.bits()) * end as u128) >> 64) as usize
    }

    /// A number from 0 to 1, without 1.
    pub fn share(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_numbers() {
        let draw = |seed| {
            let mut random = Random::new(seed);
            [random.bits(), random.bits(), random.bits()]
        };
        // As the generator's authors give them for the seed 0.
        assert_eq!(draw(0), [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4, 0x06c4_5d18_8009_454f]);
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }

    #[test]
    fn numbers_stay_below_their_end() {
        let mut random = Random::new(1);
        for end in 1..1000 {
            assert!(random.below(end) < end);
            assert!((0.0..1.0).contains(&random.share()));
        }
        assert_eq!(random.below(0), 0);
    }

    #[test]
    fn a_shared_state_gives_what_one_generator_would() {
        let (mut one, mut state) = (Random::new(5), 5_u64);
        for _ in 0..10 {
            assert_eq!(Random::new(state).bits(), one.bits());
            state = state.wrapping_add(Random::STEP);
        }
    }
}
