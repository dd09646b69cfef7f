//! Suggests what a log says was suggested: for looking at a study whose searcher nobody wants to run again.

use super::{Searcher, SearcherFailure, SuggestContext};
use crate::space::Config;

/// A searcher that has its suggestions from a log.
#[derive(Debug)]
pub struct RecordedSearcher {
    configs: Vec<Config>,
    recorded: Option<SearcherFailure>,
    has_failed: bool,
}

impl RecordedSearcher {
    /// Suggests these configurations, one a trial, and then fails with that message if there is one.
    #[must_use]
    pub fn new(configs: Vec<Config>, failure: Option<String>) -> Self {
        Self { configs, recorded: failure.map(SearcherFailure::Fault), has_failed: false }
    }
}

impl Searcher for RecordedSearcher {
    fn suggest(&mut self, context: &SuggestContext) -> Option<Config> {
        let config = usize::try_from(context.trial.0).ok().and_then(|index| self.configs.get(index)).cloned();
        self.has_failed |= config.is_none();
        config
    }

    fn failure(&self) -> Option<&SearcherFailure> {
        self.recorded.as_ref().filter(|_| self.has_failed)
    }
}
