//! Fits the model's parameters to data: the negative logarithm of their posterior density, its gradient, and where it is least
//! as in the original.
//!
//! Talks to `kernel` and `numeric`.

use std::f64::consts::PI;

use super::kernel::Parameters;
use crate::numeric::amount::Seed;
use crate::numeric::cholesky::{Cholesky, dot};
use crate::numeric::float::ln;
use crate::numeric::minimise::{Limits, minimise};
use crate::numeric::normal;
use crate::numeric::random::{Purpose, Stream};

/// ln Γ(0.1), of the noise's prior.
const LN_GAMMA_OF_A_TENTH: f64 = 2.252_712_651_734_206;
/// The original's tolerance, for the slope and for what a step brings.
const TOLERANCE: f64 = 1e-6;

/// What the parameters are fitted to.
pub(super) struct Data<'a> {
    /// The points.
    pub(super) points: Vec<&'a [f64]>,
    /// What was observed there, normalised.
    pub(super) targets: &'a [f64],
}

/// How a fit is made.
pub(super) struct Effort {
    /// How many starts: the first from `from`, the others scattered around the initial values.
    pub(super) starts: u32,
    /// How many steps from each.
    pub(super) iterations: u32,
    /// How often the objective may be evaluated, from each.
    pub(super) evaluations: u32,
}

/// The parameters with the least objective that was found, none if it has no value from any start.
pub(super) fn fit(data: &Data<'_>, from: &Parameters, effort: &Effort, seed: Seed, index: u64) -> Option<Parameters> {
    let dimensions = from.weights.len();
    let bounds = Parameters::internal_bounds(dimensions);
    let Effort { starts, iterations, evaluations } = *effort;
    let limits = Limits { iterations, evaluations, gradient: TOLERANCE, decrease: TOLERANCE };
    let mut best: Option<(f64, Vec<f64>)> = None;
    for start in 0..starts {
        let mut begin = from.to_internal();
        if start > 0 {
            let mut stream = Stream::new(seed, Purpose::FitStart, index, start.into());
            begin = Parameters::initial(dimensions).to_internal();
            begin.iter_mut().for_each(|entry| *entry += normal::draw(&mut stream));
        }
        let minimum = minimise(&begin, &bounds, &limits, |internal, gradient| data.objective(internal, gradient));
        if minimum.value.is_finite() && best.as_ref().is_none_or(|(value, _)| minimum.value < *value) {
            best = Some((minimum.value, minimum.point));
        }
    }
    best.map(|(_, internal)| Parameters::from_internal(&internal))
}

impl Data<'_> {
    /// The negative logarithm of the posterior density at internal parameters, and its gradient.
    pub(super) fn objective(&self, internal: &[f64], gradient: &mut [f64]) -> f64 {
        let parameters = Parameters::from_internal(internal);
        let prior = prior(&parameters, gradient);
        self.likelihood(&parameters, gradient).map_or(f64::INFINITY, |likelihood| likelihood + prior)
    }

    /// The negative logarithm of the marginal likelihood; adds its gradient. None where the covariance has no factor.
    ///
    /// ½‖L⁻¹(y − μ)‖² + Σ ln Lᵢᵢ + ½·n·ln 2π, and by a parameter of A = LLᵀ: ½·tr((A⁻¹ − ααᵀ)·∂A) with α = A⁻¹(y − μ)
    /// (Rasmussen and Williams 2006, equation 5.9).
    pub(super) fn likelihood(&self, parameters: &Parameters, gradient: &mut [f64]) -> Option<f64> {
        let scaled: Vec<Vec<f64>> = self.points.iter().map(|point| parameters.scaled(point).collect()).collect();
        let (triangle, slopes) = covariances(parameters, &scaled);
        let (factor, _) = Cholesky::factor_with_jitter(&triangle)?;
        let mut solved: Vec<f64> = self.targets.iter().map(|target| target - parameters.mean).collect();
        factor.solve_lower(&mut solved);
        let square = dot(&solved, &solved);
        factor.solve_upper(&mut solved);
        let alpha = solved;
        self.add_gradient(parameters, &triangle, &slopes, &factor.inverse(), &alpha, gradient);
        Some(0.5 * square + factor.half_log_determinant() + 0.5 * alpha.len() as f64 * ln(2.0 * PI))
    }

    fn add_gradient(
        &self,
        parameters: &Parameters,
        triangle: &[f64],
        slopes: &[f64],
        inverse: &[f64],
        alpha: &[f64],
        gradient: &mut [f64],
    ) {
        let dimensions = parameters.weights.len();
        let (mut diagonal, mut by_scale) = (0.0, 0.0);
        let mut by_weight = vec![0.0; dimensions];
        let mut entry = 0;
        for (row, point) in self.points.iter().enumerate() {
            for (other, weight) in self.points.iter().zip(alpha).take(row) {
                let share = inverse[entry] - alpha[row] * weight;
                by_scale += share * triangle[entry];
                let slope = share * slopes[entry];
                for ((sum, x), y) in by_weight.iter_mut().zip(*point).zip(*other) {
                    *sum += slope * (x - y) * (x - y);
                }
                entry += 1;
            }
            diagonal += 0.5 * (inverse[entry] - alpha[row] * alpha[row]);
            entry += 1;
        }
        gradient[0] += diagonal * parameters.noise;
        gradient[1] += by_scale + diagonal * parameters.at_equal_points();
        for ((gradient, sum), weight) in gradient[2..].iter_mut().zip(&by_weight).zip(&parameters.weights) {
            // ∂D/∂ln w = 2w²(x − x')².
            *gradient += 2.0 * weight * weight * sum;
        }
        gradient[2 + dimensions] -= alpha.iter().sum::<f64>();
    }
}

/// The packed lower triangle of the covariance of observations at scaled points, and its derivatives by the squared distances.
fn covariances(parameters: &Parameters, scaled: &[Vec<f64>]) -> (Vec<f64>, Vec<f64>) {
    let size = scaled.len() * (scaled.len() + 1) / 2;
    let (mut triangle, mut slopes) = (Vec::with_capacity(size), Vec::with_capacity(size));
    for (row, point) in scaled.iter().enumerate() {
        for other in &scaled[..row] {
            let (value, slope) = parameters.covariance(point, other);
            triangle.push(value);
            slopes.push(slope);
        }
        triangle.push(parameters.at_equal_points() + parameters.noise);
        slopes.push(0.0);
    }
    (triangle, slopes)
}

/// The negative logarithm of the prior density; writes its gradient. Weights: uniform. Scale: lognormal(0, 1). Noise: Gamma
/// with mean and shape 0.1. Mean: normal(0, 1). Constants as the original has them.
pub(super) fn prior(parameters: &Parameters, gradient: &mut [f64]) -> f64 {
    let Parameters { noise, scale, weights, mean } = parameters;
    let log_scale = ln(*scale);
    gradient.fill(0.0);
    gradient[0] = 0.9 + noise;
    gradient[1] = 1.0 + log_scale;
    gradient[2 + weights.len()] = *mean;
    let of_noise = 0.9 * ln(*noise) + noise + LN_GAMMA_OF_A_TENTH;
    let of_weights = weights.len() as f64 * ln(100.0 - 1e-4);
    of_noise + log_scale + 0.5 * log_scale * log_scale + of_weights + 0.5 * mean * mean
}
