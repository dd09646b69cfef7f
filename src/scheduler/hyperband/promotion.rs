//! The variant `promotion`, also known as ASHA: a trial pauses at each rung until it is among the best of it.
//!
//! Implements [`Scheduler`]; talks to `ladder` for levels and brackets and to `rung` for the order of rewards. The rule is the
//! asynchronous successive halving of Li et al. 2018 (arXiv 1810.05934) after Jamieson & Talwalkar 2016 (arXiv 1502.07943).

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::HyperbandSpec;
use super::ladder::Ladder;
use super::rung::Split;
use crate::numeric::amount::TrialId;
use crate::numeric::by_trial::ByTrial;
use crate::numeric::float::{Rank, round_half_even};
use crate::scheduler::{
    Comparison, Decision, NextJob, Placement, PlacementProblem, Progress, RungEntry, RungState, RungSystemState,
    Scheduler, Verdict,
};

/// The scheduler `hyperband` of the type `promotion`.
pub struct PromotionScheduler {
    ladder: Ladder,
    /// Each system's rungs, the lowest first.
    systems: Vec<Vec<Rung>>,
    running: ByTrial<Running>,
}

/// A trial that has a job.
struct Running {
    system: usize,
    /// The rung where it will be compared; past the last one, it runs to `max_t`.
    target: usize,
    /// The level from which its job was resumed.
    resume_from: Option<u64>,
}

/// The place of an entry in its rung: of equal rewards, the one that came first is the greater.
type Place = (Rank, Reverse<usize>);

/// A rung's rewards.
struct Rung {
    quantile: f64,
    entries_min: u64,
    /// Split so that the upper part holds as many as may be promoted, promoted ones included.
    places: Split<Place>,
    /// Every place of the upper part whose entry pauses here, promoted ones excluded; few, since they are promoted soon. Others may
    /// be among them: those promoted since, and those that fell to the lower part, which come anew should they rise again.
    candidates: BinaryHeap<Place>,
    /// In order of insertion.
    entries: Vec<(TrialId, f64)>,
    /// Whether each entry was promoted. Apart from the entries, since a flag inside would take eight bytes.
    promoted: Vec<bool>,
}

impl Rung {
    fn new(quantile: f64) -> Self {
        Self {
            quantile,
            // A cast from a float saturates.
            entries_min: round_half_even(1.0 / quantile) as u64,
            places: Split::new(),
            candidates: BinaryHeap::new(),
            entries: Vec::new(),
            promoted: Vec::new(),
        }
    }

    /// How many of `entries` are promoted.
    fn num_top(&self, entries: usize) -> usize {
        if (entries as u64) < self.entries_min {
            return 0;
        }
        // The cast cuts off the fraction.
        (entries as f64 * self.quantile) as usize
    }

    fn is_among_best(&self, place: Place) -> bool {
        self.places.least_of_upper().is_some_and(|least| place >= *least)
    }

    /// Adds an entry, whose place has yet to be decided on: [`Rung::pause`] or [`Rung::mark`].
    fn record(&mut self, trial: TrialId, reward: f64) -> Place {
        let place = (Rank::of(reward), Reverse(self.entries.len()));
        self.entries.push((trial, reward));
        self.promoted.push(false);
        let (entries, num_top) = (self.entries.len(), self.num_top(self.entries.len()));
        let candidates = &mut self.candidates;
        self.places.insert(place, entries - num_top, |risen| {
            if *risen != place {
                candidates.push(*risen);
            }
        });
        place
    }

    fn pause(&mut self, place: Place) {
        if self.is_among_best(place) {
            self.candidates.push(place);
        }
    }

    fn mark(&mut self, (_, Reverse(index)): Place) {
        self.promoted[index] = true;
    }

    /// The best of those that pause, if it may be promoted.
    fn promotable(&mut self) -> Option<Place> {
        while let Some(&place) = self.candidates.peek() {
            let (_, Reverse(index)) = place;
            if !self.is_among_best(place) {
                // Nor are those behind it.
                self.candidates.clear();
            } else if self.promoted[index] {
                self.candidates.pop();
            } else {
                return Some(place);
            }
        }
        None
    }

    /// Promotes the best of those that pause, if it may be.
    fn promote(&mut self) -> Option<TrialId> {
        let place = self.promotable()?;
        self.candidates.pop();
        self.mark(place);
        let (_, Reverse(index)) = place;
        Some(self.entries[index].0)
    }

    fn comparison(&self) -> Comparison {
        let entries = self.entries.len();
        Comparison::Top { entries: entries as u64, entries_min: self.entries_min, places: self.num_top(entries) as u64 }
    }

    fn state(&self, level: u64) -> RungState {
        let entries = self.entries.iter().zip(&self.promoted);
        let entry = |(&(trial, reward), &promoted): (&(TrialId, f64), &bool)| RungEntry { trial, reward, promoted };
        let entries = entries.map(entry).collect();
        RungState { level, promotion_quantile: self.quantile, entries, comparison: self.comparison() }
    }
}

impl PromotionScheduler {
    /// The scheduler with these settings, at its start.
    #[must_use]
    pub fn new(spec: &HyperbandSpec) -> Self {
        let ladder = Ladder::new(spec);
        let systems = ladder.systems_of(Rung::new);
        Self { ladder, systems, running: ByTrial::default() }
    }

    /// Promotes a trial of the highest rung that has one to promote.
    fn promote(&mut self, bracket: u32) -> Option<NextJob> {
        let system = self.ladder.system_of(bracket);
        let lowest = self.ladder.lowest_rung(system);
        let rungs = self.systems[system].iter_mut().enumerate().rev();
        let (rung, trial) = rungs.into_iter().find_map(|(index, rung)| Some((lowest + index, rung.promote()?)))?;
        let resume_from = self.ladder.level(rung);
        let target = rung + 1;
        self.running.insert(trial, Running { system, target, resume_from: Some(resume_from) });
        let placement = self.ladder.placement(bracket, self.ladder.level(target));
        Some(NextJob::Resume { trial, resume_from, placement })
    }
}

impl Scheduler for PromotionScheduler {
    fn next_job(&mut self, bracket: Option<u32>) -> NextJob {
        let bracket = self.ladder.draw(bracket);
        self.promote(bracket).unwrap_or_else(|| self.ladder.start(bracket))
    }

    fn on_trial_start(&mut self, trial: TrialId, placement: &Placement) {
        let bracket = self.ladder.bracket_within(placement.bracket);
        let system = self.ladder.system_of(bracket);
        self.running.insert(trial, Running { system, target: bracket as usize, resume_from: None });
    }

    fn on_report(&mut self, progress: &Progress) -> Result<Verdict, PlacementProblem> {
        let running = self.running.get_mut(progress.trial).ok_or(PlacementProblem::NotRunning)?;
        let time = progress.time.ok_or(PlacementProblem::NoTime)?;
        if time >= self.ladder.max_t() {
            self.running.remove(progress.trial);
            return Ok(Verdict::at_max_t());
        }
        let level = self.ladder.level(running.target);
        // A promoted trial may run again from its start, through what is known of it.
        let is_known = |resume_from: Option<u64>| resume_from.is_some_and(|level| time <= level);
        if time < level {
            return Ok(Verdict { ignore_data: is_known(running.resume_from), ..Verdict::CONTINUE });
        }
        if time > level {
            return Err(PlacementProblem::MilestoneSkipped { level, time });
        }
        let reward = progress.reward.ok_or(PlacementProblem::NoReward { level })?;

        let rung = &mut self.systems[running.system][running.target - self.ladder.lowest_rung(running.system)];
        let place = rung.record(progress.trial, reward);
        let comparison = rung.comparison();
        let next_milestone = self.ladder.level(running.target + 1);
        let decision = if rung.is_among_best(place) {
            rung.mark(place);
            running.target += 1;
            running.resume_from = None;
            Decision::Continue
        } else {
            rung.pause(place);
            self.running.remove(progress.trial);
            Decision::Pause
        };
        // A milestone lies above where the job was resumed: its data is new.
        Ok(Verdict::at_rung(level, decision, Some(next_milestone), comparison))
    }

    fn forecast(&self, progress: &Progress) -> Option<u64> {
        let (time, reward) = (progress.time?, progress.reward?);
        let system = self.running.get(progress.trial).map_or(0, |running| running.system);
        let rung = self.ladder.rung_at(time)?;
        let known = self.systems.get(system)?.get(rung.checked_sub(self.ladder.lowest_rung(system))?)?;
        let place = (Rank::of(reward), Reverse(known.entries.len()));
        known.is_among_best(place).then(|| self.ladder.level(rung + 1))
    }

    fn on_job_end(&mut self, trial: TrialId) {
        self.running.remove(trial);
    }

    fn rungs(&self) -> Vec<RungSystemState> {
        let rungs = |system: usize| {
            let lowest = self.ladder.lowest_rung(system);
            let rungs = self.systems[system].iter().enumerate().rev();
            rungs.map(|(index, rung)| rung.state(self.ladder.level(lowest + index))).collect()
        };
        let state = |system| RungSystemState { bracket: self.ladder.bracket_of(system), rungs: rungs(system) };
        (0..self.systems.len()).map(state).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    #[test]
    fn who_may_be_promoted_is_decided_as_by_the_original() {
        let recorded: Value = serde_json::from_str(include_str!("../../../tests/golden/unit_promotable.json")).unwrap();
        let cases = recorded["cases"].as_array().unwrap();
        for case in cases {
            let mut rung = Rung::new(case["prom_quant"].as_f64().unwrap());
            let entries = case["values"].as_array().unwrap().iter().zip(case["promoted"].as_array().unwrap());
            let mut places = Vec::new();
            for (trial, (value, promoted)) in (0..).zip(entries) {
                let place = rung.record(TrialId(trial), value.as_f64().unwrap());
                if promoted.as_bool().unwrap() {
                    rung.mark(place);
                } else {
                    rung.pause(place);
                }
                places.push((place, promoted.as_bool().unwrap()));
            }
            let Comparison::Top { entries_min, places: num_top, .. } = rung.comparison() else { unreachable!() };
            if num_top > 0 {
                assert_eq!(Some(entries_min), case["min_entries"].as_u64(), "{case}");
            }
            assert_eq!(Some(num_top), case["num_top"].as_u64(), "{case}");
            let promotable = rung.promotable().map(|(_, Reverse(index))| index as u64);
            assert_eq!(promotable, case["promotable"].as_u64(), "{case}");
            if let Some(query) = case["query_key"].as_u64() {
                let (place, promoted) = places[query as usize];
                let may = !promoted && rung.is_among_best(place);
                // The original asks for the first that may be promoted, and whether it is this one.
                assert_eq!(may, case["query_promotable"].as_bool().unwrap(), "{case}");
            }
        }
        assert!(cases.len() >= 50, "{}", cases.len());
    }

    /// What may be promoted, from the rule: the best that waits, if it is among the best of all.
    fn promotable_by_rule(entries: &[(f64, bool)], num_top: usize) -> Option<usize> {
        let mut order: Vec<usize> = (0..entries.len()).collect();
        // A stable sort: of equal rewards, the first stays in front.
        order.sort_by(|a, b| entries[*b].0.total_cmp(&entries[*a].0));
        let is_paused = |index: &usize| !entries[*index].1;
        order.into_iter().take(num_top).find(is_paused)
    }

    proptest! {
        #[test]
        fn the_best_that_waits_is_promoted_once_it_is_among_the_best(
            quantile in prop::sample::select(vec![0.2, 1.0 / 3.0, 0.5, 0.75]),
            trend in -1..=1_i32,
            obeys in any::<bool>(),
            steps in prop::collection::vec((0..60_u8, any::<bool>(), 0..3_u8), 0..500),
        ) {
            let mut rung = Rung::new(quantile);
            let mut entries: Vec<(f64, bool)> = Vec::new();
            for (draw, marks, promotions) in steps {
                let reward = f64::from(draw) + f64::from(trend) * entries.len() as f64 / 4.0;
                let place = rung.record(TrialId(entries.len() as u64), reward);
                entries.push((reward, false));
                let num_top = rung.num_top(entries.len());
                let better = entries.iter().filter(|entry| entry.0 >= reward).count() - 1;
                prop_assert_eq!(rung.is_among_best(place), better < num_top);
                // The scheduler lets those go on that are among the best; the rung holds what it is told.
                if if obeys { better < num_top } else { marks } {
                    rung.mark(place);
                    entries.last_mut().unwrap().1 = true;
                } else {
                    rung.pause(place);
                }
                for _ in 0..promotions {
                    let expected = promotable_by_rule(&entries, num_top);
                    prop_assert_eq!(rung.promotable().map(|(_, Reverse(index))| index), expected);
                    prop_assert_eq!(rung.promote(), expected.map(|index| TrialId(index as u64)));
                    if let Some(index) = expected {
                        entries[index].1 = true;
                    }
                }
            }
        }
    }
}
