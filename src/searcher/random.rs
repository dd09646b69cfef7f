//! Random search without repetition.

use serde::{Deserialize, Serialize};

use super::seen::Seen;
use super::{GridSearcher, Searcher, SuggestContext};
use crate::numeric::amount::Seed;
use crate::numeric::random::{Purpose, Stream};
use crate::space::{Config, Space};

/// How many draws are made for one suggestion before the space counts as nearly exhausted: the original's first and 100 more.
const DRAWS_MAX: u64 = 101;
/// A nearly exhausted space of at most this many configurations is enumerated to find those that remain. A larger one counts as
/// exhausted when all draws for a suggestion fail.
const ENUMERATED_MAX: u64 = 1_000_000;

/// The options of the searcher `random`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RandomSpec {
    /// Whether the first suggestion is the default configuration.
    pub first_is_default: bool,
}

/// Draws configurations at random, the default one first, and none twice. A finite space is exhausted to the last
/// configuration.
pub struct RandomSearcher {
    space: Space,
    seed: Seed,
    first_is_default: bool,
    suggested: Seen,
    /// Whether a configuration may be suggested more than once.
    repeats: bool,
    /// How many configurations the space has, if that can be counted.
    count: Option<u64>,
    /// What was never suggested, once drawing has become too rarely successful.
    remainder: Option<Vec<Config>>,
}

impl Default for RandomSpec {
    fn default() -> Self {
        Self { first_is_default: true }
    }
}

impl RandomSearcher {
    /// A searcher that has suggested nothing yet.
    #[must_use]
    pub fn new(space: Space, seed: Seed, first_is_default: bool) -> Self {
        let count = space.count();
        Self { space, seed, first_is_default, suggested: Seen::new(), repeats: false, count, remainder: None }
    }

    /// Counts the configuration as suggested; gives it back if it may be suggested now.
    pub(super) fn take(&mut self, config: Config) -> Option<Config> {
        let is_new = self.suggested.insert(config.key());
        (is_new || self.repeats).then_some(config)
    }

    /// How many different configurations were suggested.
    pub(super) fn suggested(&self) -> usize {
        self.suggested.len()
    }

    /// Whether the configuration must not be suggested, because it was.
    pub(super) fn is_taken(&self, config: &Config) -> bool {
        !self.repeats && self.suggested.contains(&config.key())
    }

    /// Whether every configuration of a finite space was suggested, and none may be again.
    pub(super) fn is_exhausted(&self) -> bool {
        !self.repeats && self.count.is_some_and(|count| self.suggested.len() as u64 >= count)
    }

    /// One of the configurations that were never suggested, each equally likely.
    fn draw_from_remainder(&mut self, context: &SuggestContext) -> Option<Config> {
        if self.remainder.is_none() && self.count? > ENUMERATED_MAX {
            return None;
        }
        let suggested = &self.suggested;
        let remainder = self.remainder.get_or_insert_with(|| {
            GridSearcher::all(&self.space).filter(|config| !suggested.contains(&config.key())).collect()
        });
        let mut stream = Stream::new(self.seed, Purpose::Remainder, context.trial.0, 0);
        while !remainder.is_empty() {
            let config = remainder.swap_remove(stream.below(remainder.len() as u64) as usize);
            // A searcher that has this one at hand may have suggested it since.
            if self.suggested.insert(config.key()) {
                return Some(config);
            }
        }
        None
    }
}

impl Searcher for RandomSearcher {
    fn is_oblivious(&self) -> bool {
        true
    }

    fn note_point(&mut self, point: &Config) {
        self.suggested.insert(point.key());
    }

    fn allow_duplicates(&mut self) {
        self.repeats = true;
    }

    fn suggest(&mut self, context: &SuggestContext) -> Option<Config> {
        if self.first_is_default && self.suggested.len() == 0 {
            let config = self.space.default_config();
            return self.take(config);
        }
        if self.is_exhausted() {
            return None;
        }
        if self.remainder.is_some() {
            return self.draw_from_remainder(context);
        }
        for draw in 0..DRAWS_MAX {
            let config = self.space.sample(&mut Stream::new(self.seed, Purpose::Config, context.trial.0, draw));
            if let Some(config) = self.take(config) {
                return Some(config);
            }
        }
        self.draw_from_remainder(context)
    }
}
