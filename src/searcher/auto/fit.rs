//! Fits the covariance's parameters to data: where the density of the parameters given the data is greatest.
//!
//! Talks to `covariance` and `numeric`. The logarithm of each parameter is normal beforehand, as Hvarfner, Hellsten and Nardi
//! (2024, "Vanilla Bayesian optimization performs great in high dimensions") propose for lengths: few data then leave a smooth model
//! instead of one that explains them too well.

use super::covariance::{Form, Parameters, Site, Sloped, basis, matern, of_means};
use crate::numeric::cholesky::{Cholesky, dot};
use crate::numeric::float::{exp, ln};
use crate::numeric::minimise::{Limits, minimise};

/// How many rewards a fit looks at, at most: it costs their cube, some tens of times.
const FITTED_MAX: usize = 64;
/// How many steps a fit makes from the initial values, and from those of the last fit, which are near.
const STEPS: u32 = 30;
const STEPS_FROM_LAST: u32 = 15;

/// What is assumed of a parameter beforehand: within bounds, and normal, by its logarithm.
#[derive(Clone, Copy)]
struct Prior {
    lower: f64,
    upper: f64,
    mean: f64,
    deviation: f64,
}

/// The bounds are those of the parameter itself.
fn prior(lower: f64, upper: f64, mean: f64, deviation: f64) -> Prior {
    Prior { lower: ln(lower), upper: ln(upper), mean, deviation }
}

fn priors(form: &Form) -> Vec<Prior> {
    let by_level = prior(1e-4, 1e2, ln(0.3), 1.0);
    let mut priors = vec![prior(1e-7, 1.0, -7.0, 2.0), prior(1e-2, 1e2, 0.0, 1.0), by_level, by_level];
    priors.extend(std::iter::repeat_n(prior(1e-3, 50.0, 0.0, 1.5), form.count()));
    priors
}

/// The parameters for these targets at these sites: from the initial values and from those of the last fit, whichever ends better.
pub(super) fn fit(sites: &[&Site], targets: &[f64], form: &Form, last: Option<&Parameters>) -> Parameters {
    let objective = Objective::new(sites, targets, form);
    let from_start = objective.minimum(&Parameters::initial(form), STEPS);
    let from_last = last.map(|last| objective.minimum(last, STEPS_FROM_LAST));
    let better = from_last.filter(|(_, value)| *value < from_start.1);
    better.unwrap_or(from_start).0
}

/// Which rows a fit looks at: half of them of the highest levels, the others evenly from the best to the worst. `levels` are those of
/// the rows, `order` is their order from the best.
pub(super) fn chosen(levels: &[u64], order: &[usize]) -> Vec<usize> {
    if levels.len() <= FITTED_MAX {
        return (0..levels.len()).collect();
    }
    let mut by_level = order.to_vec();
    by_level.sort_by_key(|&row| std::cmp::Reverse(levels[row]));
    let mut chosen: Vec<usize> = by_level.into_iter().take(FITTED_MAX / 2).collect();
    let others: Vec<usize> = order.iter().copied().filter(|row| !chosen.contains(row)).collect();
    let places = FITTED_MAX - chosen.len();
    chosen.extend((0..places).map(|place| others[place * (others.len() - 1) / (places - 1)]));
    chosen.sort_unstable();
    chosen
}

/// The negative logarithm of the density of the parameters given the data, but for a constant.
struct Objective<'a> {
    targets: &'a [f64],
    /// Row after row, each up to the diagonal.
    pairs: Vec<Pair>,
    /// For each pair, the squared distance in the coordinates of each weight.
    distances: Vec<f64>,
    priors: Vec<Prior>,
    weights: usize,
}

/// Two of the sites.
struct Pair {
    is_diagonal: bool,
    basis: [f64; 3],
    of_means: f64,
}

impl<'a> Objective<'a> {
    fn new(sites: &[&Site], targets: &'a [f64], form: &Form) -> Self {
        let size = sites.len() * (sites.len() + 1) / 2;
        let weights = form.count();
        let (mut pairs, mut distances) = (Vec::with_capacity(size), vec![0.0; size * weights]);
        let mut sums = distances.chunks_exact_mut(weights);
        for (row, site) in sites.iter().enumerate() {
            for (column, other) in sites[..=row].iter().enumerate() {
                let (s, t) = (site.position, other.position);
                pairs.push(Pair { is_diagonal: row == column, basis: basis(s, t), of_means: of_means(s, t) });
                if let Some(sums) = sums.next() {
                    form.add_distances(site, other, sums);
                }
            }
        }
        Self { targets, pairs, distances, priors: priors(form), weights }
    }

    fn minimum(&self, from: &Parameters, iterations: u32) -> (Parameters, f64) {
        let bounds: Vec<(f64, f64)> = self.priors.iter().map(|prior| (prior.lower, prior.upper)).collect();
        let limits = Limits { iterations, evaluations: 2 * iterations, gradient: 1e-4, decrease: 1e-6 };
        let minimum = minimise(&from.logarithms(), &bounds, &limits, |at, gradient| self.value(at, gradient));
        (Parameters::of_logarithms(&minimum.point), minimum.value)
    }

    /// The value at logarithms of parameters, and its gradient. Infinite where the covariance has no factor.
    ///
    /// ½·‖L⁻¹y‖² + Σ ln Lᵢᵢ, and by a parameter of A = LLᵀ: ½·tr((A⁻¹ − ααᵀ)·∂A) with α = A⁻¹y (Rasmussen and Williams 2006,
    /// equation 5.9); with ½·z² for each parameter, where z is how many deviations it is from its mean.
    fn value(&self, logarithms: &[f64], gradient: &mut [f64]) -> f64 {
        let parameters = Parameters::of_logarithms(logarithms);
        let squares: Vec<f64> = logarithms[logarithms.len() - self.weights..].iter().map(|&w| exp(2.0 * w)).collect();
        let materns: Vec<Sloped> =
            self.distances.chunks_exact(self.weights).map(|distances| matern(plain_dot(distances, &squares))).collect();
        let entry = |(pair, matern): (&Pair, &Sloped)| {
            let noise = if pair.is_diagonal { parameters.noise } else { 0.0 };
            matern.value * plain_dot(&pair.basis, &parameters.scales) + pair.of_means + noise
        };
        let triangle: Vec<f64> = self.pairs.iter().zip(&materns).map(entry).collect();
        let Some((factor, _)) = Cholesky::factor_with_jitter(&triangle) else { return f64::INFINITY };
        let mut solved = self.targets.to_vec();
        factor.solve_lower(&mut solved);
        let square = dot(&solved, &solved);
        factor.solve_upper(&mut solved);
        gradient.fill(0.0);
        self.add_gradient(&parameters, &materns, &shares(&factor, &solved), gradient);
        let (by_others, by_weights) = gradient.split_at_mut(logarithms.len() - self.weights);
        // By the logarithms: ∂D/∂ln w = 2w²·(x − x')².
        by_weights.iter_mut().zip(&squares).for_each(|(slope, square)| *slope *= 2.0 * square);
        let others = [parameters.noise].into_iter().chain(parameters.scales);
        by_others.iter_mut().zip(others).for_each(|(slope, other)| *slope *= other);
        0.5 * square + factor.half_log_determinant() + self.add_prior(logarithms, gradient)
    }

    /// By noise, scales and the squares of weights. `shares` say how the value changes with each pair's covariance.
    fn add_gradient(&self, parameters: &Parameters, materns: &[Sloped], shares: &[f64], gradient: &mut [f64]) {
        let (by_others, by_weights) = gradient.split_at_mut(gradient.len() - self.weights);
        let distances = self.distances.chunks_exact(self.weights);
        for (((pair, matern), share), distances) in self.pairs.iter().zip(materns).zip(shares).zip(distances) {
            if pair.is_diagonal {
                by_others[0] += share;
            }
            for (slope, basis) in by_others[1..].iter_mut().zip(&pair.basis) {
                *slope += share * matern.value * basis;
            }
            let pull = share * matern.slope * plain_dot(&pair.basis, &parameters.scales);
            for (slope, distance) in by_weights.iter_mut().zip(distances) {
                *slope += pull * distance;
            }
        }
    }

    fn add_prior(&self, logarithms: &[f64], gradient: &mut [f64]) -> f64 {
        let mut value = 0.0;
        for ((prior, logarithm), slope) in self.priors.iter().zip(logarithms).zip(gradient) {
            let z = (logarithm - prior.mean) / prior.deviation;
            value += 0.5 * z * z;
            *slope += z / prior.deviation;
        }
        value
    }
}

/// How the likelihood changes with each entry of the triangle; what is off the diagonal is there twice.
fn shares(factor: &Cholesky, alpha: &[f64]) -> Vec<f64> {
    let mut shares = factor.inverse();
    let mut rest = shares.as_mut_slice();
    for (row, weight) in alpha.iter().enumerate() {
        let (entries, others) = std::mem::take(&mut rest).split_at_mut(row + 1);
        rest = others;
        entries.iter_mut().zip(alpha).for_each(|(share, other)| *share -= weight * other);
        entries[row] *= 0.5;
    }
    shares
}

/// The sum of few products, one after the other.
fn plain_dot(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(x, y)| x * y).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A choice of two and a real, at three levels.
    fn data() -> (Form, Vec<Site>, Vec<f64>) {
        let form = Form::new([2, 1].into_iter());
        let site = |index: u32| {
            let x = f64::from(index * 7 % 10) / 10.0;
            let is_first = f64::from(index % 2);
            Site::new(&[is_first, 1.0 - is_first, x], f64::from(index % 3) / 2.0)
        };
        let sites: Vec<Site> = (0..12).map(site).collect();
        let targets =
            sites.iter().map(|site| 3.0 * site.coordinates[2] - site.coordinates[0] - site.position).collect();
        (form, sites, targets)
    }

    #[test]
    fn the_gradient_is_that_of_the_values() {
        let (form, sites, targets) = data();
        let sites: Vec<&Site> = sites.iter().collect();
        let objective = Objective::new(&sites, &targets, &form);
        let at: Vec<f64> = (0..4 + form.count()).map(|index| -2.0 + 0.4 * index as f64).collect();
        let mut gradient = vec![0.0; at.len()];
        objective.value(&at, &mut gradient);
        for index in 0..at.len() {
            let beside = |step: f64| {
                let mut moved = at.clone();
                moved[index] += step;
                objective.value(&moved, &mut vec![0.0; at.len()])
            };
            let slope = (beside(1e-5) - beside(-1e-5)) / 2e-5;
            assert!(
                (gradient[index] - slope).abs() < 1e-6 * slope.abs().max(1.0),
                "{index}: {} {slope}",
                gradient[index]
            );
        }
    }

    #[test]
    fn a_fit_ends_at_least_as_well_as_the_last_one() {
        let (form, sites, targets) = data();
        let sites: Vec<&Site> = sites.iter().collect();
        let objective = Objective::new(&sites, &targets, &form);
        let value = |parameters: &Parameters| {
            let at = parameters.logarithms();
            objective.value(&at, &mut vec![0.0; at.len()])
        };
        let first = fit(&sites, &targets, &form, None);
        let second = fit(&sites, &targets, &form, Some(&first));
        assert!(value(&first) < value(&Parameters::initial(&form)));
        assert!(value(&second) <= value(&first) + 1e-9);
    }

    #[test]
    fn a_fit_of_many_rows_looks_at_the_highest_levels_and_evenly_at_the_rest() {
        let levels: Vec<u64> = (0..200).map(|row| if row < 10 { 9 } else { 1 }).collect();
        let order: Vec<usize> = (0..200).rev().collect();
        let rows = chosen(&levels, &order);
        assert_eq!(rows.len(), FITTED_MAX);
        // All of the last level, then the best of the first; the worst of the rest, and the best of the rest.
        for row in (0..10).chain(178..200).chain([10, 177]) {
            assert!(rows.contains(&row), "{row}");
        }
        assert_eq!(chosen(&levels[..64], &order[136..]), (0..64).collect::<Vec<_>>());
    }
}
