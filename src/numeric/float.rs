//! Float functions with equal bits on every machine.
//!
//! The standard library calls the platform's C library for these, whose last bits differ from system to system; `clippy.toml`
//! forbids them. Here they come from the pinned `libm` crate.

use std::cmp::Ordering;

/// The natural logarithm.
#[must_use]
pub fn ln(x: f64) -> f64 {
    libm::log(x)
}

/// The exponential.
#[must_use]
pub fn exp(x: f64) -> f64 {
    libm::exp(x)
}

/// The hyperbolic tangent.
#[must_use]
pub fn tanh(x: f64) -> f64 {
    libm::tanh(x)
}

/// The logistic function, 1 / (1 + e⁻ˣ).
#[must_use]
pub fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + exp(-x))
}

/// The nearest integer, ties to even.
#[must_use]
pub fn round_half_even(x: f64) -> f64 {
    libm::rint(x)
}

/// `x` rounded to 10 decimals, as Python's `round(x, 10)` would for the magnitudes that occur in search spaces.
#[must_use]
pub fn round_to_10_decimals(x: f64) -> f64 {
    // Through the shortest decimal text, since x·10¹⁰ may not be exact.
    format!("{x:.10}").parse().unwrap_or(x)
}

/// The index of the first of the largest; 0 of none.
pub(crate) fn first_largest(entries: &[f64]) -> usize {
    let mut largest = 0;
    for (index, entry) in entries.iter().enumerate() {
        if *entry > entries[largest] {
            largest = index;
        }
    }
    largest
}

/// A finite number with a place in an order. −0 counts as 0.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rank(f64);

impl Rank {
    pub(crate) fn of(number: f64) -> Self {
        // The sum takes −0 to 0, which a total order would tell apart.
        Self(number + 0.0)
    }

    pub(crate) fn number(self) -> f64 {
        self.0
    }
}

impl PartialEq for Rank {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Rank {}

impl PartialOrd for Rank {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Rank {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}
