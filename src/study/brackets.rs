//! The bracket of each trial's job, for observers that follow a log. Talks to nobody.

use std::collections::BTreeMap;

use super::Event;
use crate::numeric::amount::TrialId;

/// The bracket of each running job. The state that comes with an event may be ahead of it: it may know of the trial's next job.
#[derive(Debug, Default)]
pub(crate) struct JobBrackets(BTreeMap<TrialId, u32>);

impl JobBrackets {
    /// Takes in the next event.
    pub(crate) fn follow(&mut self, event: &Event) {
        match event {
            Event::TrialStarted { trial, bracket: Some(bracket), .. }
            | Event::TrialResumed { trial, bracket: Some(bracket), .. } => {
                self.0.insert(*trial, *bracket);
            }
            Event::TrialPaused { trial, .. } | Event::TrialEnded { trial, .. } => {
                self.0.remove(trial);
            }
            _ => {}
        }
    }

    /// The bracket of the trial's job, if it runs and the scheduler has brackets.
    pub(crate) fn of(&self, trial: TrialId) -> Option<u32> {
        self.0.get(&trial).copied()
    }
}
