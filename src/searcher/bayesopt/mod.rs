//! Bayesian optimisation: a Gaussian process predicts the reward of every configuration, and the one that promises most beyond the
//! best is tried next.
//!
//! The model and the way to a suggestion are the original's (Snoek, Larochelle and Adams 2012). Talks to `space` and `numeric`; what it draws comes from
//! streams named by the trial, so that a suggestion follows from the seed and from what was told, in order.
//!
//! Where trials report at levels of a resource, the model is of configurations and levels together: each reward is a row of its own,
//! and what is suggested promises most at one level, chosen anew each time. `constrained_bayesopt` has a second model, of how
//! far reports are inside their constraint.
//!
//! A configuration has the parameters that are active in it and no others, so no two differ in inactive ones; in the encoding those
//! stand at their defaults, and count for nothing.

mod acquisition;
mod candidates;
mod data;
mod fit;
#[cfg(test)]
mod golden;
mod kernel;
mod model;
mod posterior;
mod setup;
mod spec;

pub use spec::{BayesoptError, BayesoptSpec, InitialScoring, MapReward, ResourceAcq, ResourceKernel};

use super::{GridSearcher, Observation, RandomSearcher, ResourceRange, Searcher, SuggestContext};
use crate::numeric::amount::Seed;
use crate::space::{Config, Space};
use acquisition::{Acquisition, Constraint};
use candidates::{Draws, best};
use data::{Output, Told};
use model::Model;
use posterior::Posterior;
use setup::Setup;

/// For how many pending trials rewards are made up at most: the latest.
const PENDING_MAX: usize = 64;
/// Of a space with more encoded dimensions there is no model; it is searched at random. A component says what its space is, and a
/// suggestion, which costs in proportion to them, must not keep the study for long.
const DIMENSIONS_MAX: usize = 200;
/// A space of at most this many configurations is enumerated for candidates once few remain.
const ENUMERATED_MAX: u64 = 10_000;

/// Searches with a model. It suggests nothing twice, and ends like the random searcher where a finite space is exhausted.
pub struct BayesoptSearcher {
    setup: Setup,
    /// Suggests until there is a model, and where that finds nothing new. It knows what was suggested.
    random: RandomSearcher,
    told: Told,
    model: Option<Model>,
}

impl BayesoptSearcher {
    /// A searcher that has suggested nothing yet. `range` are the levels of the resource at which trials report, if they do.
    #[must_use]
    pub fn new(space: &Space, seed: Seed, spec: BayesoptSpec, range: Option<ResourceRange>) -> Self {
        Self::with(Setup::new(space, seed, spec, range, &[Output::Reward]))
    }

    /// The same, with a model of the constraint besides.
    #[must_use]
    pub fn constrained(space: &Space, seed: Seed, spec: BayesoptSpec, range: Option<ResourceRange>) -> Self {
        Self::with(Setup::new(space, seed, spec, range, &[Output::Reward, Output::Slack]))
    }

    fn with(setup: Setup) -> Self {
        let random = RandomSearcher::new(setup.space.clone(), setup.seed, setup.spec.first_is_default);
        let told = Told::new(setup.range.map(|range| range.last), setup.outputs);
        Self { setup, random, told, model: None }
    }

    fn is_time_for_the_model(&self) -> bool {
        let has_begun = self.random.suggested() >= self.setup.num_init_random() && self.told.labels() > 0;
        has_begun && (1..=DIMENSIONS_MAX).contains(&self.setup.form.dimensions)
    }

    /// The level at which candidates are looked at; 0 where there are none.
    fn level(&self, context: &SuggestContext) -> Option<u64> {
        match (self.setup.range, self.setup.resource_acq()) {
            (Some(range), ResourceAcq::First) => Some(context.milestone.unwrap_or(range.first).clamp(1, range.last)),
            _ => self.told.level_with(self.setup.threshold()),
        }
    }

    /// What the model suggests; none if it finds nothing new, or if the rewards give no model.
    fn ask_model(&mut self, context: &SuggestContext) -> Option<Config> {
        let index = context.trial.0;
        let level = self.level(context)?;
        let mut model = Model::updated(self.model.take(), &self.told, &self.setup, level, index)?;
        let config = self.ask_posterior(&mut model, level, Draws { seed: self.setup.seed, index });
        model.forget_pending();
        self.model = Some(model);
        config
    }

    fn ask_posterior(&self, model: &mut Model, level: u64, draws: Draws) -> Option<Config> {
        let Self { setup, told, .. } = self;
        let pending = told.pending(PENDING_MAX).into_iter();
        let pending = pending.filter_map(|(config, at)| Some((setup.point(config, setup.encoded_level(at))?, at)));
        let (points, levels): (Vec<Vec<f64>>, Vec<u64>) = pending.unzip();
        let samples = setup.spec.num_fantasy_samples;
        let column = |(place, output): (usize, &Output)| {
            let scale = told.scale(*output);
            let targets = model.targets(told, *output, &scale);
            let columns = draws.fantasies(place as u32, &model.factors[place], &targets, &points, samples)?;
            Some((targets, columns, scale.target(0.0)))
        };
        let known = setup.outputs.iter().enumerate().map(column).collect::<Option<Vec<_>>>()?;
        // Where improvement counts from: what is known or pending at the level, or anything at all where that is nothing.
        let at_level = |(row, other): (usize, u64)| (other == level).then_some(row);
        let mut rows: Vec<usize> = model.levels().chain(levels).enumerate().filter_map(at_level).collect();
        if !model.add_pending(&points) {
            return None;
        }
        if rows.is_empty() {
            rows = (0..model.factors.first()?.size()).collect();
        }
        let mut posteriors = model.factors.iter().zip(&known).map(|(factor, (targets, columns, zero))| Constraint {
            posterior: Posterior::new(factor, targets, columns),
            threshold: *zero,
        });
        let acquisition = Acquisition::new(posteriors.next()?.posterior, posteriors.next(), &rows);
        let is_taken = |config: &Config| self.random.is_taken(config);
        let resource = setup.encoded_level(level);
        best(&acquisition, setup, resource, self.candidates(draws), draws, is_taken)
    }

    /// All configurations that remain, where they are few, else random ones.
    fn candidates(&self, draws: Draws) -> Vec<Config> {
        let (space, most) = (&self.setup.space, self.setup.spec.num_init_candidates);
        let count = space.count().filter(|&count| count <= ENUMERATED_MAX);
        let remain = count.map(|count| count.saturating_sub(self.random.suggested() as u64));
        if remain.is_some_and(|remain| remain <= most.into()) {
            return GridSearcher::all(space).filter(|config| !self.random.is_taken(config)).collect();
        }
        draws.candidates(space, most)
    }
}

impl Searcher for BayesoptSearcher {
    fn suggest(&mut self, context: &SuggestContext) -> Option<Config> {
        if self.is_time_for_the_model() && !self.random.is_exhausted() {
            let config = self.ask_model(context);
            if let Some(config) = config.and_then(|config| self.random.take(config)) {
                return Some(config);
            }
        }
        self.random.suggest(context)
    }

    fn note_point(&mut self, point: &Config) {
        self.random.note_point(point);
    }

    fn allow_duplicates(&mut self) {
        self.random.allow_duplicates();
    }

    fn observe(&mut self, observation: &Observation<'_>) {
        self.random.take(observation.config.clone());
        self.told.observe(observation);
    }

    fn data_size(&self) -> u64 {
        self.told.labels() as u64
    }

    fn model_parameters(&self) -> Vec<(String, f64)> {
        let Some(model) = &self.model else { return Vec::new() };
        let of_output = |(place, output): (&posterior::Factor, &Output)| {
            let prefix = match output {
                Output::Reward => "",
                Output::Slack => "constraint_",
            };
            let named = place.parameters.named(&self.setup.form).into_iter();
            named.map(move |(name, value)| (format!("{prefix}{name}"), value))
        };
        model.factors.iter().zip(self.setup.outputs).flat_map(of_output).collect()
    }
}
