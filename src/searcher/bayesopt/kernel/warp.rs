//! A bend of the resource's coordinate ahead of the covariance: r ↦ 1 − (1 − ρᵃ)ᵇ with ρ = r, a little away from 0 and 1, as in the
//! original (Kumaraswamy's distribution; Snoek, Swersky, Zemel and Adams 2014).
//!
//! Talks to `numeric` alone.

use crate::numeric::float::{exp, ln};

/// How far ρ stays away from 0 and 1.
const MARGIN: f64 = 1e-9;
/// The deviation of the logarithms of both exponents, by their prior.
const DEVIATION: f64 = 0.75;

/// The exponents.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in super::super) struct Warp {
    /// The inner one.
    pub(in super::super) a: f64,
    /// The outer one.
    pub(in super::super) b: f64,
}

impl Warp {
    /// It bends nothing.
    pub(super) const NONE: Self = Self { a: 1.0, b: 1.0 };
    /// The bounds of each exponent.
    pub(super) const BOUNDS: (f64, f64) = (0.25, 4.0);

    /// Where the resource comes to, and the derivatives of that by the exponents' logarithms.
    pub(in super::super) fn bent(&self, resource: f64) -> (f64, [f64; 2]) {
        let log = ln((1.0 - 2.0 * MARGIN) * resource + MARGIN);
        let power = exp(self.a * log);
        let log_rest = ln(1.0 - power);
        let rest = exp(self.b * log_rest);
        let by_a = self.a * self.b * rest / (1.0 - power) * power * log;
        (1.0 - rest, [by_a, -self.b * rest * log_rest])
    }

    /// The negative logarithm of the prior density, lognormal(0, 0.75) for each, and its derivatives by the logarithms. Constants
    /// as the original has them.
    pub(in super::super) fn prior(&self) -> (f64, [f64; 2]) {
        let of = |exponent: f64| {
            let log = ln(exponent);
            (ln(DEVIATION * exponent) + 0.5 * log * log / (DEVIATION * DEVIATION), 1.0 + log / (DEVIATION * DEVIATION))
        };
        let ((of_a, by_a), (of_b, by_b)) = (of(self.a), of(self.b));
        (of_a + of_b, [by_a, by_b])
    }
}
