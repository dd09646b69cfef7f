//! The trials that have not ended, by number: those that run, are paused or are early.

use super::Job;
use super::trial::{Stage, Trial};
use crate::numeric::amount::TrialId;

/// The trials that have not ended. They are numbered in order of start, early or not, so a list does; of one that has ended, no more than its
/// place remains.
#[derive(Default)]
pub(super) struct OpenTrials {
    trials: Vec<Option<Box<Trial>>>,
    /// One that has ended, for the next to use its memory.
    spare: Option<Box<Trial>>,
}

impl OpenTrials {
    pub(super) fn get(&self, trial: &TrialId) -> Option<&Trial> {
        self.trials.get(index(*trial)?)?.as_deref()
    }

    pub(super) fn get_mut(&mut self, trial: &TrialId) -> Option<&mut Trial> {
        self.trials.get_mut(index(*trial)?)?.as_deref_mut()
    }

    /// Adds the trial with the next number, which has just been started.
    pub(super) fn push(&mut self, job: Job) {
        self.push_at(job, Stage::Running);
    }

    /// Adds the trial with the next number, which has not been started.
    pub(super) fn push_early(&mut self, job: Job) {
        self.push_at(job, Stage::Early);
    }

    fn push_at(&mut self, job: Job, stage: Stage) {
        let trial = match self.spare.take() {
            Some(mut spare) => {
                spare.begin(job, stage);
                spare
            }
            None => Box::new(Trial::new(job, stage)),
        };
        self.trials.push(Some(trial));
    }

    pub(super) fn remove(&mut self, trial: &TrialId) -> Option<Box<Trial>> {
        self.trials.get_mut(index(*trial)?)?.take()
    }

    /// Takes back what was removed.
    pub(super) fn reuse(&mut self, ended: Box<Trial>) {
        self.spare = Some(ended);
    }

    pub(super) fn values_mut(&mut self) -> impl Iterator<Item = &mut Trial> {
        self.trials.iter_mut().filter_map(Option::as_deref_mut)
    }
}

fn index(trial: TrialId) -> Option<usize> {
    usize::try_from(trial.0).ok()
}
