//! What the searcher was told, as far as a model can still need it, and the rows and targets of that model.
//!
//! Talks to `space` and to the trait's plain data. However long a study is, what is kept has a bound: of many rewards those stay
//! from which rows are taken, with room to spare, so that the choice is the same as from all.

use std::cmp::Reverse;
use std::collections::btree_map::Entry;
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
        if let Entry::Vacant(vacant) = self.points.entry(trial) {
            let Ok(point) = space.encode(config) else { return false };
            vacant.insert(point);
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::space::{Domain, Parameter, RealRange, Value};

    fn line() -> Space {
        let range = RealRange { lower: 0.0, upper: 1.0, log: false };
        Space::new(vec![Parameter::new("x", Domain::Real(range))]).unwrap()
    }

    fn config() -> Config {
        let mut config = Config::default();
        config.insert("x", Value::Real(0.5));
        config
    }

    fn tell(observations: &mut Observations, trial: u64, kind: ObservationKind) {
        observations.observe(&Observation { trial: TrialId(trial), config: &config(), kind }, &line());
    }

    const fn rewarded(level: u64, reward: f64) -> ObservationKind {
        ObservationKind::Rewarded { level: Some(level), reward, constraint: None }
    }

    fn with_levels(first: u64, last: u64) -> Observations {
        Observations::new(Levels::new(Some(ResourceRange { first, last })))
    }

    fn targets_of(rewards: &[f64]) -> Vec<f64> {
        let row = |&reward: &f64| Row { trial: TrialId(0), level: 1, reward };
        targets(&rewards.iter().map(row).collect::<Vec<_>>())
    }

    #[test]
    fn what_is_worse_than_the_median_is_cut_off_as_far_below_it_as_the_best_is_above() {
        // Gaps to the best 0, 1, 2, 3, 1000; the last is cut off at 4; mean 2 and variance 2.
        let expected = [0.0, 1.0, 2.0, 3.0, 4.0].map(|gap: f64| (gap - 2.0) / 2.0_f64.sqrt());
        for (target, expected) in targets_of(&[10.0, 9.0, 8.0, 7.0, -990.0]).iter().zip(expected) {
            assert!((target - expected).abs() < 1e-12, "{target} is not {expected}");
        }
    }

    #[test]
    fn where_half_of_the_rewards_are_the_best_the_others_still_differ_from_it() {
        assert_eq!(targets_of(&[1.0, 0.0, 1.0, 1.0]), targets_of(&[1.0, -7.0, 1.0, 1.0]));
        assert!(targets_of(&[1.0, 0.0, 1.0, 1.0])[1] > 1.0);
    }

    #[test]
    fn targets_of_extreme_rewards_are_numbers() {
        assert_eq!(targets_of(&[3.5; 3]), [0.0; 3]);
        for rewards in [[-1e308, 1e308, 0.0], [f64::MIN, f64::MAX, f64::MAX], [1e-320, 2e-320, 4e-320]] {
            let targets = targets_of(&rewards);
            let squares: f64 = targets.iter().map(|target| target * target).sum();
            assert!((squares - 3.0).abs() < 1e-9, "{rewards:?}: {targets:?}");
        }
    }

    #[test]
    fn rows_are_the_latest_rewards_that_were_not_withdrawn_within_the_levels() {
        let mut observations = with_levels(1, 9);
        tell(&mut observations, 1, rewarded(0, 0.1));
        tell(&mut observations, 0, rewarded(99, 0.2));
        tell(&mut observations, 0, rewarded(3, 0.3));
        tell(&mut observations, 0, rewarded(3, 0.4));
        tell(&mut observations, 2, rewarded(3, f64::NAN));
        tell(&mut observations, 3, rewarded(2, 0.5));
        tell(&mut observations, 3, ObservationKind::Withdrawn { level: 2 });
        let rows: Vec<_> = observations.rows().iter().map(|row| (row.trial.0, row.level, row.reward)).collect();
        assert_eq!(rows, [(0, 3, 0.4), (0, 9, 0.2), (1, 1, 0.1)]);
    }

    #[test]
    fn a_reward_is_on_its_way_until_it_comes_or_the_job_is_over() {
        let pending = |level| ObservationKind::Pending { level };
        for (kinds, expected) in [
            (vec![pending(Some(3))], Some(3)),
            (vec![pending(None)], Some(9)),
            (vec![pending(Some(3)), rewarded(3, 0.5)], None),
            (vec![pending(Some(3)), rewarded(3, 0.5), pending(Some(9))], Some(9)),
            (vec![pending(Some(3)), ObservationKind::Failed], None),
            (vec![pending(Some(3)), ObservationKind::JobEnded], None),
        ] {
            let mut observations = with_levels(1, 9);
            kinds.iter().for_each(|kind| tell(&mut observations, 0, *kind));
            assert_eq!(observations.pending().next().map(|(_, level)| level), expected, "{kinds:?}");
        }
    }

    #[test]
    fn of_a_configuration_from_outside_the_space_nothing_is_kept() {
        let mut observations = with_levels(1, 9);
        let config = Config::default();
        for kind in
            [ObservationKind::Pending { level: None }, rewarded(1, 0.5), ObservationKind::Withdrawn { level: 1 }]
        {
            observations.observe(&Observation { trial: TrialId(0), config: &config, kind }, &line());
        }
        assert_eq!((observations.rows(), observations.pending().count()), (Vec::new(), 0));
    }

    /// The rows of all rewards, where none was dropped before.
    fn rows_of_all(levels: Levels, told: &[(u64, u64, f64)]) -> Vec<Row> {
        let mut all = Observations::new(levels);
        for &(trial, level, reward) in told {
            all.rewards.insert((TrialId(trial), level), reward);
        }
        all.rows()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20))]

        #[test]
        fn dropping_what_is_far_from_being_a_row_changes_no_row_in_any_order(
            told in prop::collection::vec((0..2_000_u64, 0..4_u32, 0..300_i32), 1_000..2_500),
            first in 1..4_u64,
        ) {
            // At each level a trial's latest reward counts: the order decides which, unless there is one each.
            let told: BTreeMap<(u64, u64), f64> =
                told.into_iter().map(|(trial, power, reward)| ((trial, 3_u64.pow(power)), f64::from(reward))).collect();
            let told: Vec<(u64, u64, f64)> = told.into_iter().map(|((trial, level), reward)| (trial, level, reward)).collect();
            let mut shuffled = told.clone();
            shuffled.sort_by_key(|(trial, level, _)| (trial * 7_919 + level * 31) % 2_003);
            let expected = rows_of_all(Levels::new(Some(ResourceRange { first, last: 27 })), &told);
            for order in [told, shuffled] {
                let mut observations = with_levels(first, 27);
                for (trial, level, reward) in order {
                    tell(&mut observations, trial, rewarded(level, reward));
                    prop_assert!(observations.rewards.len() <= KEPT_MAX && observations.points.len() <= KEPT_MAX);
                }
                prop_assert_eq!(observations.rows(), expected.clone());
            }
        }
    }

    #[test]
    fn half_of_many_rows_are_of_high_levels_a_quarter_the_best_and_a_quarter_the_latest() {
        let mut told: Vec<(u64, u64, f64)> = (0..300).map(|trial| (trial, 1, -1.0 - trial as f64)).collect();
        told.extend((0..150).map(|trial| (trial, 3, trial as f64)));
        let rows = rows_of_all(Levels::new(Some(ResourceRange { first: 1, last: 9 })), &told);
        let (high, low): (Vec<Row>, Vec<Row>) = rows.iter().partition(|row| row.level == 3);
        // The best of the high ones come again as the best of all.
        assert_eq!(high.iter().map(|row| row.trial.0).collect::<Vec<_>>(), (0..150).collect::<Vec<_>>());
        assert_eq!(low.iter().map(|row| row.trial.0).collect::<Vec<_>>(), (250..300).collect::<Vec<_>>());
    }
}
