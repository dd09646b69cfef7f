//! What a point promises: expected improvement, times the probability that the constraint holds if there is one; averaged over
//! columns of targets, with its derivatives (Jones, Schonlau and Welch 1998; Gardner, Kusner, Xu, Weinberger and Cunningham 2014).
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

/// What is to be expected of points.
pub(super) struct Acquisition<'a> {
    objective: Posterior<'a>,
    constraint: Option<Constraint<'a>>,
    /// The best by each column of targets; none where nothing is known that the constraint allows.
    incumbents: Vec<Option<f64>>,
}

/// A model of what must not be above a threshold.
pub(super) struct Constraint<'a> {
    pub(super) posterior: Posterior<'a>,
    pub(super) threshold: f64,
}

/// What is predicted at a point.
pub(super) struct Outcome {
    pub(super) objective: Prediction,
    /// If there is a constraint.
    pub(super) constraint: Option<Prediction>,
}

/// A number's derivatives by a prediction's means and variance.
#[derive(Default)]
struct Slopes {
    means: Vec<f64>,
    variance: f64,
}

/// One column's share, with its derivatives by mean and variance.
#[derive(Clone, Copy)]
pub(super) struct Share {
    pub(super) value: f64,
    by_mean: f64,
    by_variance: f64,
}

impl Share {
    /// It does not depend on the prediction.
    const ONE: Self = Self { value: 1.0, by_mean: 0.0, by_variance: 0.0 };

    /// Expected improvement over the best.
    ///
    /// EI = s·(u·Φ(u) + φ(u)) with u = (best − mean − jitter)/s; ∂EI/∂mean = −Φ(u), ∂EI/∂s = φ(u) (Jones et al. 1998).
    pub(super) fn improvement(mean: f64, deviation: f64, best: f64) -> Self {
        let u = (best - mean - JITTER) / deviation;
        let (probability, density) = (probability(u), density(u));
        // Rounding can take it below 0 where it is next to nothing.
        let value = (deviation * (u * probability + density)).max(0.0);
        Self { value, by_mean: -probability, by_variance: density / (2.0 * deviation) }
    }

    /// The probability of being at most the threshold.
    fn feasible(mean: f64, deviation: f64, threshold: f64) -> Self {
        let z = (threshold - mean) / deviation;
        let slope = density(z) / deviation;
        Self { value: probability(z), by_mean: -slope, by_variance: -slope * z / (2.0 * deviation) }
    }
}

fn deviation(prediction: &Prediction) -> f64 {
    prediction.variance.sqrt().max(DEVIATION_MIN)
}

impl<'a> Acquisition<'a> {
    /// Improvement counts from the least mean at these rows of the data, among those where the constraint's mean is below its
    /// threshold.
    pub(super) fn new(objective: Posterior<'a>, constraint: Option<Constraint<'a>>, rows: &[usize]) -> Self {
        let means = objective.means_at(rows);
        let is_allowed: Vec<Vec<bool>> = match &constraint {
            None => vec![vec![true; rows.len()]; means.len()],
            Some(Constraint { posterior, threshold }) => {
                let below = |means: Vec<f64>| means.iter().map(|mean| mean < threshold).collect();
                posterior.means_at(rows).into_iter().map(below).collect()
            }
        };
        let least = |(means, is_allowed): (Vec<f64>, Vec<bool>)| {
            means
                .into_iter()
                .zip(is_allowed)
                .filter(|(_, is_allowed)| *is_allowed)
                .map(|(mean, _)| mean)
                .reduce(f64::min)
        };
        let incumbents = means.into_iter().zip(is_allowed).map(least).collect();
        Self { objective, constraint, incumbents }
    }

    /// The predictions at many points.
    pub(super) fn predict(&self, points: &[Vec<f64>]) -> Vec<Outcome> {
        let objectives = self.objective.predict(points).into_iter();
        match &self.constraint {
            None => objectives.map(|objective| Outcome { objective, constraint: None }).collect(),
            Some(constraint) => {
                let constraints = constraint.posterior.predict(points).into_iter().map(Some);
                let both = objectives.zip(constraints);
                both.map(|(objective, constraint)| Outcome { objective, constraint }).collect()
            }
        }
    }

    /// What predictions promise.
    pub(super) fn value_of(&self, outcome: &Outcome) -> f64 {
        self.value(&outcome.objective, outcome.constraint.as_ref()).0
    }

    /// What predictions promise, with its derivatives by those of the objective and of the constraint.
    fn value(&self, objective: &Prediction, constraint: Option<&Prediction>) -> (f64, Slopes, Slopes) {
        let columns = self.incumbents.len() as f64;
        let threshold = self.constraint.as_ref().map_or(0.0, |constraint| constraint.threshold);
        let (mut value, mut by_objective, mut by_constraint) = (0.0, Slopes::default(), Slopes::default());
        for (column, incumbent) in self.incumbents.iter().enumerate() {
            let gain = incumbent
                .map_or(Share::ONE, |best| Share::improvement(objective.means[column], deviation(objective), best));
            let feasible = constraint.map_or(Share::ONE, |prediction| {
                Share::feasible(prediction.means[column], deviation(prediction), threshold)
            });
            value += gain.value * feasible.value / columns;
            by_objective.means.push(gain.by_mean * feasible.value / columns);
            by_objective.variance += gain.by_variance * feasible.value / columns;
            by_constraint.means.push(gain.value * feasible.by_mean / columns);
            by_constraint.variance += gain.value * feasible.by_variance / columns;
        }
        (value, by_objective, by_constraint)
    }

    /// The negative logarithm of what a point promises, with its gradient by as many coordinates as that has entries: where it is
    /// least, the point promises most, and its slope does not vanish where little is to be expected.
    pub(super) fn objective(&self, point: &[f64], gradient: &mut [f64]) -> f64 {
        let objective = self.objective.outlook(point);
        let constraint = self.constraint.as_ref().map(|constraint| constraint.posterior.outlook(point));
        let (value, by_objective, by_constraint) =
            self.value(&objective.prediction, constraint.as_ref().map(|outlook| &outlook.prediction));
        gradient.fill(0.0);
        objective.add_gradient(&by_objective.means, by_objective.variance, gradient);
        if let Some(constraint) = constraint {
            constraint.add_gradient(&by_constraint.means, by_constraint.variance, gradient);
        }
        gradient.iter_mut().for_each(|entry| *entry /= -value);
        -ln(value)
    }
}
