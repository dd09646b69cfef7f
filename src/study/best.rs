//! Which trial is the best.

use serde::{Deserialize, Serialize};

use crate::numeric::amount::TrialId;

/// The best trial so far: the largest reward, of equals the trial that was started first.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// The trial.
    pub trial: TrialId,
    /// Its reward.
    pub reward: f64,
}

impl Best {
    /// The better of this and another.
    #[must_use]
    pub fn or_better(self, other: Self) -> Self {
        let better = other.reward > self.reward || (other.reward == self.reward && other.trial < self.trial);
        if better { other } else { self }
    }
}
