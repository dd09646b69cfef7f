//! The trials that have not ended, by number: those that run, are paused or are early.

use super::trial::Trial;
use crate::numeric::amount::TrialId;

/// The trials that have not ended. They are numbered in order of start, early or not, so a list does; of one that has ended, no more than its
/// place remains.
#[derive(Default)]
pub(super) struct OpenTrials(Vec<Option<Box<Trial>>>);

impl OpenTrials {
    pub(super) fn get(&self, trial: &TrialId) -> Option<&Trial> {
        self.0.get(index(*trial)?)?.as_deref()
    }

    pub(super) fn get_mut(&mut self, trial: &TrialId) -> Option<&mut Trial> {
        self.0.get_mut(index(*trial)?)?.as_deref_mut()
    }

    /// Adds the trial with the next number.
    pub(super) fn push(&mut self, trial: Trial) {
        self.0.push(Some(Box::new(trial)));
    }

    pub(super) fn remove(&mut self, trial: &TrialId) -> Option<Trial> {
        self.0.get_mut(index(*trial)?)?.take().map(|known| *known)
    }

    pub(super) fn values_mut(&mut self) -> impl Iterator<Item = &mut Trial> {
        self.0.iter_mut().filter_map(Option::as_deref_mut)
    }
}

fn index(trial: TrialId) -> Option<usize> {
    usize::try_from(trial.0).ok()
}
