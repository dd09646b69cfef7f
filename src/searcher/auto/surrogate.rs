//! What the model predicts, given data: mean and variance at any site (Rasmussen and Williams 2006, chapter 2).
//!
//! Talks to `covariance` and `numeric`. It grows by one observation at a time, for trials that run.

use super::covariance::{Form, Parameters, Site};
use crate::numeric::cholesky::{Cholesky, LANES, dot};

/// No variance is smaller.
const VARIANCE_MIN: f64 = 1e-12;

/// The model given observations.
pub(super) struct Surrogate<'a> {
    parameters: &'a Parameters,
    form: &'a Form,
    /// The observations' weighted sites.
    sites: Vec<Site>,
    factor: Cholesky,
    /// L⁻¹y, where LLᵀ is the covariance of the observations and y the targets.
    solved: Vec<f64>,
    /// What the covariance has on its diagonal besides the function's variance: noise, and jitter where it was needed.
    added: f64,
}

/// What is predicted at a site, without noise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Prediction {
    pub(super) mean: f64,
    pub(super) variance: f64,
}

impl<'a> Surrogate<'a> {
    /// The model given these targets; none if the covariance has no factor.
    pub(super) fn new(parameters: &'a Parameters, form: &'a Form, sites: &[Site], targets: &[f64]) -> Option<Self> {
        let sites: Vec<Site> = sites.iter().map(|site| parameters.weighted(site, form)).collect();
        let mut triangle = Vec::with_capacity(sites.len() * (sites.len() + 1) / 2);
        for (row, site) in sites.iter().enumerate() {
            triangle.extend(sites[..row].iter().map(|other| parameters.covariance(site, other)));
            triangle.push(parameters.variance(site.position) + parameters.noise);
        }
        let (factor, jitter) = Cholesky::factor_with_jitter(&triangle)?;
        let mut solved = targets.to_vec();
        factor.solve_lower(&mut solved);
        Some(Self { parameters, form, sites, factor, solved, added: parameters.noise + jitter })
    }

    /// Takes one more observation; false, and nothing has changed, if the covariance then has no factor.
    pub(super) fn push(&mut self, site: &Site, target: f64) -> bool {
        let site = self.parameters.weighted(site, self.form);
        let mut row: Vec<f64> = self.sites.iter().map(|other| self.parameters.covariance(&site, other)).collect();
        row.push(self.parameters.variance(site.position) + self.added);
        if !self.factor.extend(&row) {
            return false;
        }
        let size = self.sites.len();
        let row = self.factor.row(size);
        self.solved.push((target - dot(&row[..size], &self.solved)) / row[size]);
        self.sites.push(site);
        true
    }

    /// Takes the prediction at a site for an observation there: the means stay, and what is near is no longer unknown.
    pub(super) fn believe(&mut self, site: &Site) {
        for prediction in self.predict(std::slice::from_ref(site)) {
            self.push(site, prediction.mean);
        }
    }

    /// The predictions at many sites.
    pub(super) fn predict(&self, sites: &[Site]) -> Vec<Prediction> {
        let mut block = vec![[0.0; LANES]; self.sites.len()];
        sites.chunks(LANES).flat_map(|sites| self.predict_lanes(sites, &mut block)).collect()
    }

    /// mean = vᵀ·L⁻¹y, variance = k(x, x) − vᵀv, with v = L⁻¹·k(X, x).
    fn predict_lanes(&self, sites: &[Site], block: &mut [[f64; LANES]]) -> Vec<Prediction> {
        for (lane, site) in sites.iter().enumerate() {
            let site = self.parameters.weighted(site, self.form);
            for (row, other) in block.iter_mut().zip(&self.sites) {
                row[lane] = self.parameters.covariance(&site, other);
            }
        }
        self.factor.solve_lower_lanes(0, block);
        let predict = |(lane, site): (usize, &Site)| {
            let (mut mean, mut explained) = (0.0, 0.0);
            for (row, solved) in block.iter().zip(&self.solved) {
                mean += row[lane] * solved;
                explained += row[lane] * row[lane];
            }
            let variance = self.parameters.variance(site.position) - explained;
            Prediction { mean, variance: variance.max(VARIANCE_MIN) }
        };
        sites.iter().enumerate().map(predict).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(index: u32) -> Site {
        Site::new(&[f64::from(index * 3 % 7) / 7.0, f64::from(index % 2)], f64::from(index % 3) / 2.0)
    }

    fn target(site: &Site) -> f64 {
        site.coordinates[0] - site.coordinates[1] * site.position
    }

    #[test]
    fn a_model_that_grew_predicts_what_one_made_at_once_does() {
        let form = Form::new([1, 1].into_iter());
        let parameters = Parameters::initial(&form);
        let sites: Vec<Site> = (0..9).map(site).collect();
        let targets: Vec<f64> = sites.iter().map(target).collect();
        let whole = Surrogate::new(&parameters, &form, &sites, &targets).unwrap();
        let mut grown = Surrogate::new(&parameters, &form, &sites[..4], &targets[..4]).unwrap();
        assert!(sites[4..].iter().zip(&targets[4..]).all(|(site, target)| grown.push(site, *target)));
        let asked: Vec<Site> = (9..30).map(site).collect();
        assert_eq!(grown.predict(&asked), whole.predict(&asked));
    }

    #[test]
    fn what_is_observed_is_predicted_and_what_is_far_is_not_known() {
        let form = Form::new([1].into_iter());
        let parameters = Parameters { noise: 1e-6, weights: vec![5.0, 1.0], ..Parameters::initial(&form) };
        let sites: Vec<Site> = [0.0, 0.1, 0.2].map(|x| Site::new(&[x], 1.0)).to_vec();
        let model = Surrogate::new(&parameters, &form, &sites, &[1.0, -1.0, 0.5]).unwrap();
        for (prediction, target) in model.predict(&sites).iter().zip([1.0, -1.0, 0.5]) {
            assert!((prediction.mean - target).abs() < 1e-3 && prediction.variance < 1e-4, "{prediction:?}");
        }
        assert!(model.predict(&[Site::new(&[1.0], 1.0)])[0].variance > 0.5);
    }

    #[test]
    fn believing_a_prediction_moves_no_mean_and_takes_doubt_away() {
        let form = Form::new([1, 1].into_iter());
        let parameters = Parameters::initial(&form);
        let sites: Vec<Site> = (0..4).map(site).collect();
        let targets: Vec<f64> = sites.iter().map(target).collect();
        let mut model = Surrogate::new(&parameters, &form, &sites, &targets).unwrap();
        let asked: Vec<Site> = (4..9).map(site).collect();
        let before = model.predict(&asked);
        model.believe(&asked[0]);
        for (before, after) in before.iter().zip(model.predict(&asked)) {
            assert!((before.mean - after.mean).abs() < 1e-9, "{before:?} {after:?}");
            assert!(after.variance <= before.variance + 1e-9);
        }
        assert!(model.predict(&asked)[0].variance < before[0].variance / 2.0);
    }
}
