//! What the model predicts, given data: means and one variance at any point, as in the original (Rasmussen and Williams 2006, chapter 2).
//!
//! Talks to `kernel` and `numeric`. The factor depends on the points alone, so it stays while observations change, and grows by a
//! row for each new point.

use super::kernel::{Levels, Pair, Parameters, Site};
use crate::numeric::cholesky::{Cholesky, LANES, dot};

/// No variance is smaller.
const VARIANCE_MIN: f64 = 1e-12;

/// The factor of the covariance of observations at points.
pub(super) struct Factor {
    pub(super) parameters: Parameters,
    /// The points' weighted coordinates.
    coordinates: Vec<Vec<f64>>,
    levels: Levels,
    /// The prior means at the points.
    means: Vec<f64>,
    cholesky: Cholesky,
    /// What the covariance has on its diagonal besides the function's variance: noise, and jitter where it was needed.
    added: f64,
}

impl Factor {
    /// The factor for these points; none if there is none with any jitter.
    pub(super) fn new<'a>(parameters: Parameters, points: impl Iterator<Item = &'a [f64]>) -> Option<Self> {
        let added = parameters.noise;
        let (coordinates, levels, means, cholesky) = Default::default();
        let mut factor = Self { parameters, coordinates, levels, means, cholesky, added };
        let mut triangle = Vec::new();
        for point in points {
            let site = factor.parameters.site(point);
            triangle.extend(factor.row(&site));
            factor.take(site);
        }
        let (cholesky, jitter) = Cholesky::factor_with_jitter(&triangle)?;
        factor.added += jitter;
        Some(Self { cholesky, ..factor })
    }

    /// Takes one more point; false, and nothing has changed, if that needs more jitter.
    pub(super) fn push(&mut self, point: &[f64]) -> bool {
        let site = self.parameters.site(point);
        let row = self.row(&site);
        let extended = self.cholesky.extend(&row);
        if extended {
            self.take(site);
        }
        extended
    }

    /// The covariances of an observation at a further point, with itself last.
    fn row(&self, site: &Site) -> Vec<f64> {
        let pairs = self.levels.pairs(&self.parameters, site.resource);
        let mut row = self.covariances(site, &pairs);
        row.push(self.parameters.trained_variance_at(site) + self.added);
        row
    }

    fn take(&mut self, site: Site) {
        self.means.push(self.parameters.mean_at(&site));
        self.levels.push(&self.parameters, site.resource);
        self.coordinates.push(site.coordinates);
    }

    /// k(X, x), where `pairs` are those of the site's resource.
    fn covariances(&self, site: &Site, pairs: &[Pair]) -> Vec<f64> {
        let of = |(other, level): (&Vec<f64>, &usize)| {
            pairs[*level].of(self.parameters.matern.covariance(&site.coordinates, other).0)
        };
        self.coordinates.iter().zip(self.levels.of()).map(of).collect()
    }

    /// Forgets the points after so many.
    pub(super) fn truncate(&mut self, size: usize) {
        self.coordinates.truncate(size);
        self.levels.truncate(size);
        self.means.truncate(size);
        self.cholesky.truncate(size);
    }

    /// How many points there are.
    pub(super) fn size(&self) -> usize {
        self.coordinates.len()
    }

    /// The mean and the joint covariance, row after row, of the function at points, given targets at those of the factor.
    pub(super) fn joint(&self, targets: &[f64], points: &[&[f64]]) -> (Vec<f64>, Vec<Vec<f64>>) {
        let mut solved: Vec<f64> = targets.iter().zip(&self.means).map(|(target, mean)| target - mean).collect();
        self.cholesky.solve_lower(&mut solved);
        let parameters = &self.parameters;
        let sites: Vec<Site> = points.iter().map(|point| parameters.site(point)).collect();
        let explained: Vec<Vec<f64>> = sites.iter().map(|site| self.explained(site)).collect();
        let means = sites.iter().zip(&explained).map(|(site, column)| parameters.mean_at(site) + dot(column, &solved));
        let prior = |index: usize, other: usize| {
            let (left, right) = (&sites[index], &sites[other]);
            if other == index {
                return parameters.variance_at(left);
            }
            let covariance = parameters.matern.covariance(&left.coordinates, &right.coordinates).0;
            parameters.pair(left.resource, right.resource).of(covariance)
        };
        let row = |index: usize| -> Vec<f64> {
            (0..=index).map(|other| prior(index, other) - dot(&explained[index], &explained[other])).collect()
        };
        (means.collect(), (0..points.len()).map(row).collect())
    }

    /// L⁻¹·k(X, x).
    fn explained(&self, site: &Site) -> Vec<f64> {
        let pairs = self.levels.pairs(&self.parameters, site.resource);
        let mut column = self.covariances(site, &pairs);
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

/// A prediction at a point from which it can be told how it changes with the point.
pub(super) struct Outlook<'a> {
    posterior: &'a Posterior<'a>,
    pub(super) prediction: Prediction,
    coordinates: Vec<f64>,
    /// L⁻¹·k(X, x).
    explained: Vec<f64>,
    /// The derivatives of k(X, x) by the squared distances.
    slopes: Vec<f64>,
}

impl<'a> Posterior<'a> {
    /// `shared` are the targets of the first points, `columns` those of the others: at least one column.
    pub(super) fn new(factor: &'a Factor, shared: &[f64], columns: &[Vec<f64>]) -> Self {
        let (means, later_means) = factor.means.split_at(shared.len());
        let mut first: Vec<f64> = shared.iter().zip(means).map(|(target, mean)| target - mean).collect();
        factor.cholesky.solve_lower(&mut first);
        let solve = |column: &Vec<f64>| -> Vec<f64> {
            let later = column.iter().zip(later_means).map(|(target, mean)| target - mean);
            let mut solved: Vec<f64> = first.iter().copied().chain(later).collect();
            factor.cholesky.solve_lower_from(shared.len(), &mut solved);
            solved
        };
        let solved: Vec<Vec<f64>> = columns.iter().map(solve).collect();
        let mut alphas = solved.clone();
        alphas.iter_mut().for_each(|alpha| factor.cholesky.solve_upper(alpha));
        Self { factor, solved, alphas, shared: shared.len() }
    }

    /// The means at these of the factor's points, by each column of targets.
    pub(super) fn means_at(&self, rows: &[usize]) -> Vec<Vec<f64>> {
        let column = |(solved, alpha): (&Vec<f64>, &Vec<f64>)| {
            // K·α = (A − added·1)·α = (y − μ) − added·α, and y − μ = L·solved.
            let at = |row: &usize| {
                let residual = dot(self.factor.cholesky.row(*row), &solved[..=*row]);
                residual - self.factor.added * alpha[*row] + self.factor.means[*row]
            };
            rows.iter().map(at).collect()
        };
        self.solved.iter().zip(&self.alphas).map(column).collect()
    }

    /// The predictions at many points.
    pub(super) fn predict(&self, points: &[Vec<f64>]) -> Vec<Prediction> {
        let mut block = vec![[0.0; LANES]; self.factor.size()];
        points.chunks(LANES).flat_map(|points| self.predict_lanes(points, &mut block)).collect()
    }

    fn predict_lanes(&self, points: &[Vec<f64>], block: &mut [[f64; LANES]]) -> Vec<Prediction> {
        let Factor { parameters, levels, cholesky, coordinates, .. } = self.factor;
        let sites: Vec<Site> = points.iter().map(|point| parameters.site(point)).collect();
        for (lane, site) in sites.iter().enumerate() {
            let pairs = levels.pairs(parameters, site.resource);
            for ((row, other), level) in block.iter_mut().zip(coordinates).zip(levels.of()) {
                row[lane] = pairs[*level].of(parameters.matern.covariance(&site.coordinates, other).0);
            }
        }
        cholesky.solve_lower_lanes(0, block);
        let column = |lane: usize| -> Vec<f64> { block.iter().map(|row| row[lane]).collect() };
        sites.iter().enumerate().map(|(lane, site)| self.prediction(site, &column(lane))).collect()
    }

    /// mean = Vᵀ·L⁻¹(y − μ) + μ, variance = k(x, x) − VᵀV, with V = L⁻¹·k(X, x).
    fn prediction(&self, site: &Site, explained: &[f64]) -> Prediction {
        let parameters = &self.factor.parameters;
        let (first, last) = explained.split_at(self.shared);
        let mean = parameters.mean_at(site);
        let base = mean + self.solved.first().map_or(0.0, |solved| dot(first, &solved[..self.shared]));
        let means = self.solved.iter().map(|solved| base + dot(last, &solved[self.shared..])).collect();
        let variance = parameters.variance_at(site) - dot(explained, explained);
        Prediction { means, variance: variance.max(VARIANCE_MIN) }
    }

    /// The prediction at a point, to be asked how it changes.
    pub(super) fn outlook(&'a self, point: &[f64]) -> Outlook<'a> {
        let Factor { parameters, levels, cholesky, coordinates, .. } = self.factor;
        let site = parameters.site(point);
        let pairs = levels.pairs(parameters, site.resource);
        let covariance = |(other, level): (&Vec<f64>, &usize)| {
            let (base, slope) = parameters.matern.covariance(&site.coordinates, other);
            (pairs[*level].of(base), pairs[*level].factor * slope)
        };
        let (mut explained, slopes): (Vec<f64>, Vec<f64>) = coordinates.iter().zip(levels.of()).map(covariance).unzip();
        cholesky.solve_lower(&mut explained);
        let prediction = self.prediction(&site, &explained);
        Outlook { posterior: self, prediction, coordinates: site.coordinates, explained, slopes }
    }
}

impl Outlook<'_> {
    /// Adds how a number changes with as many coordinates of the point as the gradient has entries, where `by_means` and
    /// `by_variance` say how it changes with the prediction.
    pub(super) fn add_gradient(self, by_means: &[f64], by_variance: f64, gradient: &mut [f64]) {
        let Self { posterior, coordinates, explained: mut solved, slopes, .. } = self;
        let Factor { parameters, cholesky, coordinates: others, .. } = posterior.factor;
        // ∂mean/∂k = α, ∂variance/∂k = −2·A⁻¹k.
        cholesky.solve_upper(&mut solved);
        for (index, (other, slope)) in others.iter().zip(&slopes).enumerate() {
            let by_columns: f64 = by_means.iter().zip(&posterior.alphas).map(|(by, alpha)| by * alpha[index]).sum();
            let share = (by_columns - 2.0 * by_variance * solved[index]) * slope;
            for (((sum, x), y), weight) in
                gradient.iter_mut().zip(&coordinates).zip(other).zip(&parameters.matern.weights)
            {
                // ∂D/∂x = 2w²(x − x').
                *sum += share * 2.0 * weight * (x - y);
            }
        }
    }
}
