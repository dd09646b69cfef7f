//! Float functions with equal bits on every machine.
//!
//! The standard library calls the platform's C library for these, whose last bits differ from system to system; `clippy.toml`
//! forbids them. Here they come from the pinned `libm` crate.

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
