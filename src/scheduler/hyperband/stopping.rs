//! The variant `stopping`: a trial that reaches a rung below the rung's cut-off ends there, all others go on.
//!
//! Implements [`Scheduler`]; talks to `ladder` for levels and brackets and to `rung` for the order of rewards. The rule is the
//! median rule generalised to quantiles, at the rungs of Li et al. 2018 (arXiv 1810.05934); the percentile is NumPy's linear
//! one, in the same order of operations.

use std::collections::BTreeSet;

use super::HyperbandSpec;
use super::ladder::Ladder;
use super::rung::Split;
use crate::numeric::amount::TrialId;
use crate::numeric::by_trial::ByTrial;
use crate::numeric::float::Rank;
use crate::scheduler::{
    Comparison, Decision, NextJob, Placement, PlacementProblem, Progress, RungEntry, RungState, RungSystemState,
    Scheduler, Snapshot, Verdict,
};

/// The scheduler `hyperband` of the type `stopping`.
pub struct StoppingScheduler {
    ladder: Ladder,
    /// Each system's rungs, the lowest first.
    systems: Vec<Vec<Rung>>,
    running: ByTrial<Running>,
    do_snapshots: bool,
}

/// A trial that has a job.
struct Running {
    bracket: u32,
    reached: Reached,
    /// The resource at its last report; 0 before the first.
    level: u64,
}

/// At which rungs a trial has been recorded.
struct Reached {
    /// All that the trial sees below this one.
    below: usize,
    /// Those above a rung that was left out; mostly none.
    beyond: BTreeSet<usize>,
}

/// A rung's rewards.
struct Rung {
    quantile: f64,
    /// Split so that the cut-off lies between the two parts.
    rewards: Split<Rank>,
    /// In order of insertion.
    entries: Vec<(TrialId, f64)>,
}

impl Reached {
    fn starting_at(rung: usize) -> Self {
        Self { below: rung, beyond: BTreeSet::new() }
    }

    /// The highest rung not reached, from `rung` downwards.
    fn highest_open(&self, rung: usize) -> Option<usize> {
        (self.below..=rung).rev().find(|rung| !self.beyond.contains(rung))
    }

    fn insert(&mut self, rung: usize) {
        if rung != self.below {
            self.beyond.insert(rung);
            return;
        }
        self.below += 1;
        while self.beyond.remove(&self.below) {
            self.below += 1;
        }
    }
}

/// Where the percentile (1 − quantile) · 100 lies among `count` sorted values: a whole index and a fraction of the way to the
/// next. The operations and their order are NumPy's.
fn percentile_position(quantile: f64, count: usize) -> (usize, f64) {
    let share = ((1.0 - quantile) * 100.0) / 100.0;
    let position = share * count.saturating_sub(1) as f64;
    let index = position.floor();
    (index as usize, position - index)
}

impl Rung {
    fn new(quantile: f64) -> Self {
        Self { quantile, rewards: Split::new(), entries: Vec::new() }
    }

    /// The reward below which a trial is stopped; none while the rung is empty.
    fn cutoff(&self) -> Option<f64> {
        let lower = self.rewards.greatest_of_lower()?.number();
        let upper = self.rewards.least_of_upper().map_or(lower, |rank| rank.number());
        let (_, fraction) = percentile_position(self.quantile, self.rewards.len());
        let difference = upper - lower;
        Some(if fraction >= 0.5 { upper - difference * (1.0 - fraction) } else { lower + difference * fraction })
    }

    fn comparison(&self) -> Comparison {
        Comparison::Cutoff { entries: self.entries.len() as u64, cutoff: self.cutoff() }
    }

    fn record(&mut self, trial: TrialId, reward: f64) {
        let (index, _) = percentile_position(self.quantile, self.rewards.len() + 1);
        self.rewards.insert(Rank::of(reward), index + 1, |_| {});
        self.entries.push((trial, reward));
    }

    fn state(&self, level: u64) -> RungState {
        let entry = |&(trial, reward): &(TrialId, f64)| RungEntry { trial, reward, promoted: false };
        let entries = self.entries.iter().map(entry).collect();
        RungState { level, promotion_quantile: self.quantile, entries, comparison: self.comparison() }
    }
}

impl StoppingScheduler {
    /// The scheduler with these settings, at its start.
    #[must_use]
    pub fn new(spec: &HyperbandSpec) -> Self {
        let ladder = Ladder::new(spec);
        let systems = ladder.systems_of(Rung::new);
        Self { ladder, systems, running: ByTrial::default(), do_snapshots: spec.do_snapshots }
    }

    /// The system's rungs from `lowest` on, the highest first.
    fn rungs_from(&self, system: usize, lowest: usize) -> Vec<RungState> {
        let first = self.ladder.lowest_rung(system);
        let rungs = self.systems.get(system).map(Vec::as_slice).unwrap_or_default().iter().enumerate();
        let seen = rungs.skip(lowest - first).rev();
        seen.map(|(index, rung)| rung.state(self.ladder.level(first + index))).collect()
    }
}

impl Scheduler for StoppingScheduler {
    fn next_job(&mut self, bracket: Option<u32>) -> NextJob {
        let bracket = self.ladder.draw(bracket);
        self.ladder.start(bracket)
    }

    fn on_trial_start(&mut self, trial: TrialId, placement: &Placement) {
        let bracket = self.ladder.bracket_within(placement.bracket);
        self.running.insert(trial, Running { bracket, reached: Reached::starting_at(bracket as usize), level: 0 });
    }

    fn on_report(&mut self, progress: &Progress) -> Result<Verdict, PlacementProblem> {
        let running = self.running.get_mut(progress.trial).ok_or(PlacementProblem::NotRunning)?;
        let time = progress.time.ok_or(PlacementProblem::NoTime)?;
        if time >= self.ladder.max_t() {
            self.running.remove(progress.trial);
            return Ok(Verdict::at_max_t());
        }
        let open = self.ladder.rung_at_or_below(time).and_then(|rung| running.reached.highest_open(rung));
        let Some(open) = open else {
            running.level = time;
            return Ok(Verdict::CONTINUE);
        };
        let level = self.ladder.level(open);
        if level != time {
            return Err(PlacementProblem::MilestoneSkipped { level, time });
        }
        let reward = progress.reward.ok_or(PlacementProblem::NoReward { level })?;

        let system = self.ladder.system_of(running.bracket);
        let rung = &mut self.systems[system][open - self.ladder.lowest_rung(system)];
        let (entries, cutoff) = (rung.entries.len() as u64, rung.cutoff());
        // Equal goes on, and so does the first to arrive.
        let below = cutoff.is_some_and(|cutoff| reward < cutoff);
        rung.record(progress.trial, reward);
        running.reached.insert(open);
        running.level = time;
        let above = self.ladder.level_above(open);
        let (decision, next_milestone) = if below {
            self.running.remove(progress.trial);
            (Decision::Stop, above)
        } else {
            (Decision::Continue, above.or(Some(self.ladder.max_t())))
        };
        Ok(Verdict::at_rung(level, decision, next_milestone, Comparison::Cutoff { entries, cutoff }))
    }

    fn forecast(&self, progress: &Progress) -> Option<u64> {
        let (time, reward) = (progress.time?, progress.reward?);
        let bracket = self.running.get(progress.trial).map_or(0, |running| running.bracket);
        let system = self.ladder.system_of(bracket);
        let rung = self.ladder.rung_at(time)?;
        let known = self.systems.get(system)?.get(rung.checked_sub(self.ladder.lowest_rung(system))?)?;
        let below = known.cutoff().is_some_and(|cutoff| reward < cutoff);
        (!below).then(|| self.ladder.level(rung + 1))
    }

    fn on_job_end(&mut self, trial: TrialId) {
        self.running.remove(trial);
    }

    fn rungs(&self) -> Vec<RungSystemState> {
        let state = |system| RungSystemState {
            bracket: self.ladder.bracket_of(system),
            rungs: self.rungs_from(system, self.ladder.lowest_rung(system)),
        };
        (0..self.systems.len()).map(state).collect()
    }

    fn snapshot(&self, bracket: u32) -> Option<Snapshot> {
        if !self.do_snapshots {
            return None;
        }
        let bracket = self.ladder.bracket_within(Some(bracket));
        let system = self.ladder.system_of(bracket);
        let beside = |running: &Running| self.ladder.system_of(running.bracket) == system;
        let tasks = self.running.sorted().into_iter().filter(|(_, running)| beside(running));
        Some(Snapshot {
            tasks: tasks.map(|(trial, running)| (trial, running.level)).collect(),
            rungs: self.rungs_from(system, bracket as usize),
            max_resource: self.ladder.max_t(),
        })
    }
}
