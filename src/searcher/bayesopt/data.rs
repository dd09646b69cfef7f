//! What the searcher was told of each trial, and what of it the model is made from.
//!
//! Talks to `space` and to the trait's plain data.

use std::collections::BTreeMap;

use crate::numeric::amount::TrialId;
use crate::searcher::{Observation, ObservationKind};
use crate::space::Config;

/// No standard deviation of rewards is smaller, as in the original.
const DEVIATION_MIN: f64 = 1e-15;
/// Squares of larger numbers could overflow.
const MAGNITUDE_MAX: f64 = 1e100;

/// What is known of all trials.
#[derive(Default)]
pub(super) struct Told {
    trials: BTreeMap<TrialId, Trial>,
    /// How many trials have a reward.
    labels: usize,
    /// Counts what changes a reward.
    version: u64,
    /// Counts trials with their first reward.
    sequence: u64,
}

struct Trial {
    config: Config,
    is_pending: bool,
    label: Option<Label>,
}

/// A trial's reward.
#[derive(Clone, Copy)]
struct Label {
    level: Option<u64>,
    reward: f64,
    /// How many trials had a reward before.
    sequence: u64,
}

/// A trial with a reward.
#[derive(Clone, Copy)]
pub(super) struct Labelled<'a> {
    pub(super) trial: TrialId,
    pub(super) config: &'a Config,
    pub(super) reward: f64,
    /// Later rewarded trials have larger numbers.
    pub(super) sequence: u64,
}

impl Told {
    /// Takes note. Of a trial's rewards the one at its highest level counts.
    pub(super) fn observe(&mut self, observation: &Observation<'_>) {
        let Observation { trial, config, kind } = observation;
        let fresh = || Trial { config: (*config).clone(), is_pending: false, label: None };
        let known = self.trials.entry(*trial).or_insert_with(fresh);
        match *kind {
            ObservationKind::Pending { .. } => known.is_pending = true,
            ObservationKind::Failed | ObservationKind::JobEnded => known.is_pending = false,
            ObservationKind::Rewarded { level, reward } => {
                known.is_pending = false;
                if reward.is_finite() && known.label.is_none_or(|label| label.level <= level) {
                    self.labels += usize::from(known.label.is_none());
                    self.sequence += u64::from(known.label.is_none());
                    self.version += 1;
                    let sequence = known.label.map_or(self.sequence, |label| label.sequence);
                    known.label = Some(Label { level, reward, sequence });
                }
            }
            ObservationKind::Withdrawn { level } => {
                if known.label.is_some_and(|label| label.level == Some(level)) {
                    known.label = None;
                    self.labels -= 1;
                    self.version += 1;
                }
            }
        }
    }

    /// How many trials have a reward.
    pub(super) fn labels(&self) -> usize {
        self.labels
    }

    /// Changes whenever a reward does.
    pub(super) fn version(&self) -> u64 {
        self.version
    }

    /// The trials with a reward, in their order.
    pub(super) fn labelled(&self) -> impl Iterator<Item = Labelled<'_>> + Clone {
        self.trials.iter().filter_map(|(&trial, known)| known.label.map(|label| labelled(trial, known, label)))
    }

    /// The trial, if it has a reward.
    pub(super) fn label_of(&self, trial: TrialId) -> Option<Labelled<'_>> {
        let known = self.trials.get(&trial)?;
        known.label.map(|label| labelled(trial, known, label))
    }

    /// The latest `most` configurations whose trials have no reward yet and will have one.
    pub(super) fn pending(&self, most: usize) -> Vec<&Config> {
        let is_pending = |known: &&Trial| known.is_pending && known.label.is_none();
        self.trials.values().rev().filter(is_pending).take(most).map(|known| &known.config).collect()
    }

    /// How rewards become targets.
    pub(super) fn scale(&self) -> Scale {
        Scale::of(self.labelled().map(|label| label.reward))
    }
}

fn labelled(trial: TrialId, known: &Trial, label: Label) -> Labelled<'_> {
    Labelled { trial, config: &known.config, reward: label.reward, sequence: label.sequence }
}

/// Rewards to targets: to be minimised, with mean 0 and variance 1.
///
/// The original takes 1 − reward or −reward first; after the normalisation there is no difference.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    /// What rewards are divided by first, so that nothing overflows.
    unit: f64,
    mean: f64,
    deviation: f64,
}

impl Scale {
    fn of(rewards: impl Iterator<Item = f64> + Clone) -> Self {
        let largest = rewards.clone().fold(0.0, |largest: f64, reward| largest.max(reward.abs()));
        let unit = if largest > MAGNITUDE_MAX { largest } else { 1.0 };
        let (mut count, mut sum) = (0.0, 0.0);
        for reward in rewards.clone() {
            (count, sum) = (count + 1.0, sum + reward / unit);
        }
        let mean = sum / count;
        let mut squares = 0.0;
        for reward in rewards {
            let difference = reward / unit - mean;
            squares += difference * difference;
        }
        Self { unit, mean, deviation: (squares / count).sqrt().max(DEVIATION_MIN) }
    }

    /// The target of a reward.
    pub(super) fn target(&self, reward: f64) -> f64 {
        (self.mean - reward / self.unit) / self.deviation
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn targets(rewards: &[f64]) -> Vec<f64> {
        let scale = Scale::of(rewards.iter().copied());
        rewards.iter().map(|&reward| scale.target(reward)).collect()
    }

    #[test]
    fn targets_have_mean_0_and_variance_1_and_the_best_reward_is_the_least() {
        assert_eq!(targets(&[1.0, 3.0, 1.0, 3.0]), [1.0, -1.0, 1.0, -1.0]);
        assert_eq!(targets(&[7.0, 7.0]), [0.0, 0.0]);
    }

    #[test]
    fn targets_are_finite_however_large_rewards_are() {
        assert_eq!(targets(&[f64::MAX, -f64::MAX]), [-1.0, 1.0]);
    }

    #[test]
    fn of_a_trials_rewards_the_one_at_its_highest_level_counts() {
        let mut told = Told::default();
        let config = Config::default();
        let mut observe = |kind| {
            told.observe(&Observation { trial: TrialId(0), config: &config, kind });
            (told.labelled().map(|label| label.reward).collect::<Vec<f64>>(), told.labels(), told.pending(9).len())
        };
        let rewarded = |level, reward| ObservationKind::Rewarded { level: Some(level), reward };
        assert_eq!(observe(ObservationKind::Pending { level: Some(1) }), (vec![], 0, 1));
        assert_eq!(observe(rewarded(1, 0.5)), (vec![0.5], 1, 0));
        assert_eq!(observe(ObservationKind::Pending { level: Some(3) }), (vec![0.5], 1, 0));
        assert_eq!(observe(rewarded(3, 0.25)), (vec![0.25], 1, 0));
        assert_eq!(observe(rewarded(1, 0.75)), (vec![0.25], 1, 0));
        assert_eq!(observe(rewarded(4, f64::NAN)), (vec![0.25], 1, 0));
        assert_eq!(observe(ObservationKind::Withdrawn { level: 3 }), (vec![], 0, 0));
        assert_eq!(observe(ObservationKind::Failed), (vec![], 0, 0));
    }
}
