//! Bayesian optimisation: a Gaussian process predicts the reward of every configuration, and the one that promises most beyond the
//! best is tried next.
//!
//! The model and the way to a suggestion are the original's (Snoek, Larochelle and Adams 2012). Talks to `space` and `numeric`; what it draws comes from
//! streams named by the trial, so that a suggestion follows from the seed and from what was told, in order.
//!
//! A trial counts with the reward at its highest level: the model knows no resource.

mod acquisition;
mod candidates;
mod data;
mod fit;
#[cfg(test)]
mod golden;
mod kernel;
mod model;
mod posterior;
mod spec;

pub use spec::{BayesoptError, BayesoptSpec, InitialScoring};

use super::{GridSearcher, Observation, RandomSearcher, Searcher, SuggestContext};
use crate::numeric::amount::Seed;
use crate::space::{Config, Space};
use candidates::{Draws, best};
use data::Told;
use model::Model;
use posterior::Posterior;

/// For how many pending trials rewards are made up at most: the latest.
const PENDING_MAX: usize = 64;
/// Of a space with more encoded dimensions there is no model; it is searched at random. A component says what its space is, and a
/// suggestion, which costs in proportion to them, must not keep the study for long.
const DIMENSIONS_MAX: usize = 200;
/// A space of at most this many configurations is enumerated for candidates once few remain.
const ENUMERATED_MAX: u64 = 10_000;

/// Searches with a model. It suggests nothing twice, and ends like the random searcher where a finite space is exhausted.
pub struct BayesoptSearcher {
    space: Space,
    seed: Seed,
    spec: BayesoptSpec,
    /// Suggests until there is a model, and where that finds nothing new. It knows what was suggested.
    random: RandomSearcher,
    told: Told,
    model: Option<Model>,
}

impl BayesoptSearcher {
    /// A searcher that has suggested nothing yet.
    #[must_use]
    pub fn new(space: &Space, seed: Seed, spec: BayesoptSpec) -> Self {
        let random = RandomSearcher::new(space.clone(), seed, spec.first_is_default);
        Self { space: space.clone(), seed, spec, random, told: Told::default(), model: None }
    }

    fn is_time_for_the_model(&self) -> bool {
        let has_begun = self.random.suggested() >= self.spec.num_init_random as usize && self.told.labels() > 0;
        has_begun && (1..=DIMENSIONS_MAX).contains(&self.space.encoded_size())
    }

    /// What the model suggests; none if it finds nothing new, or if the rewards give no model.
    fn ask_model(&mut self, context: &SuggestContext) -> Option<Config> {
        let Self { space, seed, spec, told, .. } = self;
        let index = context.trial.0;
        let mut model = Model::updated(self.model.take(), told, space, spec, *seed, index)?;
        let config = self.ask_posterior(&mut model, Draws { seed: self.seed, index });
        model.forget_pending();
        self.model = Some(model);
        config
    }

    fn ask_posterior(&self, model: &mut Model, draws: Draws) -> Option<Config> {
        let targets = model.targets(&self.told, &self.told.scale());
        let pending: Vec<Vec<f64>> =
            self.told.pending(PENDING_MAX).into_iter().filter_map(|config| self.space.encode(config).ok()).collect();
        let columns = draws.fantasies(&model.factor, &targets, &pending, self.spec.num_fantasy_samples)?;
        if !pending.iter().all(|point| model.factor.push(point)) {
            return None;
        }
        let posterior = Posterior::new(&model.factor, &targets, &columns);
        let is_taken = |config: &Config| self.random.is_taken(config);
        best(&posterior, &self.space, self.candidates(draws), &self.spec, draws, is_taken)
    }

    /// All configurations that remain, where they are few, else random ones.
    fn candidates(&self, draws: Draws) -> Vec<Config> {
        let count = self.space.count().filter(|&count| count <= ENUMERATED_MAX);
        let remain = count.map(|count| count.saturating_sub(self.random.suggested() as u64));
        if remain.is_some_and(|remain| remain <= self.spec.num_init_candidates.into()) {
            return GridSearcher::all(&self.space).filter(|config| !self.random.is_taken(config)).collect();
        }
        draws.candidates(&self.space, self.spec.num_init_candidates)
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
        let parameters = &model.factor.parameters;
        let weights = parameters.weights.iter().enumerate();
        let weights = weights.map(|(index, weight)| (format!("kernel_inv_bw{index}"), *weight));
        // The original's names.
        let mut named = vec![("noise_variance".to_owned(), parameters.noise)];
        named.extend(weights);
        named.push(("kernel_covariance_scale".to_owned(), parameters.scale));
        named.push(("mean_mean_value".to_owned(), parameters.mean));
        named
    }
}
