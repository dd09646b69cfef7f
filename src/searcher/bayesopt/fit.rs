//! Fits the model's parameters to data: the negative logarithm of their posterior density, its gradient, and where it is least
//! as in the original.
//!
//! Talks to `kernel` and `numeric`.

use std::f64::consts::PI;

use super::kernel::{Form, Levels, OfResource, Parameters, Site, Slopes, Warp};
use crate::numeric::amount::Seed;
use crate::numeric::cholesky::{Cholesky, dot};
use crate::numeric::float::ln;
use crate::numeric::minimise::{Limits, minimise};
use crate::numeric::normal;
use crate::numeric::random::{Purpose, Stream};

/// The original's tolerance, for the slope and for what a step brings.
const TOLERANCE: f64 = 1e-6;

/// What the parameters are fitted to.
pub(super) struct Data<'a> {
    /// Which parameters there are.
    pub(super) form: Form,
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

/// Where starts of fits are drawn from.
#[derive(Clone, Copy)]
pub(super) struct StartDraws {
    pub(super) seed: Seed,
    /// The trial.
    pub(super) index: u64,
    /// The number of what is modelled.
    pub(super) output: u32,
}

impl StartDraws {
    fn stream(self, start: u32) -> Stream {
        Stream::new(self.seed, Purpose::FitStart, self.index, u64::from(self.output) << 32 | u64::from(start))
    }
}

/// The parameters with the least objective that was found, none if it has no value from any start.
pub(super) fn fit(data: &Data<'_>, from: &Parameters, effort: &Effort, draws: StartDraws) -> Option<Parameters> {
    let form = &data.form;
    let bounds = form.internal_bounds();
    let Effort { starts, iterations, evaluations } = *effort;
    let limits = Limits { iterations, evaluations, gradient: TOLERANCE, decrease: TOLERANCE };
    let mut best: Option<(f64, Vec<f64>)> = None;
    for start in 0..starts {
        let mut begin = from.to_internal(form);
        if start > 0 {
            let mut stream = draws.stream(start);
            begin = Parameters::initial(form).to_internal(form);
            begin.iter_mut().for_each(|entry| *entry += normal::draw(&mut stream));
        }
        let minimum = minimise(&begin, &bounds, &limits, |internal, gradient| data.objective(internal, gradient));
        if minimum.value.is_finite() && best.as_ref().is_none_or(|(value, _)| minimum.value < *value) {
            best = Some((minimum.value, minimum.point));
        }
    }
    best.map(|(_, internal)| Parameters::from_internal(form, &internal))
}

/// The covariances of all pairs of points, packed like the lower triangle that they are.
struct Covariances {
    sites: Vec<Site>,
    levels: Levels,
    /// By the coordinates alone.
    bases: Vec<f64>,
    /// Their derivatives by the squared distance.
    slopes: Vec<f64>,
    /// Of what is observed: with the resource, and with noise on the diagonal.
    observed: Vec<f64>,
}

impl Covariances {
    fn new(parameters: &Parameters, points: &[&[f64]]) -> Self {
        let sites: Vec<Site> = points.iter().map(|point| parameters.site(point)).collect();
        let mut levels = Levels::default();
        sites.iter().for_each(|site| levels.push(parameters, site.resource));
        let size = sites.len() * (sites.len() + 1) / 2;
        let [mut bases, mut slopes, mut observed] = [0; 3].map(|_: u8| Vec::with_capacity(size));
        for (row, site) in sites.iter().enumerate() {
            let pairs = levels.pairs(parameters, site.resource);
            for (other, level) in sites[..row].iter().zip(levels.of()) {
                let (base, slope) = parameters.matern.covariance(&site.coordinates, &other.coordinates);
                bases.push(base);
                slopes.push(slope);
                observed.push(pairs[*level].of(base));
            }
            bases.push(parameters.matern.at_equal_points());
            slopes.push(0.0);
            observed.push(parameters.trained_variance_at(site) + parameters.noise);
        }
        Self { sites, levels, bases, slopes, observed }
    }

    /// The packed triangle's pairs of rows.
    fn pairs(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        (0..self.sites.len()).flat_map(|row| (0..=row).map(move |other| (row, other)))
    }
}

impl Data<'_> {
    /// The negative logarithm of the posterior density at internal parameters, and its gradient.
    pub(super) fn objective(&self, internal: &[f64], gradient: &mut [f64]) -> f64 {
        let parameters = Parameters::from_internal(&self.form, internal);
        let prior = parameters.prior(gradient);
        self.likelihood(&parameters, gradient).map_or(f64::INFINITY, |likelihood| likelihood + prior)
    }

    /// The negative logarithm of the marginal likelihood; adds its gradient. None where the covariance has no factor.
    ///
    /// ½‖L⁻¹(y − μ)‖² + Σ ln Lᵢᵢ + ½·n·ln 2π, and by a parameter of A = LLᵀ: ½·tr((A⁻¹ − ααᵀ)·∂A) with α = A⁻¹(y − μ)
    /// (Rasmussen and Williams 2006, equation 5.9).
    pub(super) fn likelihood(&self, parameters: &Parameters, gradient: &mut [f64]) -> Option<f64> {
        let covariances = Covariances::new(parameters, &self.points);
        let (factor, _) = Cholesky::factor_with_jitter(&covariances.observed)?;
        let means = covariances.sites.iter().map(|site| parameters.mean_at(site));
        let mut solved: Vec<f64> = self.targets.iter().zip(means).map(|(target, mean)| target - mean).collect();
        factor.solve_lower(&mut solved);
        let square = dot(&solved, &solved);
        factor.solve_upper(&mut solved);
        let alpha = solved;
        let mut shares = factor.inverse();
        let mut rest = shares.as_mut_slice();
        for (row, weight) in alpha.iter().enumerate() {
            let (entries, others) = std::mem::take(&mut rest).split_at_mut(row + 1);
            rest = others;
            entries.iter_mut().zip(&alpha).for_each(|(share, other)| *share -= weight * other);
            // What is off the diagonal is there twice.
            entries[row] *= 0.5;
        }
        self.add_gradient(parameters, &covariances, &shares, &alpha, gradient);
        Some(0.5 * square + factor.half_log_determinant() + 0.5 * alpha.len() as f64 * ln(2.0 * PI))
    }

    /// `shares` say how the likelihood changes with each entry of the covariance, `alpha` how it falls with each mean.
    fn add_gradient(
        &self,
        parameters: &Parameters,
        covariances: &Covariances,
        shares: &[f64],
        alpha: &[f64],
        gradient: &mut [f64],
    ) {
        let weights = parameters.matern.weights.len();
        let is_warped = matches!(parameters.resource, OfResource::Warped(_));
        let mut pulls = Vec::with_capacity(if is_warped { shares.len() } else { 0 });
        let (mut by_noise, mut by_scale) = (0.0, 0.0);
        let mut by_weight = vec![0.0; weights];
        let Covariances { sites, levels, bases, slopes, .. } = covariances;
        let mut entry = 0;
        for (row, site) in sites.iter().enumerate() {
            let pairs = levels.pairs(parameters, site.resource);
            for (other, level) in sites[..=row].iter().zip(levels.of()) {
                let share = shares[entry] * pairs[*level].factor;
                by_scale += share * bases[entry];
                let pull = share * slopes[entry];
                for ((sum, x), y) in by_weight.iter_mut().zip(&site.coordinates).zip(&other.coordinates) {
                    *sum += pull * (x - y) * (x - y);
                }
                if is_warped {
                    pulls.push(pull);
                }
                entry += 1;
            }
            by_noise += shares[entry - 1];
        }
        gradient[0] += by_noise * parameters.noise;
        gradient[1] += by_scale;
        for (gradient, sum) in gradient[2..].iter_mut().zip(&by_weight) {
            // ∂D/∂ln w = 2w²(x − x')².
            *gradient += 2.0 * sum;
        }
        let rest = &mut gradient[2 + weights..];
        match parameters.resource {
            OfResource::Coordinate => {}
            OfResource::Warped(warp) => self.add_warp_gradient(parameters, warp, covariances, &pulls, rest),
            OfResource::Decaying(_) => {
                let slopes = decay_slopes(parameters, covariances, shares, alpha);
                let free = rest.len() - 1;
                rest[..free].iter_mut().zip(&slopes).for_each(|(gradient, slope)| *gradient += slope);
                rest[free] += slopes[slopes.len() - 1];
                return;
            }
        }
        gradient[gradient.len() - 1] -= alpha.iter().sum::<f64>();
    }

    fn add_warp_gradient(
        &self,
        parameters: &Parameters,
        warp: Warp,
        covariances: &Covariances,
        pulls: &[f64],
        gradient: &mut [f64],
    ) {
        let weight = parameters.matern.weights.last().copied().unwrap_or_default();
        let bent = |point: &&[f64]| {
            let (place, slopes) = warp.bent(point.last().copied().unwrap_or_default());
            (weight * place, slopes.map(|slope| weight * slope))
        };
        let places: Vec<(f64, [f64; 2])> = self.points.iter().map(bent).collect();
        for (pull, (row, other)) in pulls.iter().zip(covariances.pairs()) {
            let ((place, slopes), (other_place, other_slopes)) = (places[row], places[other]);
            for index in 0..2 {
                gradient[index] += pull * 2.0 * (place - other_place) * (slopes[index] - other_slopes[index]);
            }
        }
    }
}

/// The likelihood's derivatives by what makes targets decay.
fn decay_slopes(parameters: &Parameters, covariances: &Covariances, shares: &[f64], alpha: &[f64]) -> Slopes {
    let mut slopes = [0.0; 5];
    let OfResource::Decaying(decay) = parameters.resource else { return slopes };
    let Covariances { sites, levels, bases, .. } = covariances;
    let (of, resources) = (levels.of(), levels.resources());
    // For each pair of resources, how the likelihood changes with its factor and its offset.
    let mut by_pair = vec![(0.0, 0.0); resources.len() * resources.len()];
    for ((share, base), (row, other)) in shares.iter().zip(bases).zip(covariances.pairs()) {
        let sums = &mut by_pair[of[row].max(of[other]) * resources.len() + of[row].min(of[other])];
        *sums = (sums.0 + share * base, sums.1 + share);
    }
    for (left, resource) in resources.iter().enumerate() {
        for (right, other) in resources[..=left].iter().enumerate() {
            let (by_factor, by_offset) = by_pair[left * resources.len() + right];
            let (of_factor, of_offset) = decay.pair_slopes(parameters.mean, *resource, *other);
            for (index, slope) in slopes.iter_mut().enumerate() {
                *slope += by_factor * of_factor[index] + by_offset * of_offset[index];
            }
        }
    }
    for (site, alpha) in sites.iter().zip(alpha) {
        let of_mean = decay.mean_slopes(parameters.mean, site.resource);
        slopes.iter_mut().zip(of_mean).for_each(|(slope, of_mean)| *slope -= alpha * of_mean);
    }
    slopes
}
