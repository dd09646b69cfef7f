//! Expected improvement, averaged over columns of targets, and its derivatives (Jones, Schonlau and Welch 1998).
//!
//! Talks to `posterior` and `numeric`. Targets are normalised and to be minimised.

use super::posterior::{Posterior, Prediction};
use crate::numeric::float::ln;
use crate::numeric::normal::{density, probability};

/// What a point must promise beyond the best. The original's is so much of a reward as it is reported; here of a normalised
/// one, so that the unit of the reward does not matter.
pub(super) const JITTER: f64 = 0.01;
/// No standard deviation is smaller.
const DEVIATION_MIN: f64 = 1e-10;

/// Expected improvement at a prediction over each column's best, with its derivatives by the means and by the variance.
///
/// EI = s·(u·Φ(u) + φ(u)) with u = (best − mean − jitter)/s; ∂EI/∂mean = −Φ(u), ∂EI/∂s = φ(u) (Jones et al. 1998).
pub(super) fn expected_improvement(prediction: &Prediction, incumbents: &[f64]) -> (f64, Vec<f64>, f64) {
    let deviation = prediction.variance.sqrt().max(DEVIATION_MIN);
    let columns = incumbents.len() as f64;
    let (mut value, mut by_variance) = (0.0, 0.0);
    let mut by_means = Vec::with_capacity(incumbents.len());
    for (mean, best) in prediction.means.iter().zip(incumbents) {
        let u = (best - mean - JITTER) / deviation;
        let (probability, density) = (probability(u), density(u));
        // Rounding can take it below 0 where it is next to nothing.
        value += (deviation * (u * probability + density)).max(0.0) / columns;
        by_means.push(-probability / columns);
        by_variance += density / (2.0 * deviation * columns);
    }
    (value, by_means, by_variance)
}

/// The negative logarithm of expected improvement at a point, with its gradient: where it is least, expected improvement is
/// greatest, and its slope does not vanish where little is to be expected.
pub(super) fn objective(posterior: &Posterior<'_>, incumbents: &[f64], point: &[f64], gradient: &mut [f64]) -> f64 {
    let mut value = 0.0;
    posterior.with_gradient(point, gradient, |prediction| {
        let (improvement, by_means, by_variance) = expected_improvement(prediction, incumbents);
        value = improvement;
        (by_means, by_variance)
    });
    gradient.iter_mut().for_each(|entry| *entry /= -value);
    -ln(value)
}
