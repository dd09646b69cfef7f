//! What the model predicts, given data: means and one variance at any point, as in the original (Rasmussen and Williams 2006, chapter 2).
//!
//! Talks to `kernel` and `numeric`. The factor depends on the points alone, so it stays while observations change, and grows by a
//! row for each new point.

use super::kernel::Parameters;
use crate::numeric::cholesky::{Cholesky, LANES, dot};

/// No variance is smaller.
const VARIANCE_MIN: f64 = 1e-12;

/// The factor of the covariance of observations at points.
pub(super) struct Factor {
    pub(super) parameters: Parameters,
    /// The points, each coordinate times its weight.
    scaled: Vec<Vec<f64>>,
    cholesky: Cholesky,
    /// What the covariance has on its diagonal besides the function's variance: noise, and jitter where it was needed.
    added: f64,
}

impl Factor {
    /// The factor for these points; none if there is none with any jitter.
    pub(super) fn new<'a>(parameters: Parameters, points: impl Iterator<Item = &'a [f64]>) -> Option<Self> {
        let scaled: Vec<Vec<f64>> = points.map(|point| parameters.scaled(point).collect()).collect();
        let mut triangle = Vec::with_capacity(scaled.len() * (scaled.len() + 1) / 2);
        for (row, point) in scaled.iter().enumerate() {
            triangle.extend(scaled[..row].iter().map(|other| parameters.covariance(point, other).0));
            triangle.push(parameters.at_equal_points() + parameters.noise);
        }
        let (cholesky, jitter) = Cholesky::factor_with_jitter(&triangle)?;
        let added = parameters.noise + jitter;
        Some(Self { parameters, scaled, cholesky, added })
    }

    /// Takes one more point; false, and nothing has changed, if that needs more jitter.
    pub(super) fn push(&mut self, point: &[f64]) -> bool {
        let scaled: Vec<f64> = self.parameters.scaled(point).collect();
        let mut row: Vec<f64> = self.scaled.iter().map(|other| self.parameters.covariance(&scaled, other).0).collect();
        row.push(self.parameters.at_equal_points() + self.added);
        let extended = self.cholesky.extend(&row);
        if extended {
            self.scaled.push(scaled);
        }
        extended
    }

    /// Forgets the points after so many.
    pub(super) fn truncate(&mut self, size: usize) {
        self.scaled.truncate(size);
        self.cholesky.truncate(size);
    }

    /// How many points there are.
    pub(super) fn size(&self) -> usize {
        self.scaled.len()
    }

    /// The mean and the joint covariance, row after row, of the function at points, given targets at those of the factor.
    pub(super) fn joint(&self, targets: &[f64], points: &[&[f64]]) -> (Vec<f64>, Vec<Vec<f64>>) {
        let mut solved: Vec<f64> = targets.iter().map(|target| target - self.parameters.mean).collect();
        self.cholesky.solve_lower(&mut solved);
        let scaled: Vec<Vec<f64>> = points.iter().map(|point| self.parameters.scaled(point).collect()).collect();
        let explained: Vec<Vec<f64>> = scaled.iter().map(|point| self.explained(point)).collect();
        let means = explained.iter().map(|column| self.parameters.mean + dot(column, &solved)).collect();
        let row = |index: usize| -> Vec<f64> {
            let prior = |other: usize| {
                if other == index {
                    return self.parameters.scale;
                }
                self.parameters.covariance(&scaled[index], &scaled[other]).0
            };
            (0..=index).map(|other| prior(other) - dot(&explained[index], &explained[other])).collect()
        };
        (means, (0..points.len()).map(row).collect())
    }

    /// L⁻¹·k(X, x) of a scaled point.
    fn explained(&self, scaled: &[f64]) -> Vec<f64> {
        let mut column: Vec<f64> =
            self.scaled.iter().map(|other| self.parameters.covariance(scaled, other).0).collect();
        self.cholesky.solve_lower(&mut column);
        column
    }
}

/// The model given data: one column of targets, or several that differ in their last entries.
pub(super) struct Posterior<'a> {
    factor: &'a Factor,
    /// L⁻¹(y − μ) of each column.
    solved: Vec<Vec<f64>>,
    /// A⁻¹(y − μ) of each column.
    alphas: Vec<Vec<f64>>,
    /// How many entries all columns share.
    shared: usize,
}

/// What is predicted at a point.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Prediction {
    /// The mean by each column of targets.
    pub(super) means: Vec<f64>,
    /// The variance, of which there is one: it does not depend on targets. Without noise.
    pub(super) variance: f64,
}

impl<'a> Posterior<'a> {
    /// `shared` are the targets of the first points, `columns` those of the others: at least one column.
    pub(super) fn new(factor: &'a Factor, shared: &[f64], columns: &[Vec<f64>]) -> Self {
        let mean = factor.parameters.mean;
        let mut first: Vec<f64> = shared.iter().map(|target| target - mean).collect();
        factor.cholesky.solve_lower(&mut first);
        let solve = |column: &Vec<f64>| -> Vec<f64> {
            let mut solved: Vec<f64> = first.iter().copied().chain(column.iter().map(|target| target - mean)).collect();
            factor.cholesky.solve_lower_from(shared.len(), &mut solved);
            solved
        };
        let solved: Vec<Vec<f64>> = columns.iter().map(solve).collect();
        let mut alphas = solved.clone();
        alphas.iter_mut().for_each(|alpha| factor.cholesky.solve_upper(alpha));
        Self { factor, solved, alphas, shared: shared.len() }
    }

    /// The least mean at the points of the factor, by each column of targets.
    pub(super) fn incumbents(&self) -> Vec<f64> {
        let mean = self.factor.parameters.mean;
        let column = |(solved, alpha): (&Vec<f64>, &Vec<f64>)| {
            // K·α = (A − added·1)·α = (y − μ) − added·α, and y − μ = L·solved.
            let at = |row: usize| {
                dot(self.factor.cholesky.row(row), &solved[..=row]) - self.factor.added * alpha[row] + mean
            };
            (0..alpha.len()).map(at).fold(f64::INFINITY, f64::min)
        };
        self.solved.iter().zip(&self.alphas).map(column).collect()
    }

    /// The predictions at many points.
    pub(super) fn predict(&self, points: &[Vec<f64>]) -> Vec<Prediction> {
        let mut block = vec![[0.0; LANES]; self.factor.size()];
        points.chunks(LANES).flat_map(|points| self.predict_lanes(points, &mut block)).collect()
    }

    fn predict_lanes(&self, points: &[Vec<f64>], block: &mut [[f64; LANES]]) -> Vec<Prediction> {
        let parameters = &self.factor.parameters;
        for (lane, point) in points.iter().enumerate() {
            let scaled: Vec<f64> = parameters.scaled(point).collect();
            for (row, other) in block.iter_mut().zip(&self.factor.scaled) {
                row[lane] = parameters.covariance(&scaled, other).0;
            }
        }
        self.factor.cholesky.solve_lower_lanes(0, block);
        let column = |lane: usize| -> Vec<f64> { block.iter().map(|row| row[lane]).collect() };
        (0..points.len()).map(|lane| self.prediction(&column(lane))).collect()
    }

    /// mean = Vᵀ·L⁻¹(y − μ) + μ, variance = k(x, x) − VᵀV, with V = L⁻¹·k(X, x).
    fn prediction(&self, explained: &[f64]) -> Prediction {
        let Parameters { mean, scale, .. } = self.factor.parameters;
        let (first, last) = explained.split_at(self.shared);
        let base = mean + self.solved.first().map_or(0.0, |solved| dot(first, &solved[..self.shared]));
        let means = self.solved.iter().map(|solved| base + dot(last, &solved[self.shared..])).collect();
        Prediction { means, variance: (scale - dot(explained, explained)).max(VARIANCE_MIN) }
    }

    /// The prediction at a point and, for what makes a number of it, how that number changes with the point: `slopes` gives
    /// its derivatives by each mean and by the variance.
    pub(super) fn with_gradient(
        &self,
        point: &[f64],
        gradient: &mut [f64],
        slopes: impl FnOnce(&Prediction) -> (Vec<f64>, f64),
    ) -> Prediction {
        let parameters = &self.factor.parameters;
        let scaled: Vec<f64> = parameters.scaled(point).collect();
        let pairs: Vec<(f64, f64)> =
            self.factor.scaled.iter().map(|other| parameters.covariance(&scaled, other)).collect();
        let mut solved: Vec<f64> = pairs.iter().map(|pair| pair.0).collect();
        self.factor.cholesky.solve_lower(&mut solved);
        let prediction = self.prediction(&solved);
        // ∂mean/∂k = α, ∂variance/∂k = −2·A⁻¹k.
        self.factor.cholesky.solve_upper(&mut solved);
        let (by_means, by_variance) = slopes(&prediction);
        gradient.fill(0.0);
        for (index, (other, (_, slope))) in self.factor.scaled.iter().zip(&pairs).enumerate() {
            let by_columns: f64 = by_means.iter().zip(&self.alphas).map(|(by, alpha)| by * alpha[index]).sum();
            let share = (by_columns - 2.0 * by_variance * solved[index]) * slope;
            for (((sum, x), y), weight) in gradient.iter_mut().zip(&scaled).zip(other).zip(&parameters.weights) {
                // ∂D/∂x = 2w²(x − x').
                *sum += share * 2.0 * weight * (x - y);
            }
        }
        prediction
    }
}
