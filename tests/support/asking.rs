//! A searcher with what it suggested, for tests that tell it what became of each trial.

use trialbox::numeric::amount::{Seed, TrialId, VirtualTime};
use trialbox::searcher::{Observation, ObservationKind, ResourceRange, Searcher, SearcherSpec, SuggestContext};
use trialbox::space::{Config, Space};

/// A searcher with its trials, by number.
pub struct Run {
    pub searcher: Box<dyn Searcher>,
    pub configs: Vec<Config>,
}

impl Run {
    pub fn new(spec: &SearcherSpec, space: &Space, seed: u64, range: Option<ResourceRange>) -> Self {
        Self { searcher: spec.build(space, Seed(seed), range), configs: Vec::new() }
    }

    pub fn tell(&mut self, trial: usize, kind: ObservationKind) {
        let config = self.configs[trial].clone();
        self.searcher.observe(&Observation { trial: TrialId(trial as u64), config: &config, kind });
    }

    /// Starts the next trial; none if nothing is suggested.
    pub fn suggest(&mut self) -> Option<usize> {
        let trial = self.configs.len();
        let context = SuggestContext { trial: TrialId(trial as u64), elapsed: VirtualTime(0), milestone: None };
        let config = self.searcher.suggest(&context)?;
        self.configs.push(config);
        self.tell(trial, ObservationKind::Pending { level: None });
        Some(trial)
    }
}
