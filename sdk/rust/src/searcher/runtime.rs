//! What the `searcher` macro expands to calls: from the component's exports to the searcher.

use std::cell::RefCell;

use super::{Assignment, Observation, Options, Searcher, Space};
use crate::bindings::searching::exports::trialbox::trial::search as contract;
use crate::bindings::trialbox::trial::types;
use crate::runtime::{attribute, own, own_parameter, show_panics};

/// The searcher of the component, once it has begun.
#[derive(Debug)]
pub struct Live<T>(RefCell<Option<T>>);

impl<T: Searcher> Live<T> {
    /// Before the beginning.
    #[must_use]
    pub const fn new() -> Self {
        Self(RefCell::new(None))
    }

    /// The export `begin`.
    pub fn begin(&self, assignment: contract::Assignment) -> Result<(), String> {
        show_panics();
        let options = assignment.options.into_iter().map(|option| (option.name, own(option.value))).collect();
        let begun = T::begin(Assignment {
            space: Space::new(assignment.parameters.into_iter().map(own_parameter).collect()),
            seed: assignment.seed,
            options: Options::new(options),
        })?;
        *self.0.borrow_mut() = Some(begun);
        Ok(())
    }

    /// The export `suggest`.
    pub fn suggest(&self, trial: u64) -> Option<Vec<types::Attribute>> {
        let suggested = self.0.borrow_mut().as_mut().expect("the engine calls `begin` first").suggest(trial)?;
        let owned = suggested.iter().map(|(name, value)| (name.to_owned(), value.clone()));
        Some(owned.map(attribute).collect())
    }

    /// The export `observe`.
    pub fn observe(&self, observation: contract::Observation) {
        let mut live = self.0.borrow_mut();
        let searcher = live.as_mut().expect("the engine calls `begin` first");
        searcher.observe(observation.trial, own_kind(observation.kind));
    }
}

impl<T: Searcher> Default for Live<T> {
    fn default() -> Self {
        Self::new()
    }
}

fn own_kind(kind: contract::ObservationKind) -> Observation {
    match kind {
        contract::ObservationKind::Pending(level) => Observation::Pending { level },
        contract::ObservationKind::Rewarded(contract::Rewarded { level, reward, constraint }) => {
            Observation::Rewarded { level, reward, constraint }
        }
        contract::ObservationKind::Withdrawn(level) => Observation::Withdrawn { level },
        contract::ObservationKind::Failed => Observation::Failed,
        contract::ObservationKind::JobEnded => Observation::JobEnded,
    }
}
