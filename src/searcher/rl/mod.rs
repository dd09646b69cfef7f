//! Search by a controller that learns from rewards which options lead to good ones: the original's searcher for `RLScheduler`.
//!
//! Every configuration is drawn from the controller's policy, so it may come more than once. When all trials of a batch have ended,
//! the policy is updated from their last rewards. Trials without a reward take no part. Talks to `space` and `numeric`;
//! what it draws comes from streams named by the trial.
//!
//! The original knows choices only. Here every parameter is decided on, in order of declaration: intervals in parts, within which
//! values are drawn evenly, and those under a condition only where they are active.

mod controller;
mod decisions;
mod learner;
mod spec;

use std::collections::BTreeMap;

pub use spec::{CONTROLLER_OPTIONS_MAX, ControllerError, ControllerSpec};

use super::{Observation, ObservationKind, Searcher, SuggestContext};
use crate::numeric::amount::{Seed, TrialId};
use crate::numeric::float::first_largest;
use crate::numeric::random::{Purpose, Stream};
use crate::space::{Config, Space};
use controller::{Controller, Trace};
use decisions::Decisions;
use learner::{Learner, Lesson};

/// The searcher `rl`.
pub struct RlSearcher {
    space: Space,
    seed: Seed,
    batch: u64,
    decisions: Decisions,
    learner: Learner,
    /// The latest reward of each running trial.
    rewards: BTreeMap<TrialId, f64>,
    /// What came of the trials that have ended, of batches that are not complete; none without a reward.
    ended: BTreeMap<TrialId, Option<Lesson>>,
}

impl RlSearcher {
    /// A searcher that has learnt nothing yet.
    #[must_use]
    pub fn new(space: &Space, seed: Seed, spec: ControllerSpec) -> Self {
        let decisions = Decisions::of(space);
        let learner = Learner::new(Controller::new(&decisions.sizes(), seed), spec);
        let batch = u64::from(spec.batch.max(1));
        let (rewards, ended) = (BTreeMap::new(), BTreeMap::new());
        Self { space: space.clone(), seed, batch, decisions, learner, rewards, ended }
    }

    /// The configuration of the most likely option in each decision, one after the other; of the part of an interval, the middle.
    #[must_use]
    pub fn inference(&self) -> Config {
        self.decided_by(|probabilities| (first_largest(probabilities), 0.5))
    }

    /// How likely it is that the next configuration has the same options as this one; of intervals, that it is of the same parts.
    #[must_use]
    pub fn probability(&self, config: &Config) -> f64 {
        self.learner.controller.probability(&self.decisions.path(&self.space, config))
    }

    /// The configuration of the options that `pick` takes by their probabilities, each with a position in its part.
    fn decided_by(&self, mut pick: impl FnMut(&[f64]) -> (usize, f64)) -> Config {
        let mut trace = Trace::default();
        self.space.config_with(|parameter| {
            // There is a decision on every parameter that is no constant.
            let Some((decision, options)) = self.decisions.on(parameter) else { return parameter.default.clone() };
            let (option, position) = pick(self.learner.controller.decide(&mut trace, decision));
            trace.choose(option);
            options.value(option, position)
        })
    }

    /// Learns from the batch of that trial, if all of it have ended.
    fn learn_with(&mut self, trial: TrialId) {
        let first = trial.0 - trial.0 % self.batch;
        let batch = TrialId(first)..TrialId(first.saturating_add(self.batch));
        if self.ended.range(batch.clone()).count() as u64 != self.batch {
            return;
        }
        let mut complete = self.ended.split_off(&batch.start);
        self.ended.append(&mut complete.split_off(&batch.end));
        let lessons: Vec<Lesson> = complete.into_values().flatten().collect();
        self.learner.learn(&lessons);
    }
}

impl Searcher for RlSearcher {
    fn suggest(&mut self, context: &SuggestContext) -> Option<Config> {
        let mut stream = Stream::new(self.seed, Purpose::Policy, context.trial.0, 0);
        Some(self.decided_by(|probabilities| (drawn(probabilities, stream.uniform()), stream.uniform())))
    }

    fn observe(&mut self, observation: &Observation<'_>) {
        let trial = observation.trial;
        match observation.kind {
            ObservationKind::Rewarded { reward, .. } => {
                self.rewards.insert(trial, reward);
            }
            ObservationKind::JobEnded => {
                let path = self.decisions.path(&self.space, observation.config);
                let lesson = self.rewards.remove(&trial).map(|reward| Lesson { path, reward });
                self.ended.insert(trial, lesson);
                self.learn_with(trial);
            }
            ObservationKind::Pending { .. } | ObservationKind::Withdrawn { .. } | ObservationKind::Failed => {}
        }
    }

    fn data_size(&self) -> u64 {
        self.learner.rewards
    }

    fn model_parameters(&self) -> Vec<(String, f64)> {
        let Some(baseline) = self.learner.baseline else { return Vec::new() };
        let inferred = self.probability(&self.inference());
        vec![("baseline".to_owned(), baseline), ("inference_probability".to_owned(), inferred)]
    }
}

/// The option at that place, from 0 to 1, where each takes as much room as it is likely.
fn drawn(probabilities: &[f64], place: f64) -> usize {
    let mut sum = 0.0;
    let option = probabilities.iter().position(|probability| {
        sum += probability;
        place < sum
    });
    // Rounding may leave the sum a bit short of 1.
    option.unwrap_or(probabilities.len().saturating_sub(1))
}
