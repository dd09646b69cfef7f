//! The standard normal distribution: density, probabilities, draws.
//!
//! Talks to `float` and `random`.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use super::float::{exp, ln};
use super::random::Stream;

/// 1 / √(2π).
const DENSITY_AT_ZERO: f64 = 0.398_942_280_401_432_7;

/// The density at `x`.
#[must_use]
pub fn density(x: f64) -> f64 {
    DENSITY_AT_ZERO * exp(-0.5 * x * x)
}

/// The probability of at most `x`. Far below 0 it keeps its relative precision.
#[must_use]
pub fn probability(x: f64) -> f64 {
    0.5 * libm::erfc(-x * FRAC_1_SQRT_2)
}

/// A draw, by Box and Muller (1958). Of the two that it gives one is used, so that no state is kept.
pub fn draw(stream: &mut Stream) -> f64 {
    // 1 − u is in (0, 1], where the logarithm is finite.
    let radius = (-2.0 * ln(1.0 - stream.uniform())).sqrt();
    radius * libm::cos(2.0 * PI * stream.uniform())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::amount::Seed;
    use crate::numeric::random::Purpose;

    #[test]
    fn probabilities_are_those_of_tables() {
        // Abramowitz and Stegun (1964), table 26.1 and 26.2.
        for (x, expected) in [
            (0.0, 0.5),
            (1.0, 0.841_344_746_068_542_9),
            (-2.0, 0.022_750_131_948_179_2),
            (-10.0, 7.619_853_024_160_5e-24),
        ] {
            assert!((probability(x) / expected - 1.0).abs() < 1e-12, "at {x}: {}", probability(x));
        }
        assert!((density(1.0) - 0.241_970_724_519_143_37).abs() < 1e-16);
    }

    #[test]
    fn draws_have_mean_0_and_variance_1() {
        let mut stream = Stream::new(Seed(1), Purpose::Config, 0, 0);
        let draws: Vec<f64> = (0..20_000).map(|_| draw(&mut stream)).collect();
        let mean = draws.iter().sum::<f64>() / draws.len() as f64;
        let square = draws.iter().map(|x| x * x).sum::<f64>() / draws.len() as f64;
        // Five standard errors.
        assert!(mean.abs() < 0.036 && (square - 1.0).abs() < 0.05, "{mean} {square}");
    }
}
