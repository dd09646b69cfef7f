//! Searchers propose configurations and learn from observations.
//!
//! Part of the core; uses `space` and `numeric`. A searcher never sees a study or a scheduler: it is told plain data, and what
//! it answers is a function of its settings, the study's seed and what it was told before.

mod auto;
mod bayesopt;
mod component;
mod grid;
mod random;
mod recorded;
mod rl;
mod seen;

use serde::{Deserialize, Serialize};

pub use auto::{AutoSearcher, AutoSpec};
pub use bayesopt::{
    BayesoptError, BayesoptSearcher, BayesoptSpec, InitialScoring, MapReward, ResourceAcq, ResourceKernel,
};
pub use component::{
    ComponentSearcherError, ComponentSearcherSpec, OPTION_NAME_BYTES_MAX, OPTION_TEXT_BYTES_MAX, OPTIONS_MAX,
};
pub use grid::{GRID_POINTS_DEFAULT, GridSearcher, GridSpec};
pub use random::{RandomSearcher, RandomSpec};
pub use recorded::RecordedSearcher;
pub use rl::{CONTROLLER_OPTIONS_MAX, ControllerError, ControllerSpec, RlSearcher};

use crate::numeric::amount::{Seed, TrialId, VirtualTime};
use crate::numeric::digest::Digest;
use crate::space::{Config, Space};

/// Which searcher a study uses, with its options.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SearcherSpec {
    /// Draws at random without repetition.
    Random(RandomSpec),
    /// Goes through all combinations.
    Grid(GridSpec),
    /// Models the reward and tries what promises most.
    Bayesopt(BayesoptSpec),
    /// Learns from rewards which values to draw.
    Rl(ControllerSpec),
    /// As `bayesopt`, and models the constraint besides.
    ConstrainedBayesopt(BayesoptSpec),
    /// Asks a component that somebody else has written.
    Component(ComponentSearcherSpec),
    /// Models the reward at all levels, and sets itself up.
    Auto(AutoSpec),
}

/// The levels of the resource at which rewards are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResourceRange {
    /// The lowest at which trials are compared.
    pub first: u64,
    /// Where every trial ends.
    pub last: u64,
}

/// What a searcher may know when it is asked for a configuration.
#[derive(Clone, Copy, Debug)]
pub struct SuggestContext {
    /// The trial that the configuration is for.
    pub trial: TrialId,
    /// The study's clock.
    pub elapsed: VirtualTime,
    /// The level of the resource at which the trial is compared with others first, if it is and that is known.
    pub milestone: Option<u64>,
}

/// Something that a searcher is told of a trial.
#[derive(Clone, Copy, Debug)]
pub struct Observation<'a> {
    /// The trial.
    pub trial: TrialId,
    /// Its configuration.
    pub config: &'a Config,
    /// What is known of it.
    pub kind: ObservationKind,
}

/// What a searcher is told of a trial.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum ObservationKind {
    /// A reward is on its way.
    Pending {
        /// At which level of the resource, if that is known.
        level: Option<u64>,
    },
    /// It has reached a reward, to be maximised.
    Rewarded {
        /// At which level of the resource, if the report said.
        level: Option<u64>,
        /// The reward.
        reward: f64,
        /// By how much the report goes past the study's constraint, if it said.
        constraint: Option<f64>,
    },
    /// The reward at that level no longer counts: a later one stands for it.
    Withdrawn {
        /// The level.
        level: u64,
    },
    /// Its evaluation failed.
    Failed,
    /// Its job is over, for now or for good: what is still pending will not come.
    JobEnded,
}

/// Why a searcher suggests no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SearcherFailure {
    /// It has failed by itself: the same searcher, told the same, fails the same. Says how.
    Fault(String),
    /// What ran it was lost: told the same elsewhere, it may go on. Says how.
    Lost(String),
}

/// A search algorithm.
pub trait Searcher: Send {
    /// The next configuration to evaluate, or none if the space is exhausted.
    fn suggest(&mut self, context: &SuggestContext) -> Option<Config>;

    /// Whether what it suggests depends on nothing but the number of the trial and its earlier suggestions. It may then be asked
    /// for trials long before they are started.
    fn is_oblivious(&self) -> bool {
        false
    }

    /// Takes note, before it is asked for anything, of a configuration that is tried first: it is not to be suggested, unless
    /// duplicates are allowed, and it stands for the first suggestion.
    fn note_point(&mut self, _point: &Config) {}

    /// Lets it suggest a configuration more than once; told before it is asked for anything.
    fn allow_duplicates(&mut self) {}
    /// Why it suggests no more, if it has failed. Without a failure, none is suggested where the space is exhausted.
    fn failure(&self) -> Option<&SearcherFailure> {
        None
    }

    /// Takes note of what has become of a trial.
    fn observe(&mut self, _observation: &Observation<'_>) {}

    /// How many rewards the searcher's model rests on; 0 for searchers without one.
    fn data_size(&self) -> u64 {
        0
    }

    /// The parameters of the searcher's model by name, for the training history.
    fn model_parameters(&self) -> Vec<(String, f64)> {
        Vec::new()
    }
}

impl Default for SearcherSpec {
    fn default() -> Self {
        Self::Auto(AutoSpec::default())
    }
}

impl SearcherSpec {
    /// The searcher with these settings, at its start. `range` are the levels at which it will be told rewards, if they have any.
    /// For a component, which only its user can run, it is one that has failed.
    #[must_use]
    pub fn build(&self, space: &Space, seed: Seed, range: Option<ResourceRange>) -> Box<dyn Searcher> {
        match self {
            Self::Random(spec) => Box::new(RandomSearcher::new(space.clone(), seed, spec.first_is_default)),
            Self::Grid(spec) => Box::new(GridSearcher::new(space, spec.points)),
            Self::Bayesopt(spec) => Box::new(BayesoptSearcher::new(space, seed, *spec, range)),
            Self::ConstrainedBayesopt(spec) => Box::new(BayesoptSearcher::constrained(space, seed, *spec, range)),
            Self::Rl(spec) => Box::new(RlSearcher::new(space, seed, *spec)),
            Self::Component(_) => Box::new(component::NotRun::new()),
            Self::Auto(spec) => Box::new(AutoSearcher::new(space, seed, spec, range)),
        }
    }

    /// Whether it can suggest a configuration more than once.
    #[must_use]
    pub fn can_repeat(&self) -> bool {
        match self {
            Self::Random(_)
            | Self::Bayesopt(_)
            | Self::ConstrainedBayesopt(_)
            | Self::Rl(_)
            | Self::Component(_)
            | Self::Auto(_) => true,
            Self::Grid(_) => false,
        }
    }

    /// Says which component it is that searches, by digest and size, if one does.
    pub fn identify(&mut self, found: Option<(Digest, u64)>) {
        if let (Self::Component(settings), Some((component, bytes))) = (self, found) {
            (settings.component, settings.bytes) = (component, bytes);
        }
    }

    /// The name in study files.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Random(_) => "random",
            Self::Grid(_) => "grid",
            Self::Bayesopt(_) => "bayesopt",
            Self::Rl(_) => "rl",
            Self::ConstrainedBayesopt(_) => "constrained_bayesopt",
            Self::Component(_) => "component",
            Self::Auto(_) => "auto",
        }
    }

    /// Whether it learns from nothing but rewards with the value of a constraint.
    #[must_use]
    pub fn needs_constraint(&self) -> bool {
        matches!(self, Self::ConstrainedBayesopt(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::digest::canonical_bytes;

    #[test]
    fn specifications_are_encoded_as_in_recorded_studies() {
        let grid = SearcherSpec::Grid(GridSpec { points: 300 });
        for (spec, bytes, json) in [
            (SearcherSpec::Random(RandomSpec::default()), vec![0, 1], r#"{"random":{"first_is_default":true}}"#),
            (grid, vec![1, 0xac, 2], r#"{"grid":{"points":300}}"#),
            (SearcherSpec::default(), vec![6, 1], r#"{"auto":{"first_is_default":true}}"#),
        ] {
            assert_eq!(canonical_bytes(&spec), bytes);
            assert_eq!(serde_json::to_string(&spec).unwrap(), json);
        }
    }
}
