//! How alike the model takes what is observed at two places to be.
//!
//! Talks to `numeric` alone. A place is a configuration, as a point of the unit cube, and a position s from 0 to 1 of the level of
//! the resource. The covariance of x at s and x' at s' is
//!
//! M(x, s; x', s')·(a + b·s·s' + c·(1 − s)·(1 − s')) + 1 + e^(−2·|s − s'|)
//!
//! with M the Matérn covariance with ν = 5/2 and a weight for each parameter and for s (Rasmussen and Williams 2006, equation 4.17).
//! The middle says that what a configuration does is partly the same at all levels, and partly rises or falls with the level: the
//! linear basis of Klein, Falkner, Bartels, Hennig and Hutter (2017, "Fast Bayesian optimization of machine learning
//! hyperparameters on large datasets"). The end stands for the unknown mean of rewards at each level, much alike at near ones.

use crate::numeric::float::{exp, ln};

/// Keeps the root at equal points away from 0.
const UNDER_ROOT: f64 = 1e-12;
/// How fast means of levels become unlike with the distance of their positions.
const MEAN_DECAY: f64 = 2.0;
/// Where the weights begin among the parameters.
const WEIGHTS: usize = 4;

/// Where something is observed.
#[derive(Clone, Debug)]
pub(super) struct Site {
    /// The point's coordinates, and the position last.
    pub(super) coordinates: Vec<f64>,
    /// From 0 to 1.
    pub(super) position: f64,
}

impl Site {
    pub(super) fn new(point: &[f64], position: f64) -> Self {
        let mut coordinates = Vec::with_capacity(point.len() + 1);
        coordinates.extend_from_slice(point);
        coordinates.push(position);
        Self { coordinates, position }
    }
}

/// Which weight each coordinate of a site has. The entries of one choice share theirs; the position has the last.
#[derive(Clone, Debug)]
pub(super) struct Form {
    groups: Vec<usize>,
    count: usize,
}

impl Form {
    /// For parameters with so many entries each.
    pub(super) fn new(sizes: impl Iterator<Item = usize>) -> Self {
        let mut groups: Vec<usize> = Vec::new();
        let mut count = 0;
        for size in sizes.chain([1]) {
            groups.extend(std::iter::repeat_n(count, size));
            count += 1;
        }
        Self { groups, count }
    }

    /// How many weights there are.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Adds to each weight's sum the squared distance of two sites in its coordinates.
    pub(super) fn add_distances(&self, left: &Site, right: &Site, sums: &mut [f64]) {
        for ((x, y), group) in left.coordinates.iter().zip(&right.coordinates).zip(&self.groups) {
            sums[*group] += (x - y) * (x - y);
        }
    }
}

/// The parameters, all positive.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Parameters {
    /// The variance of what is observed twice at one site.
    pub(super) noise: f64,
    /// The variance that all levels share, that which rises with the level, and that which falls: a, b and c.
    pub(super) scales: [f64; 3],
    /// The inverse of the distance at which things become unlike, for each parameter and the position.
    pub(super) weights: Vec<f64>,
}

impl Parameters {
    /// Where fits begin.
    pub(super) fn initial(form: &Form) -> Self {
        Self { noise: 1e-3, scales: [1.0, 0.3, 0.3], weights: vec![1.0; form.count()] }
    }

    /// Their logarithms in a row.
    pub(super) fn logarithms(&self) -> Vec<f64> {
        [self.noise].iter().chain(&self.scales).chain(&self.weights).map(|&number| ln(number)).collect()
    }

    /// The parameters with these logarithms.
    pub(super) fn of_logarithms(logarithms: &[f64]) -> Self {
        let at = |index: usize| exp(logarithms[index]);
        let weights = logarithms[WEIGHTS..].iter().map(|&weight| exp(weight)).collect();
        Self { noise: at(0), scales: [at(1), at(2), at(3)], weights }
    }

    /// The site with each coordinate times its weight.
    pub(super) fn weighted(&self, site: &Site, form: &Form) -> Site {
        let weighted = site.coordinates.iter().zip(&form.groups).map(|(x, group)| x * self.weights[*group]);
        Site { coordinates: weighted.collect(), position: site.position }
    }

    /// The variance of configurations alone at a pair of positions.
    pub(super) fn scale_at(&self, s: f64, t: f64) -> f64 {
        basis(s, t).iter().zip(&self.scales).map(|(share, scale)| share * scale).sum()
    }

    /// The covariance at two weighted sites.
    pub(super) fn covariance(&self, left: &Site, right: &Site) -> f64 {
        let mut distance = 0.0;
        for (x, y) in left.coordinates.iter().zip(&right.coordinates) {
            distance += (x - y) * (x - y);
        }
        let (s, t) = (left.position, right.position);
        matern(distance).value * self.scale_at(s, t) + of_means(s, t)
    }

    /// The variance of the function at a position.
    pub(super) fn variance(&self, s: f64) -> f64 {
        self.scale_at(s, s) + of_means(s, s)
    }
}

/// How much of each scale a pair of positions has.
pub(super) fn basis(s: f64, t: f64) -> [f64; 3] {
    [1.0, s * t, (1.0 - s) * (1.0 - t)]
}

/// The covariance of the means at two positions.
pub(super) fn of_means(s: f64, t: f64) -> f64 {
    1.0 + exp(-MEAN_DECAY * (s - t).abs())
}

/// A number with its derivative by the squared distance.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sloped {
    pub(super) value: f64,
    pub(super) slope: f64,
}

/// With b = √(5D): k = (1 + b + 5D/3)·e⁻ᵇ, so ∂k/∂D = −5/6·(1 + b)·e⁻ᵇ.
pub(super) fn matern(distance: f64) -> Sloped {
    let root = (5.0 * distance + UNDER_ROOT).sqrt();
    let decay = exp(-root);
    Sloped { value: (1.0 + root + 5.0 / 3.0 * distance) * decay, slope: -5.0 / 6.0 * (1.0 + root) * decay }
}
