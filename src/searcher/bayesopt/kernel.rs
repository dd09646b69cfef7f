//! The covariance of two points and its parameters: Matérn 5/2 with a weight for each coordinate as in the original.
//!
//! Talks to `numeric` alone.

use crate::numeric::float::{exp, ln};

/// Keeps the slope at equal points finite, as the original does.
const UNDER_ROOT: f64 = 1e-9;

/// What the model's covariance and mean are made of.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Parameters {
    /// The variance of what is observed around the function.
    pub(super) noise: f64,
    /// The function's variance.
    pub(super) scale: f64,
    /// The inverse bandwidth of each coordinate.
    pub(super) weights: Vec<f64>,
    /// The function's mean.
    pub(super) mean: f64,
}

impl Parameters {
    /// Where a fit begins.
    pub(super) fn initial(dimensions: usize) -> Self {
        Self { noise: 1e-3, scale: 1.0, weights: vec![1.0; dimensions], mean: 0.0 }
    }

    /// As a fit sees them: noise, scale and weights by their logarithms, then the mean.
    pub(super) fn to_internal(&self) -> Vec<f64> {
        let positive = [self.noise, self.scale].into_iter().chain(self.weights.iter().copied());
        positive.map(ln).chain([self.mean]).collect()
    }

    /// The other way round.
    pub(super) fn from_internal(internal: &[f64]) -> Self {
        let (positive, mean) = internal.split_at(internal.len() - 1);
        let weights = positive[2..].iter().copied().map(exp).collect();
        Self { noise: exp(positive[0]), scale: exp(positive[1]), weights, mean: mean[0] }
    }

    /// The bounds of the internal form.
    pub(super) fn internal_bounds(dimensions: usize) -> Vec<(f64, f64)> {
        let log = |lower: f64, upper: f64| (ln(lower), ln(upper));
        let mut bounds = vec![log(1e-9, 1e6), log(1e-3, 1e3)];
        bounds.extend(std::iter::repeat_n(log(1e-4, 100.0), dimensions));
        bounds.push((f64::NEG_INFINITY, f64::INFINITY));
        bounds
    }

    /// The point with each coordinate times its weight.
    pub(super) fn scaled<'a>(&'a self, point: &'a [f64]) -> impl Iterator<Item = f64> + 'a {
        point.iter().zip(&self.weights).map(|(x, weight)| x * weight)
    }

    /// The covariance of two scaled points, and its derivative by their squared distance.
    pub(super) fn covariance(&self, left: &[f64], right: &[f64]) -> (f64, f64) {
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
    pub(super) fn at_equal_points(&self) -> f64 {
        self.covariance_at(0.0).0
    }
}
