//! A small random generator whose numbers never change.
//!
//! Trials must be equal on every machine and with every release, so a guest needs a generator with a fixed algorithm:
//! xoshiro256**, its state filled by SplitMix64 (both by Blackman and Vigna, public domain). The logarithm that normal
//! numbers need is computed here, too, by a fixed sequence of exactly rounded operations.

/// A seeded random generator.
///
/// ```
/// use trialbox_guest::Random;
///
/// let mut random = Random::new(7);
/// let angle = random.uniform_between(0.0, 360.0);
/// let coin = random.below(2) == 1;
/// # let _ = (angle, coin);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Random {
    state: [u64; 4],
}

impl Random {
    /// A generator for a seed.
    pub fn new(seed: u64) -> Self {
        let mut counter = seed;
        Self { state: std::array::from_fn(|_| split_mix(&mut counter)) }
    }

    /// A generator for a seed and a purpose. Different purposes give unrelated numbers.
    pub fn named(seed: u64, purpose: &str) -> Self {
        // FNV-1a over the name, then mixed with the seed: enough to keep a handful of names apart.
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for byte in purpose.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        let mut counter = hash;
        Self::new(seed ^ split_mix(&mut counter))
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        let result = self.state[1].wrapping_mul(5).rotate_left(7).wrapping_mul(9);
        let shifted = self.state[1] << 17;
        self.state[2] ^= self.state[0];
        self.state[3] ^= self.state[1];
        self.state[1] ^= self.state[2];
        self.state[0] ^= self.state[3];
        self.state[2] ^= shifted;
        self.state[3] = self.state[3].rotate_left(45);
        result
    }

    /// A real number from 0 (included) to 1 (excluded), uniformly.
    pub fn uniform(&mut self) -> f64 {
        // The upper 53 bits, which is what a double holds exactly.
        (self.bits() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
    }

    /// A real number from `lower` (included) to `upper` (up to rounding excluded), uniformly.
    pub fn uniform_between(&mut self, lower: f64, upper: f64) -> f64 {
        lower + (upper - lower) * self.uniform()
    }

    /// An integer from 0 to `bound` - 1, each equally likely.
    ///
    /// # Panics
    ///
    /// If `bound` is 0, as there is no such integer.
    pub fn below(&mut self, bound: u64) -> u64 {
        assert!(bound > 0, "there is no integer below 0 to draw");
        // Lemire's method: the upper half of a product, drawn again in the few cases that would favour some integers.
        let threshold = bound.wrapping_neg() % bound;
        loop {
            let product = u128::from(self.bits()) * u128::from(bound);
            if product as u64 >= threshold {
                return (product >> 64) as u64;
            }
        }
    }

    /// An index into a list of that length.
    ///
    /// # Panics
    ///
    /// If the list is empty.
    pub fn index(&mut self, length: usize) -> usize {
        // The result is less than `length`, so it fits.
        self.below(length as u64) as usize
    }

    /// True with this probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.uniform() < probability
    }

    /// A normal number of mean 0 and standard deviation 1.
    pub fn normal(&mut self) -> f64 {
        // Marsaglia's polar method. Its second number is dropped, so that the generator has no more state than its bits.
        loop {
            let x = self.uniform_between(-1.0, 1.0);
            let y = self.uniform_between(-1.0, 1.0);
            let square = x * x + y * y;
            if square > 0.0 && square < 1.0 {
                return x * (-2.0 * logarithm(square) / square).sqrt();
            }
        }
    }

    /// Puts the items in a random order, each order equally likely.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = self.index(last + 1);
            items.swap(last, other);
        }
    }
}

fn split_mix(counter: &mut u64) -> u64 {
    *counter = counter.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *counter;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// The natural logarithm of a positive normal number, to about 1e-15, by operations that IEEE 754 rounds exactly.
fn logarithm(number: f64) -> f64 {
    let bits = number.to_bits();
    let mut exponent = (bits >> 52) as i64 - 1023;
    let mut fraction = f64::from_bits((bits & 0x000f_ffff_ffff_ffff) | 0x3ff0_0000_0000_0000);
    if fraction > std::f64::consts::SQRT_2 {
        fraction *= 0.5;
        exponent += 1;
    }
    // ln f = 2 artanh((f - 1) / (f + 1)), by its series; |ratio| < 0.172, so 12 terms are enough.
    let ratio = (fraction - 1.0) / (fraction + 1.0);
    let square = ratio * ratio;
    let mut sum = 0.0;
    for term in (0..12_u32).rev() {
        sum = sum * square + 1.0 / f64::from(2 * term + 1);
    }
    2.0 * ratio * sum + exponent as f64 * std::f64::consts::LN_2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_never_change() {
        let mut random = Random::new(42);
        assert_eq!(random.bits(), 1_546_998_764_402_558_742);
        let mut named = Random::named(42, "weights");
        assert_ne!(named.bits(), Random::new(42).bits());
        assert_ne!(Random::named(42, "shuffle").bits(), Random::named(42, "weights").bits());
    }

    #[test]
    fn logarithm_agrees_with_the_platform() {
        for step in 1..2000 {
            let number = f64::from(step) / 1000.0;
            assert!((logarithm(number) - number.ln()).abs() < 4e-16 * (1.0 + number.ln().abs()), "at {number}");
        }
    }

    #[test]
    fn uniform_and_normal_have_their_moments() {
        let mut random = Random::new(1);
        let count = 100_000;
        let uniform: f64 = (0..count).map(|_| random.uniform()).sum::<f64>() / f64::from(count);
        assert!((uniform - 0.5).abs() < 0.005);
        let (mut mean, mut square) = (0.0, 0.0);
        for _ in 0..count {
            let normal = random.normal();
            mean += normal / f64::from(count);
            square += normal * normal / f64::from(count);
        }
        assert!(mean.abs() < 0.01 && (square - 1.0).abs() < 0.02);
    }

    #[test]
    fn below_is_fair_and_shuffle_keeps_the_items() {
        let mut random = Random::new(3);
        let mut counts = [0_u32; 3];
        for _ in 0..30_000 {
            counts[random.index(3)] += 1;
        }
        assert!(counts.iter().all(|count| (9_700..10_300).contains(count)));
        let mut items: Vec<u32> = (0..50).collect();
        random.shuffle(&mut items);
        assert_ne!(items, (0..50).collect::<Vec<u32>>());
        items.sort_unstable();
        assert_eq!(items, (0..50).collect::<Vec<u32>>());
    }
}
