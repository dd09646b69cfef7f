//! What the searcher was told, as far as a model can still need it, and the rows and targets of that model.
//!
//! Talks to `space` and to the trait's plain data. However long a study is, what is kept has a bound: of many rewards those stay
//! from which rows are taken, with room to spare, so that the choice is the same as from all.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::covariance::Site;
use crate::numeric::amount::TrialId;
use crate::numeric::float::{Rank, ln};
use crate::searcher::{Observation, ObservationKind, ResourceRange};
use crate::space::{Config, Space};

/// How many rewards a model rests on at most: a suggestion costs about their cube.
pub(super) const ROWS_MAX: usize = 200;
/// How many rewards stay when they have become too many. The most that rows can be, in each of the three ways to be chosen, are
/// among them: rewards that come later only push earlier ones back.
const KEPT: usize = 5 * ROWS_MAX / 2;
/// How many rewards are too many.
const KEPT_MAX: usize = 2 * KEPT;
/// How many trials that run count with what the model predicts for them at most: the latest.
const PENDING_MAX: usize = 64;

/// The levels of the resource, if there are any; one level otherwise.
#[derive(Clone, Copy, Debug)]
pub(super) struct Levels {
    first: u64,
    last: u64,
}

impl Levels {
    pub(super) fn new(range: Option<ResourceRange>) -> Self {
        range.map_or(Self { first: 1, last: 1 }, |ResourceRange { first, last }| Self { first, last: last.max(1) })
    }

    /// Whether there is more than one.
    pub(super) fn are_several(self) -> bool {
        self.last > 1
    }

    pub(super) fn last(self) -> u64 {
        self.last
    }

    /// The level under which a reward counts: within the range, and the last if it does not say.
    fn counted(self, level: Option<u64>) -> u64 {
        level.unwrap_or(self.last).clamp(1, self.last)
    }

    /// Where a level stands between the first unit of the resource, at 0, and the last level, at 1.
    fn position(self, level: u64) -> f64 {
        if self.are_several() { ln(level as f64) / ln(self.last as f64) } else { 1.0 }
    }

    /// A point of the unit cube at a level.
    pub(super) fn site(self, point: &[f64], level: u64) -> Site {
        Site::new(point, self.position(level))
    }
}

/// A reward that a model rests on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Row {
    pub(super) trial: TrialId,
    pub(super) level: u64,
    pub(super) reward: f64,
}

/// What is known of trials.
pub(super) struct Observations {
    pub(super) levels: Levels,
    /// The points, in the unit cube, of the trials of which anything below speaks.
    points: BTreeMap<TrialId, Vec<f64>>,
    rewards: BTreeMap<(TrialId, u64), f64>,
    /// At which level a trial's next reward is on its way.
    pending: BTreeMap<TrialId, u64>,
    /// How many rewards have come, also those that are no longer kept.
    told: u64,
}

impl Observations {
    /// Nothing is known yet.
    pub(super) fn new(levels: Levels) -> Self {
        let (points, rewards, pending) = Default::default();
        Self { levels, points, rewards, pending, told: 0 }
    }

    /// Takes note. At each level a trial's latest reward counts; one that is no number does not.
    pub(super) fn observe(&mut self, observation: &Observation<'_>, space: &Space) {
        let Observation { trial, config, kind } = *observation;
        match kind {
            ObservationKind::Pending { level } => {
                if self.is_known(trial, config, space) {
                    self.pending.insert(trial, self.levels.counted(level));
                }
            }
            ObservationKind::Rewarded { level, reward, .. } => {
                self.pending.remove(&trial);
                if reward.is_finite() && self.is_known(trial, config, space) {
                    self.rewards.insert((trial, self.levels.counted(level)), reward);
                    self.told += 1;
                }
            }
            ObservationKind::Withdrawn { level } => {
                self.rewards.remove(&(trial, self.levels.counted(Some(level))));
            }
            ObservationKind::Failed | ObservationKind::JobEnded => {
                self.pending.remove(&trial);
            }
        }
        self.forget(trial);
        if self.rewards.len() > KEPT_MAX {
            self.keep_few();
        }
    }

    /// Keeps the trial's point; false for one that was forced upon the study from outside the space: it says nothing here.
    fn is_known(&mut self, trial: TrialId, config: &Config, space: &Space) -> bool {
        if !self.points.contains_key(&trial) {
            let Ok(point) = space.encode(config) else { return false };
            self.points.insert(trial, point);
        }
        true
    }

    /// Forgets a trial's point if nothing speaks of it any more.
    fn forget(&mut self, trial: TrialId) {
        let has_rewards = self.rewards.range((trial, 0)..=(trial, u64::MAX)).next().is_some();
        if !has_rewards && !self.pending.contains_key(&trial) {
            self.points.remove(&trial);
        }
    }

    fn keep_few(&mut self) {
        let kept = self.chosen(KEPT);
        self.rewards.retain(|place, _| kept.contains(place));
        let trials: Vec<TrialId> = self.points.keys().copied().collect();
        trials.into_iter().for_each(|trial| self.forget(trial));
    }

    /// How many rewards have come.
    pub(super) fn told(&self) -> u64 {
        self.told
    }

    /// How many rewards a model rests on.
    pub(super) fn size(&self) -> usize {
        self.rewards.len().min(ROWS_MAX)
    }

    /// The point of a trial that rows or what is pending name.
    pub(super) fn point(&self, trial: TrialId) -> Option<&[f64]> {
        self.points.get(&trial).map(Vec::as_slice)
    }

    /// The same at a level.
    pub(super) fn site(&self, trial: TrialId, level: u64) -> Option<Site> {
        self.point(trial).map(|point| self.levels.site(point, level))
    }

    /// The latest trials for which a reward is on its way, in their order, with its level.
    pub(super) fn pending(&self) -> impl Iterator<Item = (TrialId, u64)> {
        let first = self.pending.len().saturating_sub(PENDING_MAX);
        self.pending.iter().skip(first).map(|(trial, level)| (*trial, *level))
    }

    /// The rewards that a model rests on, in the order of trials and levels.
    pub(super) fn rows(&self) -> Vec<Row> {
        let row = |(&(trial, level), &reward): (&(TrialId, u64), &f64)| Row { trial, level, reward };
        if self.rewards.len() <= ROWS_MAX {
            return self.rewards.iter().map(row).collect();
        }
        let chosen = self.chosen(ROWS_MAX);
        self.rewards.iter().filter(|(place, _)| chosen.contains(place)).map(row).collect()
    }

    /// So many rewards, or all: up to a half of the highest levels above the first, the best where they are alike; then the best,
    /// up to three quarters; then those of the latest trials.
    fn chosen(&self, most: usize) -> BTreeSet<(TrialId, u64)> {
        let mut places: Vec<(TrialId, u64)> = self.rewards.keys().copied().collect();
        let reward = |place: &(TrialId, u64)| Reverse(self.rewards.get(place).map(|&reward| Rank::of(reward)));
        places.sort_by_cached_key(|place| (Reverse(place.1), reward(place)));
        let is_high = |place: &&(TrialId, u64)| place.1 > self.levels.first;
        let mut chosen: BTreeSet<(TrialId, u64)> = places.iter().filter(is_high).take(most / 2).copied().collect();
        let fill = |chosen: &mut BTreeSet<(TrialId, u64)>, places: &[(TrialId, u64)], up_to: usize| {
            let room = up_to.saturating_sub(chosen.len());
            let further: Vec<_> = places.iter().filter(|place| !chosen.contains(place)).take(room).copied().collect();
            chosen.extend(further);
        };
        places.sort_by_cached_key(|place| (reward(place), *place));
        fill(&mut chosen, &places, most - most / 4);
        places.sort_by_key(|place| Reverse(*place));
        fill(&mut chosen, &places, most);
        chosen
    }
}

/// The order of rows from the best; of equal ones the earlier first.
pub(super) fn order(rows: &[Row]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by_key(|&row| Reverse(Rank::of(rows[row].reward)));
    order
}

/// Rewards as targets: to be minimised, all levels together, with mean 0 and variance 1. Those that are further below the median than
/// the best is above it count as just so far: how bad something is says little about where the best is, and a single loss
/// beyond all others would leave the rest alike. Where half of them are the best, nothing is cut off. Equal rewards are all 0.
pub(super) fn targets(rows: &[Row]) -> Vec<f64> {
    let order = order(rows);
    let Some(&best) = order.first() else { return Vec::new() };
    // Halves, so that no difference of finite numbers overflows.
    let gap = |row: usize| rows[best].reward / 2.0 - rows[row].reward / 2.0;
    let worst = gap(order[order.len() - 1]);
    let median = gap(order[order.len() / 2]);
    let cut = if median > 0.0 { worst.min(2.0 * median) } else { worst };
    if cut <= 0.0 {
        return vec![0.0; rows.len()];
    }
    let shares: Vec<f64> = (0..rows.len()).map(|row| gap(row).min(cut) / cut).collect();
    let count = shares.len() as f64;
    let mean = shares.iter().sum::<f64>() / count;
    let squares: f64 = shares.iter().map(|share| (share - mean) * (share - mean)).sum();
    // The best has share 0 and the worst 1: they do deviate.
    let deviation = (squares / count).sqrt();
    shares.iter().map(|share| (share - mean) / deviation).collect()
}
