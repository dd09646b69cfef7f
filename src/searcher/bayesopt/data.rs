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

/// Which number of a report is modelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Output {
    /// The reward.
    Reward,
    /// How far the report is inside its constraint.
    Slack,
}

/// What is known of all trials.
pub(super) struct Told {
    /// The largest level, if there are levels.
    level_max: Option<u64>,
    /// What a report must have to count.
    outputs: &'static [Output],
    trials: BTreeMap<TrialId, Trial>,
    /// How many rewards there are at each level where there are any.
    levels: BTreeMap<u64, usize>,
    /// Where there came a reward for the first time, in that order.
    order: Vec<(TrialId, u64)>,
    /// How many rewards there are.
    labels: usize,
    /// Counts what changes a reward.
    version: u64,
}

struct Trial {
    config: Config,
    /// The level at which a reward is on its way.
    pending: Option<u64>,
    /// By level.
    labels: BTreeMap<u64, Label>,
}

/// What was reported.
#[derive(Clone, Copy)]
struct Label {
    reward: f64,
    slack: f64,
    /// How many rewards had come before.
    sequence: usize,
}

/// A reward of a trial at a level.
#[derive(Clone, Copy)]
pub(super) struct Labelled<'a> {
    pub(super) trial: TrialId,
    /// 0 for all where there are no levels.
    pub(super) level: u64,
    pub(super) config: &'a Config,
    /// Later ones have larger numbers.
    pub(super) sequence: usize,
    reward: f64,
    slack: f64,
}

impl Labelled<'_> {
    /// What is to be as large as can be.
    pub(super) fn value(&self, output: Output) -> f64 {
        match output {
            Output::Reward => self.reward,
            Output::Slack => self.slack,
        }
    }
}

impl Told {
    /// Nothing is known yet. Without `level_max` all rewards count as of one level.
    pub(super) fn new(level_max: Option<u64>, outputs: &'static [Output]) -> Self {
        let (trials, levels, order) = Default::default();
        Self { level_max, outputs, trials, levels, order, labels: 0, version: 0 }
    }

    /// Takes note. At each level a trial's latest reward counts.
    pub(super) fn observe(&mut self, observation: &Observation<'_>) {
        let Observation { trial, config, kind } = observation;
        let level = match *kind {
            ObservationKind::Pending { level } | ObservationKind::Rewarded { level, .. } => self.counted(level),
            ObservationKind::Withdrawn { level } => self.counted(Some(level)),
            ObservationKind::Failed | ObservationKind::JobEnded => 0,
        };
        let fresh = || Trial { config: (*config).clone(), pending: None, labels: BTreeMap::new() };
        let known = self.trials.entry(*trial).or_insert_with(fresh);
        match *kind {
            ObservationKind::Pending { .. } => known.pending = Some(level),
            ObservationKind::Failed | ObservationKind::JobEnded => known.pending = None,
            ObservationKind::Rewarded { reward, constraint, .. } => {
                known.pending = None;
                self.label(*trial, level, reward, constraint);
            }
            ObservationKind::Withdrawn { .. } => {
                if known.labels.remove(&level).is_some() {
                    self.version += 1;
                    self.count(level, false);
                }
            }
        }
    }

    fn label(&mut self, trial: TrialId, level: u64, reward: f64, constraint: Option<f64>) {
        let slack = match (self.outputs.contains(&Output::Slack), constraint) {
            (false, _) => 0.0,
            (true, Some(excess)) => -excess,
            (true, None) => return,
        };
        let Some(known) = self.trials.get_mut(&trial).filter(|_| reward.is_finite() && slack.is_finite()) else {
            return;
        };
        let earlier = known.labels.get(&level).map(|label| label.sequence);
        let sequence = earlier.unwrap_or(self.order.len());
        known.labels.insert(level, Label { reward, slack, sequence });
        self.version += 1;
        if earlier.is_none() {
            self.order.push((trial, level));
            self.count(level, true);
        }
    }

    /// The level under which a reward counts. One that does not say counts as the last.
    fn counted(&self, level: Option<u64>) -> u64 {
        self.level_max.map_or(0, |most| level.unwrap_or(most).clamp(1, most))
    }

    fn count(&mut self, level: u64, is_more: bool) {
        let number = self.levels.entry(level).or_default();
        if is_more {
            (*number, self.labels) = (*number + 1, self.labels + 1);
            return;
        }
        (*number, self.labels) = (*number - 1, self.labels - 1);
        if *number == 0 {
            self.levels.remove(&level);
        }
    }

    /// How many rewards there are.
    pub(super) fn labels(&self) -> usize {
        self.labels
    }

    /// How many rewards there are at the largest level.
    pub(super) fn labels_at_most(&self) -> usize {
        self.levels.get(&self.counted(None)).copied().unwrap_or(0)
    }

    /// How many rewards have come, also those that were withdrawn.
    pub(super) fn sequence(&self) -> usize {
        self.order.len()
    }

    /// Changes whenever a reward does.
    pub(super) fn version(&self) -> u64 {
        self.version
    }

    /// The largest level with so many rewards; if there is none, the lowest that has any.
    pub(super) fn level_with(&self, least: usize) -> Option<u64> {
        let enough = self.levels.iter().rev().find(|(_, number)| **number >= least);
        enough.or_else(|| self.levels.first_key_value()).map(|(level, _)| *level)
    }

    /// The rewards, in the order of trials and levels.
    pub(super) fn labelled(&self) -> impl Iterator<Item = Labelled<'_>> + Clone {
        self.trials.iter().flat_map(|(&trial, known)| {
            known.labels.iter().map(move |(&level, label)| labelled(trial, known, level, *label))
        })
    }

    /// The rewards that came after so many others, in the order of their coming, without those that were withdrawn.
    pub(super) fn labelled_since(&self, sequence: usize) -> impl Iterator<Item = Labelled<'_>> {
        let since = self.order.iter().enumerate().skip(sequence);
        // One that was withdrawn may have come again, later.
        since
            .filter_map(|(place, (trial, level))| self.label_of(*trial, *level).filter(|label| label.sequence == place))
    }

    /// The reward of the trial at that level, if it has one.
    pub(super) fn label_of(&self, trial: TrialId, level: u64) -> Option<Labelled<'_>> {
        let known = self.trials.get(&trial)?;
        known.labels.get(&level).map(|label| labelled(trial, known, level, *label))
    }

    /// The latest `most` trials for which a reward is on its way, with its level.
    pub(super) fn pending(&self, most: usize) -> Vec<(&Config, u64)> {
        let pending = |known: &'_ Trial| known.pending.filter(|level| !known.labels.contains_key(level));
        let all = self.trials.values().rev().filter_map(|known| Some((&known.config, pending(known)?)));
        all.take(most).collect()
    }

    /// How what is reported becomes targets: all levels alike.
    pub(super) fn scale(&self, output: Output) -> Scale {
        Scale::of(self.labelled().map(|label| label.value(output)))
    }
}

fn labelled(trial: TrialId, known: &Trial, level: u64, label: Label) -> Labelled<'_> {
    let Label { reward, slack, sequence } = label;
    Labelled { trial, level, config: &known.config, sequence, reward, slack }
}

/// What is to be large to targets: to be minimised, with mean 0 and variance 1.
///
/// The original takes 1 − reward or −reward first; after the normalisation there is no difference.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    /// What numbers are divided by first, so that nothing overflows.
    unit: f64,
    mean: f64,
    deviation: f64,
}

impl Scale {
    fn of(values: impl Iterator<Item = f64> + Clone) -> Self {
        let largest = values.clone().fold(0.0, |largest: f64, value| largest.max(value.abs()));
        let unit = if largest > MAGNITUDE_MAX { largest } else { 1.0 };
        let (mut count, mut sum) = (0.0, 0.0);
        for value in values.clone() {
            (count, sum) = (count + 1.0, sum + value / unit);
        }
        let mean = sum / count;
        let mut squares = 0.0;
        for value in values {
            let difference = value / unit - mean;
            squares += difference * difference;
        }
        Self { unit, mean, deviation: (squares / count).sqrt().max(DEVIATION_MIN) }
    }

    /// The target of a value.
    pub(super) fn target(&self, value: f64) -> f64 {
        (self.mean - value / self.unit) / self.deviation
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

    fn told(level_max: Option<u64>, kinds: &[ObservationKind]) -> Told {
        let mut told = Told::new(level_max, &[Output::Reward]);
        let config = Config::default();
        for kind in kinds {
            told.observe(&Observation { trial: TrialId(0), config: &config, kind: *kind });
        }
        told
    }

    fn rewards(told: &Told) -> Vec<(u64, f64)> {
        assert_eq!(told.labelled().count(), told.labels());
        told.labelled().map(|label| (label.level, label.value(Output::Reward))).collect()
    }

    const fn pending(level: u64) -> ObservationKind {
        ObservationKind::Pending { level: Some(level) }
    }

    const fn rewarded(level: u64, reward: f64) -> ObservationKind {
        ObservationKind::Rewarded { level: Some(level), reward, constraint: None }
    }

    #[test]
    fn a_trial_counts_at_each_level_with_its_latest_reward() {
        let kinds = [rewarded(1, 0.5), rewarded(3, 0.25), rewarded(1, 0.75), rewarded(9, f64::NAN), rewarded(99, 0.1)];
        assert_eq!(rewards(&told(Some(27), &kinds)), [(1, 0.75), (3, 0.25), (27, 0.1)]);
        assert_eq!(rewards(&told(None, &kinds)), [(0, 0.1)]);
    }

    #[test]
    fn what_is_withdrawn_no_longer_counts_and_may_come_again() {
        let withdrawn = ObservationKind::Withdrawn { level: 3 };
        let kinds = [rewarded(1, 0.5), rewarded(3, 0.25), withdrawn, withdrawn];
        let mut told = told(Some(27), &kinds);
        assert_eq!(rewards(&told), [(1, 0.5)]);
        assert_eq!(told.level_with(1), Some(1));
        let kind = rewarded(3, 0.125);
        told.observe(&Observation { trial: TrialId(0), config: &Config::default(), kind });
        assert_eq!(rewards(&told), [(1, 0.5), (3, 0.125)]);
        let since = told.labelled_since(1).map(|label| (label.level, label.sequence)).collect::<Vec<_>>();
        assert_eq!(since, [(3, 2)]);
    }

    #[test]
    fn a_reward_is_pending_until_it_comes_or_the_job_is_over() {
        let level = |kinds: &[ObservationKind]| {
            let told = told(Some(27), kinds);
            told.pending(9).first().map(|(_, level)| *level)
        };
        assert_eq!(level(&[pending(1)]), Some(1));
        assert_eq!(level(&[pending(1), rewarded(1, 0.5)]), None);
        assert_eq!(level(&[pending(1), rewarded(1, 0.5), pending(3)]), Some(3));
        assert_eq!(level(&[pending(1), rewarded(1, 0.5), pending(3), ObservationKind::JobEnded]), None);
        assert_eq!(level(&[pending(1), ObservationKind::Failed]), None);
    }

    #[test]
    fn the_level_with_enough_rewards_is_the_largest_else_the_lowest() {
        let mut told = told(Some(27), &[]);
        assert_eq!(told.level_with(2), None);
        for (trial, level, expected) in [(0, 3, 3), (1, 1, 1), (2, 1, 1), (3, 3, 3), (4, 9, 3), (5, 9, 9)] {
            let (config, kind) = (Config::default(), rewarded(level, 0.5));
            told.observe(&Observation { trial: TrialId(trial), config: &config, kind });
            assert_eq!(told.level_with(2), Some(expected), "with trial {trial}");
        }
        assert_eq!(told.labels_at_most(), 0);
    }

    #[test]
    fn without_the_constraint_a_reward_does_not_count_where_it_is_needed() {
        let mut told = Told::new(None, &[Output::Reward, Output::Slack]);
        let config = Config::default();
        for (trial, constraint) in [(0, None), (1, Some(f64::INFINITY)), (2, Some(0.5))] {
            let kind = ObservationKind::Rewarded { level: None, reward: 1.0, constraint };
            told.observe(&Observation { trial: TrialId(trial), config: &config, kind });
        }
        assert_eq!(told.labelled().map(|label| label.value(Output::Slack)).collect::<Vec<_>>(), [-0.5]);
    }
}
