//! The searcher without knobs: a model of configurations and levels together, whose suggestions are drawn as much as computed.
//!
//! The first configurations are the default one and random ones. From then on a Gaussian process with a Matérn covariance predicts
//! what each configuration does at any level, from rewards at all levels (Snoek, Larochelle and Adams 2012; the covariance
//! is in `covariance`). One of many candidates is chosen by a draw from the predictions (Thompson 1933), so that trials which are
//! suggested together differ, and is improved by neighbours that promise more. With levels, half of the suggestions aim at the last
//! one, half at the highest of which enough is known (after Falkner, Klein and Hutter 2018, arXiv 1807.01774).
//!
//! It was chosen by measurement, on public tables of learning curves with reals, integers, choices and conditions, among variants
//! with other covariances and targets, other ways to choose among candidates, and other numbers of them and of rewards. Decision
//! 0025 has what it reached beside `random` and `bayesopt`.
//!
//! Talks to `space` and `numeric`; what it draws comes from streams named by the trial. It knows a bounded number of rewards however
//! long a study is, and has no options but for the first configuration.

mod covariance;
mod fit;
mod neighbours;
mod observations;
mod proposal;
mod surrogate;

use std::cmp::Reverse;
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Observation, RandomSearcher, ResourceRange, Searcher, SuggestContext};
use crate::numeric::amount::{Seed, TrialId};
use crate::numeric::random::{Purpose, Stream};
use crate::space::{Config, Space};
use covariance::{Form, Parameters, Site};
use neighbours::Neighbourhood;
use observations::{Levels, Observations, Row};
use proposal::Proposal;
use surrogate::Surrogate;

/// How many suggestions come before those of the model.
const FIRST: usize = 4;
/// How many rewards a model needs.
const ROWS_MIN: usize = 2;
/// The share of suggestions that aim at the last level, whether or not much is known of it.
const AT_LAST: f64 = 0.5;
/// Of a space with more encoded dimensions there is no model; it is searched at random. A component says what its space is, and a
/// suggestion, which costs in proportion to them, must not keep the study for long.
const DIMENSIONS_MAX: usize = 200;
/// Up to so many rewards without levels, the parameters are fitted anew for each. Else they are once a tenth more have come.
const FITTED_EACH_MAX: u64 = 100;

/// The options of the searcher `auto`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutoSpec {
    /// Whether the first suggestion is the default configuration.
    pub first_is_default: bool,
}

impl Default for AutoSpec {
    fn default() -> Self {
        Self { first_is_default: true }
    }
}

/// Searches with a model that sets itself up. It suggests nothing twice, and ends like the random searcher where a finite space is
/// exhausted.
pub struct AutoSearcher {
    space: Space,
    seed: Seed,
    /// None for a space that is not modelled.
    shape: Option<Shape>,
    /// Suggests until there is a model, and where that finds nothing new. It knows what was suggested.
    random: RandomSearcher,
    observations: Observations,
    fitted: Option<Fitted>,
}

/// What a model knows of its space.
struct Shape {
    form: Form,
    neighbourhood: Neighbourhood,
}

/// The parameters of the last fit.
struct Fitted {
    /// How many rewards had come.
    told: u64,
    parameters: Parameters,
}

impl Fitted {
    fn is_due(&self, told: u64, levels: Levels) -> bool {
        if !levels.are_several() && self.told < FITTED_EACH_MAX {
            return told > self.told;
        }
        told >= self.told + self.told.div_ceil(10)
    }
}

impl AutoSearcher {
    /// A searcher that has suggested nothing yet. `range` are the levels of the resource at which trials report, if they do.
    #[must_use]
    pub fn new(space: &Space, seed: Seed, spec: &AutoSpec, range: Option<ResourceRange>) -> Self {
        let is_modelled = (1..=DIMENSIONS_MAX).contains(&space.encoded_size());
        let shape = is_modelled.then(|| {
            let neighbourhood = Neighbourhood::of(space);
            Shape { form: Form::new(neighbourhood.sizes()), neighbourhood }
        });
        let random = RandomSearcher::new(space.clone(), seed, spec.first_is_default);
        let observations = Observations::new(Levels::new(range));
        Self { space: space.clone(), seed, shape, random, observations, fitted: None }
    }

    /// The level at which the trial's configuration is to be good, by lot: the last, or the highest of which as many rewards are known
    /// as the space has parameters. What the model says of the last from few rewards there is good on smooth curves, and not on
    /// others.
    fn aim(&self, trial: TrialId, rows: &[Row]) -> u64 {
        let levels = self.observations.levels;
        let at_last = || Stream::new(self.seed, Purpose::Aim, trial.0, 0).uniform() < AT_LAST;
        if !levels.are_several() || at_last() {
            return levels.last();
        }
        let needed = self.space.searched().count();
        let mut reached: Vec<u64> = rows.iter().map(|row| row.level).collect();
        reached.sort_unstable_by_key(|level| Reverse(*level));
        reached.get(needed.saturating_sub(1)).copied().unwrap_or_else(|| levels.last())
    }

    /// What the model suggests; none if there is none yet, or if it finds nothing new.
    fn ask_model(&mut self, trial: TrialId) -> Option<Config> {
        let rows = self.observations.rows();
        if rows.len() < ROWS_MIN {
            return None;
        }
        let level = self.aim(trial, &rows);
        let Self { space, seed, shape, random, observations, fitted } = self;
        let shape = shape.as_ref().filter(|_| random.suggested() >= FIRST && !random.is_exhausted())?;
        let sites: Vec<Site> = rows.iter().filter_map(|row| observations.site(row.trial, row.level)).collect();
        let targets = observations::targets(&rows);
        let (told, levels) = (observations.told(), observations.levels);
        if fitted.as_ref().is_none_or(|fitted| fitted.is_due(told, levels)) {
            let last = fitted.as_ref().map(|fitted| &fitted.parameters);
            let parameters = fitted_to(&rows, &sites, &targets, &shape.form, last);
            *fitted = Some(Fitted { told, parameters });
        }
        let parameters = &fitted.as_ref()?.parameters;
        let mut surrogate = Surrogate::new(parameters, &shape.form, &sites, &targets)?;
        let pending = observations.pending().filter_map(|(trial, level)| observations.site(trial, level));
        pending.for_each(|site| surrogate.believe(&site));
        let trials: BTreeSet<TrialId> = rows.iter().map(|row| row.trial).collect();
        let known: Vec<&[f64]> = trials.into_iter().filter_map(|trial| observations.point(trial)).collect();
        let (surrogate, neighbourhood) = (&surrogate, &shape.neighbourhood);
        Proposal { space, neighbourhood, levels, level, random, surrogate, seed: *seed, index: trial.0 }.choose(&known)
    }
}

/// The parameters for these rows, or for some of them where they are many.
fn fitted_to(rows: &[Row], sites: &[Site], targets: &[f64], form: &Form, last: Option<&Parameters>) -> Parameters {
    let levels: Vec<u64> = rows.iter().map(|row| row.level).collect();
    let chosen = fit::chosen(&levels, &observations::order(rows));
    let sites: Vec<&Site> = chosen.iter().map(|&row| &sites[row]).collect();
    let targets: Vec<f64> = chosen.iter().map(|&row| targets[row]).collect();
    fit::fit(&sites, &targets, form, last)
}

impl Searcher for AutoSearcher {
    fn note_point(&mut self, point: &Config) {
        self.random.note_point(point);
    }

    fn allow_duplicates(&mut self) {
        self.random.allow_duplicates();
    }

    fn suggest(&mut self, context: &SuggestContext) -> Option<Config> {
        let config = self.ask_model(context.trial);
        match config.and_then(|config| self.random.take(config)) {
            Some(config) => Some(config),
            None => self.random.suggest(context),
        }
    }

    fn observe(&mut self, observation: &Observation<'_>) {
        self.random.take(observation.config.clone());
        if self.shape.is_some() {
            self.observations.observe(observation, &self.space);
        }
    }

    fn data_size(&self) -> u64 {
        self.observations.size() as u64
    }

    fn model_parameters(&self) -> Vec<(String, f64)> {
        let Some(Fitted { parameters, .. }) = &self.fitted else { return Vec::new() };
        let Parameters { noise, scales, weights } = parameters;
        let mut named = vec![("noise_variance".to_owned(), *noise)];
        let scales = ["kernel_scale", "kernel_scale_late", "kernel_scale_early"].into_iter().zip(scales);
        named.extend(scales.map(|(name, scale)| (name.to_owned(), *scale)));
        let names = self.space.searched().map(|parameter| parameter.name.as_str()).chain(["level"]);
        named.extend(names.zip(weights).map(|(name, weight)| (format!("kernel_inv_bw_{name}"), *weight)));
        named
    }
}
