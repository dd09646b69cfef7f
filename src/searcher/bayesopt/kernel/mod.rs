//! The covariance of two points and its parameters: Matérn 5/2 among configurations, and how the resource enters it, as in the
//! original (Tiao, Klein, Lienart, Archambeau and Seeger 2020).
//!
//! Talks to `numeric` and `spec`. A point is the encoding of a configuration and, where there is a resource, that as its last entry.

mod decay;
mod levels;
mod matern;
mod warp;

pub(super) use decay::{Decay, Slopes};
pub(super) use levels::Levels;
pub(super) use matern::Matern;
pub(super) use warp::Warp;

use super::spec::ResourceKernel;
use crate::numeric::float::{exp, ln};

/// ln Γ(0.1), of the noise's prior.
const LN_GAMMA_OF_A_TENTH: f64 = 2.252_712_651_734_206;
/// The bounds of noise, scale and weights.
const NOISE_BOUNDS: (f64, f64) = (1e-9, 1e6);
const SCALE_BOUNDS: (f64, f64) = (1e-3, 1e3);
const WEIGHT_BOUNDS: (f64, f64) = (1e-4, 100.0);
/// Where `exp-decay-combined` begins to look for δ.
const DELTA_INITIAL: f64 = 0.5;

/// Which parameters there are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Form {
    /// How many entries the encoding of a configuration has.
    pub(super) dimensions: usize,
    /// How the resource enters, if points have one.
    pub(super) kernel: Option<ResourceKernel>,
    /// The largest height of a learning curve, for those that decay.
    pub(super) gamma_max: f64,
}

/// What the model's covariance and mean are made of.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Parameters {
    /// The variance of what is observed around the function.
    pub(super) noise: f64,
    /// The covariance of configurations; of points, unless the resource decays.
    pub(super) matern: Matern,
    /// What becomes of the resource.
    pub(super) resource: OfResource,
    /// The function's mean; at the end of its resource, if that decays.
    pub(super) mean: f64,
}

/// What becomes of a point's resource.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum OfResource {
    /// There is none, or it is a coordinate like others.
    Coordinate,
    /// It is a coordinate that is bent first.
    Warped(Warp),
    /// Targets decay with it.
    Decaying(Decay),
}

/// A point as covariances need it.
#[derive(Clone, Debug)]
pub(super) struct Site {
    /// Its coordinates times their weights.
    pub(super) coordinates: Vec<f64>,
    /// Its resource, where that decays; else 0.
    pub(super) resource: f64,
}

/// What two resources make of the covariance of two configurations.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pair {
    pub(super) factor: f64,
    pub(super) offset: f64,
}

impl Pair {
    /// Nothing.
    const PLAIN: Self = Self { factor: 1.0, offset: 0.0 };

    /// The covariance of points.
    pub(super) fn of(self, covariance: f64) -> f64 {
        self.factor * covariance + self.offset
    }
}

impl Form {
    /// How many coordinates have a weight.
    fn weights(&self) -> usize {
        let is_coordinate = matches!(self.kernel, Some(ResourceKernel::Matern52 | ResourceKernel::Matern52ResWarp));
        self.dimensions + usize::from(is_coordinate)
    }

    /// δ, unless it is free or there is none.
    fn delta(&self) -> Option<f64> {
        match self.kernel {
            Some(ResourceKernel::ExpDecaySum) => Some(0.0),
            Some(ResourceKernel::ExpDecayDelta1) => Some(1.0),
            _ => None,
        }
    }

    /// The bounds of the internal form.
    pub(super) fn internal_bounds(&self) -> Vec<(f64, f64)> {
        let log = |(lower, upper): (f64, f64)| (ln(lower), ln(upper));
        let mut bounds = vec![log(NOISE_BOUNDS), log(SCALE_BOUNDS)];
        bounds.extend(std::iter::repeat_n(log(WEIGHT_BOUNDS), self.weights()));
        match self.kernel {
            None | Some(ResourceKernel::Matern52) => {}
            Some(ResourceKernel::Matern52ResWarp) => bounds.extend([log(Warp::BOUNDS); 2]),
            Some(_) => {
                bounds.extend(Decay::bounds(self.gamma_max).map(log));
                if self.delta().is_none() {
                    bounds.push((0.0, 1.0));
                }
            }
        }
        bounds.push((f64::NEG_INFINITY, f64::INFINITY));
        bounds
    }
}

impl Parameters {
    /// Where a fit begins.
    pub(super) fn initial(form: &Form) -> Self {
        let resource = match form.kernel {
            None | Some(ResourceKernel::Matern52) => OfResource::Coordinate,
            Some(ResourceKernel::Matern52ResWarp) => OfResource::Warped(Warp::NONE),
            Some(_) => OfResource::Decaying(Decay::initial(form.gamma_max, form.delta().unwrap_or(DELTA_INITIAL))),
        };
        let matern = Matern { scale: 1.0, weights: vec![1.0; form.weights()] };
        Self { noise: 1e-3, matern, resource, mean: 0.0 }
    }

    /// As a fit sees them: noise, scale and weights by their logarithms, those of the resource, then the mean. Of the resource
    /// δ counts as it is, and not at all where it is given; the others by their logarithms.
    pub(super) fn to_internal(&self, form: &Form) -> Vec<f64> {
        let Matern { scale, weights } = &self.matern;
        let mut internal: Vec<f64> = [self.noise, *scale].iter().chain(weights).copied().map(ln).collect();
        match self.resource {
            OfResource::Coordinate => {}
            OfResource::Warped(warp) => internal.extend([warp.a, warp.b].map(ln)),
            OfResource::Decaying(decay) => {
                internal.extend([decay.alpha, decay.mean_rate, decay.gamma].map(ln));
                if form.delta().is_none() {
                    internal.push(decay.delta);
                }
            }
        }
        internal.push(self.mean);
        internal
    }

    /// The other way round.
    pub(super) fn from_internal(form: &Form, internal: &[f64]) -> Self {
        let (matern, rest) = internal.split_at(2 + form.weights());
        let resource = match (form.kernel, rest) {
            (Some(ResourceKernel::Matern52ResWarp), [a, b, ..]) => OfResource::Warped(Warp { a: exp(*a), b: exp(*b) }),
            (
                Some(ResourceKernel::ExpDecaySum | ResourceKernel::ExpDecayCombined | ResourceKernel::ExpDecayDelta1),
                [alpha, mean_rate, gamma, delta, ..],
            ) => OfResource::Decaying(Decay {
                alpha: exp(*alpha),
                mean_rate: exp(*mean_rate),
                gamma: exp(*gamma),
                delta: form.delta().unwrap_or(*delta),
            }),
            _ => OfResource::Coordinate,
        };
        let positive: Vec<f64> = matern.iter().copied().map(exp).collect();
        let matern = Matern { scale: positive[1], weights: positive[2..].to_vec() };
        Self { noise: positive[0], matern, resource, mean: rest[rest.len() - 1] }
    }

    /// The point as covariances need it.
    pub(super) fn site(&self, point: &[f64]) -> Site {
        let coordinates = self.matern.weighted(point);
        match (self.resource, point.last()) {
            // The last entry has no weight then.
            (OfResource::Decaying(_), Some(&resource)) => Site { coordinates, resource },
            (OfResource::Warped(warp), Some(&resource)) => {
                Site { coordinates: self.bent(coordinates, warp, resource), resource: 0.0 }
            }
            _ => Site { coordinates, resource: 0.0 },
        }
    }

    fn bent(&self, mut coordinates: Vec<f64>, warp: Warp, resource: f64) -> Vec<f64> {
        if let (Some(last), Some(weight)) = (coordinates.last_mut(), self.matern.weights.last()) {
            *last = weight * warp.bent(resource).0;
        }
        coordinates
    }

    /// What two resources make of a covariance.
    pub(super) fn pair(&self, left: f64, right: f64) -> Pair {
        match self.resource {
            OfResource::Decaying(decay) => decay.pair(self.mean, left, right),
            OfResource::Coordinate | OfResource::Warped(_) => Pair::PLAIN,
        }
    }

    /// The prior mean at a site.
    pub(super) fn mean_at(&self, site: &Site) -> f64 {
        match self.resource {
            OfResource::Decaying(decay) => decay.mean(self.mean, site.resource),
            OfResource::Coordinate | OfResource::Warped(_) => self.mean,
        }
    }

    /// The prior variance of the function at a site.
    pub(super) fn variance_at(&self, site: &Site) -> f64 {
        self.pair(site.resource, site.resource).of(self.matern.scale)
    }

    /// The variance of a training point without noise, which is a little less.
    pub(super) fn trained_variance_at(&self, site: &Site) -> f64 {
        self.pair(site.resource, site.resource).of(self.matern.at_equal_points())
    }

    /// The negative logarithm of the prior density; writes its gradient. Weights: uniform. Scale: lognormal(0, 1). Noise: Gamma
    /// with mean and shape 0.1. Mean: normal(0, 1). Of the resource: [`Warp::prior`], and none for what decays. Constants as the
    /// original has them.
    pub(super) fn prior(&self, gradient: &mut [f64]) -> f64 {
        let Self { noise, matern: Matern { scale, weights }, resource, mean } = self;
        let log_scale = ln(*scale);
        gradient.fill(0.0);
        gradient[0] = 0.9 + noise;
        gradient[1] = 1.0 + log_scale;
        gradient[gradient.len() - 1] = *mean;
        let mut of_resource = 0.0;
        if let OfResource::Warped(warp) = resource {
            let (value, slopes) = warp.prior();
            of_resource = value;
            gradient[2 + weights.len()..][..2].copy_from_slice(&slopes);
        }
        let of_noise = 0.9 * ln(*noise) + noise + LN_GAMMA_OF_A_TENTH;
        let of_weights = weights.len() as f64 * ln(WEIGHT_BOUNDS.1 - WEIGHT_BOUNDS.0);
        of_noise + log_scale + 0.5 * log_scale * log_scale + of_weights + of_resource + 0.5 * mean * mean
    }

    /// The parameters by the original's names.
    pub(super) fn named(&self, form: &Form) -> Vec<(String, f64)> {
        let Matern { scale, weights } = &self.matern;
        let (part, mean) = match self.resource {
            OfResource::Decaying(_) => ("kernel_kernelx_", "kernel_meanx_mean_value"),
            _ => ("kernel_", "mean_mean_value"),
        };
        let mut named = vec![("noise_variance".to_owned(), self.noise)];
        if let OfResource::Decaying(decay) = self.resource {
            let Decay { alpha, mean_rate, gamma, delta } = decay;
            let of_decay = [("alpha", alpha), ("mean_lam", mean_rate), ("gamma", gamma)].into_iter();
            let free = form.delta().is_none().then_some(("delta", delta));
            named.extend(of_decay.chain(free).map(|(name, value)| (format!("kernel_{name}"), value)));
        }
        for (index, weight) in weights.iter().enumerate() {
            let index = if weights.len() == 1 { String::new() } else { index.to_string() };
            named.push((format!("{part}inv_bw{index}"), *weight));
        }
        named.push((format!("{part}covariance_scale"), *scale));
        if let OfResource::Warped(warp) = self.resource {
            let last = weights.len().saturating_sub(1);
            named.extend(
                [("a", warp.a), ("b", warp.b)].map(|(name, value)| (format!("kernel_warping_{name}{last}"), value)),
            );
        }
        named.push((mean.to_owned(), self.mean));
        named
    }
}
