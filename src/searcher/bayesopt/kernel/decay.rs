//! Learning curves that fall like a mixture of exponentials, as in the original (after Swersky, Snoek and Adams 2014): with
//! κ(r) = (β/(r + β))^α, β = α/m, the target at resource r is a function of the configuration plus κ(r) times another.
//!
//! Talks to `numeric` alone. mean(r) = μ + κ·(γ − δμ), and
//! k = kₓ·(1 − δ·(κ₁ + κ₂ − δ·κ₁₂)) + (γ − δμ)²·(κ₁₂ − κ₁·κ₂) with κ₁₂ = κ(r₁ + r₂).

use super::Pair;
use crate::numeric::float::{exp, ln};

/// How targets fall with the resource.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in super::super) struct Decay {
    /// The shape of the mixture.
    pub(in super::super) alpha: f64,
    /// The mean of its rates.
    pub(in super::super) mean_rate: f64,
    /// How far above its end a target begins.
    pub(in super::super) gamma: f64,
    /// How much of a target at its end is not there at the beginning.
    pub(in super::super) delta: f64,
}

/// Derivatives by ln α, ln m, ln γ, δ and μ.
pub(in super::super) type Slopes = [f64; 5];

/// κ with its derivatives by ln α and ln m.
#[derive(Clone, Copy)]
struct Kappa {
    value: f64,
    slopes: [f64; 2],
}

impl Decay {
    /// Where a fit begins.
    pub(super) fn initial(gamma_max: f64, delta: f64) -> Self {
        Self { alpha: 1.0, mean_rate: 0.5, gamma: 0.5 * gamma_max, delta }
    }

    /// The bounds of α, m and γ.
    pub(super) fn bounds(gamma_max: f64) -> [(f64, f64); 3] {
        [(1e-6, 250.0), (1e-4, 50.0), (1e-4 * gamma_max, gamma_max)]
    }

    fn kappa(&self, resource: f64) -> Kappa {
        let beta = self.alpha / self.mean_rate;
        let log = self.alpha * (ln(beta) - ln(resource + beta));
        let (value, share) = (exp(log), self.alpha * resource / (resource + beta));
        Kappa { value, slopes: [value * (log + share), -value * share] }
    }

    /// γ − δμ.
    fn height(&self, mean: f64) -> f64 {
        self.gamma - self.delta * mean
    }

    /// The prior mean at a resource.
    pub(super) fn mean(&self, mean: f64, resource: f64) -> f64 {
        mean + self.kappa(resource).value * self.height(mean)
    }

    /// Its derivatives.
    pub(in super::super) fn mean_slopes(&self, mean: f64, resource: f64) -> Slopes {
        let Kappa { value, slopes: [by_alpha, by_rate] } = self.kappa(resource);
        let height = self.height(mean);
        [by_alpha * height, by_rate * height, value * self.gamma, -value * mean, 1.0 - value * self.delta]
    }

    /// What two resources make of the configurations' covariance.
    pub(super) fn pair(&self, mean: f64, left: f64, right: f64) -> Pair {
        let [left, right, both] = [left, right, left + right].map(|resource| self.kappa(resource).value);
        let height = self.height(mean);
        Pair {
            factor: 1.0 - self.delta * (left + right - self.delta * both),
            offset: height * height * (both - left * right),
        }
    }

    /// The derivatives of the factor and of the offset.
    pub(in super::super) fn pair_slopes(&self, mean: f64, left: f64, right: f64) -> (Slopes, Slopes) {
        let [left, right, both] = [left, right, left + right].map(|resource| self.kappa(resource));
        let (delta, height) = (self.delta, self.height(mean));
        let rest = both.value - left.value * right.value;
        let (mut factor, mut offset) = ([0.0; 5], [0.0; 5]);
        for index in 0..2 {
            let (by_left, by_right) = (left.slopes[index], right.slopes[index]);
            factor[index] = -delta * (by_left + by_right - delta * both.slopes[index]);
            offset[index] = height * height * (both.slopes[index] - by_left * right.value - left.value * by_right);
        }
        factor[3] = 2.0 * delta * both.value - left.value - right.value;
        offset[2] = 2.0 * height * self.gamma * rest;
        offset[3] = -2.0 * height * mean * rest;
        offset[4] = -2.0 * height * delta * rest;
        (factor, offset)
    }
}
