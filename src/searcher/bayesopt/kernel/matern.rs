//! Matérn 5/2 with a weight for each coordinate, as in the original (Rasmussen and Williams 2006, equation 4.17).
//!
//! Talks to `numeric` alone.

use crate::numeric::float::exp;

/// Keeps the slope at equal points finite, as the original does.
const UNDER_ROOT: f64 = 1e-9;

/// The covariance of the function at two points by the weighted distance between them.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) struct Matern {
    /// The function's variance.
    pub(in super::super) scale: f64,
    /// The inverse bandwidth of each coordinate.
    pub(in super::super) weights: Vec<f64>,
}

impl Matern {
    /// The point with each coordinate times its weight.
    pub(super) fn weighted(&self, point: &[f64]) -> Vec<f64> {
        point.iter().zip(&self.weights).map(|(x, weight)| x * weight).collect()
    }

    /// The covariance at two weighted points, and its derivative by their squared distance.
    pub(in super::super) fn covariance(&self, left: &[f64], right: &[f64]) -> (f64, f64) {
        let mut distance = 0.0;
        for (x, y) in left.iter().zip(right) {
            distance += (x - y) * (x - y);
        }
        self.covariance_at(distance)
    }

    /// With b = √(5D + 1e-9): k = c·(1 + b + 5D/3)·e⁻ᵇ, so ∂k/∂D = −5/6·c·(1 + 5D/b)·e⁻ᵇ.
    fn covariance_at(&self, distance: f64) -> (f64, f64) {
        let root = (5.0 * distance + UNDER_ROOT).sqrt();
        let decay = self.scale * exp(-root);
        let value = (1.0 + root + 5.0 / 3.0 * distance) * decay;
        (value, -5.0 / 6.0 * (1.0 + 5.0 * distance / root) * decay)
    }

    /// The covariance of a training point with itself, which is a little less than the scale.
    pub(in super::super) fn at_equal_points(&self) -> f64 {
        self.covariance_at(0.0).0
    }
}
