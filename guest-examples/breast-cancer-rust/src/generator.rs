//! A random generator of 32 bits of state, which is written the same in every language.
//!
//! The SDK's generator is the better one. This one makes the same order of the training rows as the guests `breast-cancer-…` in
//! other languages, whose SDKs have other generators.

/// A linear congruential generator.
pub struct Generator {
    state: u32,
}

impl Generator {
    /// A generator for a trial's seed, of which it takes the lower 32 bits.
    pub fn new(seed: u64) -> Self {
        Self { state: seed as u32 }
    }

    /// The next number, less than 2²⁴: the lowest bits of the state repeat too soon.
    fn next(&mut self) -> u32 {
        self.state = self.state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.state >> 8
    }

    /// Puts the items in another order, from the last to the second.
    pub fn shuffle(&mut self, items: &mut [usize]) {
        for last in (1..items.len()).rev() {
            let other = self.next() as usize % (last + 1);
            items.swap(last, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_never_change() {
        let mut generator = Generator::new(0);
        // 1013904223 and 1013904223 * 1664525 + 1013904223, modulo 2^32, without the lower 8 bits.
        assert_eq!([generator.next(), generator.next()], [3_960_563, 4_673_577]);
    }

    #[test]
    fn only_the_lower_half_of_the_seed_counts() {
        assert_eq!(Generator::new(7).next(), Generator::new(7 + (1 << 32)).next());
    }

    #[test]
    fn a_shuffled_list_has_the_same_items() {
        let mut items: Vec<usize> = (0..426).collect();
        Generator::new(1).shuffle(&mut items);
        assert_ne!(items, (0..426).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..426).collect::<Vec<_>>());
    }
}
