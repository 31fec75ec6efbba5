//! One small seeded generator: the same seed, the same choices.

/// SplitMix64: a counter and a mixing function.
#[derive(Clone, Debug)]
pub(crate) struct Random {
    state: u64,
}

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(STEP);
        mix(self.state)
    }

    /// A number below `limit`; 0 if that is 0.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        scale(self.next(), limit)
    }

    /// A factor between 0.8 and 1.2: what keeps many clients from coming back in step.
    pub(crate) fn jitter(&mut self) -> f64 {
        0.8 + 0.4 * (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// The odd number nearest to 2⁶⁴ divided by the golden ratio.
pub(crate) const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// Spreads a counter over all 64 bits.
pub(crate) fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Takes 64 random bits to a number below `limit`.
pub(crate) fn scale(bits: u64, limit: usize) -> usize {
    ((u128::from(bits) * limit as u128) >> 64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_numbers_within_their_limits() {
        let (mut one, mut other) = (Random::new(7), Random::new(7));
        for limit in 1..100 {
            let number = one.below(limit);
            assert!(number < limit);
            assert_eq!(number, other.below(limit));
            let jitter = one.jitter();
            assert!((0.8..1.2).contains(&jitter));
            assert_eq!(jitter, other.jitter());
        }
        assert_eq!(one.below(0), 0);
    }
}
