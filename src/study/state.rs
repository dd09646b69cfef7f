//! The state of a study: the fold over its events.

use super::event::{ArtifactRecord, EndReason, Event};
use super::paused_rewards::PausedRewards;
use super::report::Readings;
use super::spec::Metrics;
use super::{Best, Outcome};
use crate::numeric::amount::{Fuel, Seed, Slot, TrialId, VirtualTime};
use crate::space::Config;

/// What is known of a study after some of its events.
#[derive(Clone, Debug, PartialEq)]
pub struct StudyState {
    metrics: Metrics,
    trials: Vec<TrialRecord>,
    jobs: u64,
    paused_rewards: PausedRewards,
    best_ended: Option<Best>,
    best: Option<Best>,
    time: VirtualTime,
    ended: Option<EndReason>,
    searcher_failure: Option<String>,
}

/// What is known of a trial.
#[derive(Clone, Debug, PartialEq)]
pub struct TrialRecord {
    /// Its number.
    pub trial: TrialId,
    /// The slot that it occupies or occupied.
    pub slot: Slot,
    /// When it started.
    pub start: VirtualTime,
    /// The seed that it was given.
    pub seed: Seed,
    /// Its configuration.
    pub config: Config,
    /// How many of its reports were accepted.
    pub reports: u64,
    /// The reward of its last report that had one.
    pub reward: Option<f64>,
    /// The resource of its last report that had one.
    pub time: Option<u64>,
    /// How far it went past the study's constraint in its last report with a reward that said so.
    pub constraint: Option<f64>,
    /// Whether its last report that had a reward satisfied the study's constraint; true without a constraint.
    pub feasible: bool,
    /// Its fuel until its last report or read-back or, if it has ended, in all.
    pub fuel: Fuel,
    /// What it is doing, or how it ended.
    pub status: TrialStatus,
    /// The bracket that was drawn for its latest job, if the scheduler has brackets.
    pub bracket: Option<u32>,
    /// How often it was promoted after a pause.
    pub promotions: u32,
    /// What it left behind.
    pub artifacts: Vec<ArtifactRecord>,
    /// How often it read something back from the GPU.
    pub read_backs: u64,
    /// How many bytes that was in all.
    pub read_back_bytes: u64,
}

/// What a trial is doing, or how it ended.
#[derive(Clone, Debug, PartialEq)]
pub enum TrialStatus {
    /// It occupies a slot.
    Running,
    /// It waits to be promoted, which may never be.
    Paused {
        /// The level of the resource at which it was paused.
        level: u64,
    },
    /// It has ended so.
    Ended(Outcome),
}

impl StudyState {
    /// A study before its first trial.
    #[must_use]
    pub fn new(metrics: Metrics) -> Self {
        Self {
            metrics,
            trials: Vec::new(),
            jobs: 0,
            paused_rewards: PausedRewards::default(),
            best_ended: None,
            best: None,
            time: VirtualTime(0),
            ended: None,
            searcher_failure: None,
        }
    }

    /// The trials in order of start; a trial's number is its index.
    #[must_use]
    pub fn trials(&self) -> &[TrialRecord] {
        &self.trials
    }

    /// The trial of that number.
    #[must_use]
    pub fn trial(&self, trial: TrialId) -> Option<&TrialRecord> {
        self.trials.get(usize::try_from(trial.0).ok()?)
    }

    /// How many jobs were started: trials, and promotions of paused ones.
    #[must_use]
    pub fn jobs(&self) -> u64 {
        self.jobs
    }

    /// The best trial among those that have ended or were paused, each by its last reward then.
    #[must_use]
    pub fn best(&self) -> Option<Best> {
        self.best
    }

    /// The best trial among those that have ended. Unlike [`StudyState::best`] it leaves out paused trials: they may go on yet.
    #[must_use]
    pub fn best_ended(&self) -> Option<Best> {
        self.best_ended
    }

    /// When the last event happened.
    #[must_use]
    pub fn time(&self) -> VirtualTime {
        self.time
    }

    /// Why the study started no more trials, once it has ended.
    #[must_use]
    pub fn ended(&self) -> Option<EndReason> {
        self.ended
    }

    /// How a trial that ended by itself has ended: it must have reported what the study compares trials by.
    pub(super) fn outcome_at_end(&self, trial: TrialId) -> Outcome {
        let record = self.trial(trial);
        if record.is_none_or(|record| record.reward.is_none()) {
            return Outcome::NeverRewarded { attribute: self.metrics.reward_attr.clone() };
        }
        match &self.metrics.constraint_attr {
            Some(attribute) if record.is_none_or(|record| record.constraint.is_none()) => {
                Outcome::NeverConstrained { attribute: attribute.clone() }
            }
            _ => Outcome::Completed,
        }
    }

    /// How the searcher failed, if it has.
    #[must_use]
    pub fn searcher_failure(&self) -> Option<&str> {
        self.searcher_failure.as_deref()
    }

    /// Takes in the next event of the log. Events that contradict earlier ones change nothing but the time.
    pub fn apply(&mut self, event: &Event) {
        let readings = match event {
            // A log holds only reports that could be read.
            Event::Reported { fuel, report, .. } => report.read(&self.metrics, *fuel).unwrap_or_default(),
            _ => Readings::default(),
        };
        self.apply_read(event, readings);
    }

    /// The same where what a report reads as is known.
    pub(super) fn apply_read(&mut self, event: &Event, readings: Readings) {
        self.time = self.time.max(event.time());
        match event {
            Event::StudyStarted { spec } => self.metrics = spec.metrics.clone(),
            Event::TrialStarted { trial, slot, time, seed, config, bracket, .. } => {
                if trial.0 == self.trials.len() as u64 {
                    self.jobs += 1;
                    self.trials.push(TrialRecord {
                        trial: *trial,
                        slot: *slot,
                        start: *time,
                        seed: *seed,
                        config: config.clone(),
                        reports: 0,
                        reward: None,
                        time: None,
                        constraint: None,
                        feasible: true,
                        fuel: Fuel(0),
                        status: TrialStatus::Running,
                        bracket: *bracket,
                        promotions: 0,
                        artifacts: Vec::new(),
                        read_backs: 0,
                        read_back_bytes: 0,
                    });
                }
            }
            Event::TrialResumed { trial, slot, bracket, .. } => {
                let Some(record) = self.open_mut(*trial) else { return };
                record.slot = *slot;
                record.bracket = *bracket;
                record.status = TrialStatus::Running;
                record.promotions += 1;
                self.jobs += 1;
            }
            Event::Reported { trial, fuel, .. } => {
                if let Some(record) = self.open_mut(*trial) {
                    record.reports += 1;
                    record.fuel = *fuel;
                    record.take(readings);
                }
            }
            Event::Judged { trial, fuel, .. } => {
                if let Some(record) = self.open_mut(*trial) {
                    record.fuel = *fuel;
                    record.time = Some(fuel.0);
                }
            }
            Event::ReadBack { trial, fuel, bytes, .. } => {
                if let Some(record) = self.open_mut(*trial) {
                    record.fuel = *fuel;
                    record.read_backs += 1;
                    record.read_back_bytes = record.read_back_bytes.saturating_add(*bytes);
                }
            }
            Event::TrialPaused { trial, fuel, level, .. } => {
                let Some(record) = self.open_mut(*trial) else { return };
                record.fuel = *fuel;
                record.status = TrialStatus::Paused { level: *level };
                self.weigh(*trial);
            }
            Event::TrialEnded { trial, fuel, outcome, artifacts, .. } => {
                let Some(record) = self.open_mut(*trial) else { return };
                record.fuel = *fuel;
                record.status = TrialStatus::Ended(outcome.clone());
                record.artifacts.clone_from(artifacts);
                self.weigh(*trial);
            }
            Event::StudyEnded { reason, .. } => self.ended = Some(*reason),
            Event::SearcherFailed { message, .. } => self.searcher_failure = Some(message.clone()),
        }
    }

    /// Sets the best trial anew, now that `trial` runs no more.
    fn weigh(&mut self, trial: TrialId) {
        let Some(record) = self.trial(trial) else { return };
        let (candidate, has_ended) = (record.candidate(), record.outcome().is_some());
        self.paused_rewards.set(trial, candidate.map(|best| best.reward).filter(|_| !has_ended));
        self.best_ended = self.best_ended.into_iter().chain(candidate.filter(|_| has_ended)).reduce(Best::or_better);
        self.best = self.best_ended.into_iter().chain(self.paused_rewards.best()).reduce(Best::or_better);
    }

    /// The trial of that number, if it has not ended.
    fn open_mut(&mut self, trial: TrialId) -> Option<&mut TrialRecord> {
        let record = self.trials.get_mut(usize::try_from(trial.0).ok()?)?;
        record.outcome().is_none().then_some(record)
    }
}

impl TrialRecord {
    /// How it ended, if it has.
    #[must_use]
    pub fn outcome(&self) -> Option<&Outcome> {
        match &self.status {
            TrialStatus::Ended(outcome) => Some(outcome),
            TrialStatus::Running | TrialStatus::Paused { .. } => None,
        }
    }

    /// The level of the resource at which it is paused, if it is.
    #[must_use]
    pub fn paused_at(&self) -> Option<u64> {
        match self.status {
            TrialStatus::Paused { level } => Some(level),
            TrialStatus::Running | TrialStatus::Ended(_) => None,
        }
    }

    /// The trial as one that may be the best.
    fn candidate(&self) -> Option<Best> {
        let reward = self.reward.filter(|_| self.feasible)?;
        Some(Best { trial: self.trial, reward })
    }

    fn take(&mut self, readings: Readings) {
        if readings.reward.is_some() {
            self.reward = readings.reward;
            self.feasible = readings.feasible;
            self.constraint = readings.constraint.or(self.constraint);
        }
        if readings.time.is_some() {
            self.time = readings.time;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::Decision;
    use crate::space::Value;
    use crate::study::{Attribute, Report};

    const NOW: VirtualTime = VirtualTime(0);
    const SLOT: Slot = Slot(0);

    fn started(trial: u64) -> Event {
        let (trial, config) = (TrialId(trial), Config::default());
        let (bracket, milestone) = (None, None);
        Event::TrialStarted { trial, slot: SLOT, time: NOW, seed: Seed(0), config, bracket, milestone }
    }

    fn rewarded(trial: u64, reward: f64) -> Event {
        let attribute = |name: &str, value| Attribute { name: name.into(), value };
        let attributes = vec![attribute("epoch", Value::Integer(1)), attribute("accuracy", Value::Real(reward))];
        let (report, searcher_info, decision) = (Report { attributes }, Vec::new(), Decision::Continue);
        Event::Reported { trial: TrialId(trial), time: NOW, fuel: Fuel(1), report, searcher_info, decision }
    }

    fn ended(trial: u64) -> Event {
        let (trial, outcome, artifacts) = (TrialId(trial), Outcome::Completed, Vec::new());
        Event::TrialEnded { trial, time: NOW, fuel: Fuel(1), outcome, artifacts }
    }

    #[test]
    fn what_is_paused_can_be_the_best_but_not_the_best_that_has_ended() {
        let mut state = StudyState::new(Metrics::default());
        let paused = Event::TrialPaused { trial: TrialId(0), time: NOW, fuel: Fuel(1), level: 1 };
        let events = [started(0), rewarded(0, 0.9), paused, started(1), rewarded(1, 0.5), ended(1)];
        events.iter().for_each(|event| state.apply(event));
        let best = |trial, reward| Some(Best { trial: TrialId(trial), reward });
        assert_eq!((state.best(), state.best_ended()), (best(0, 0.9), best(1, 0.5)));
        let promoted = Event::TrialResumed {
            trial: TrialId(0),
            slot: SLOT,
            time: NOW,
            resume_from: 1,
            bracket: None,
            milestone: None,
        };
        [promoted, rewarded(0, 0.3), ended(0)].iter().for_each(|event| state.apply(event));
        assert_eq!((state.best(), state.best_ended()), (best(1, 0.5), best(1, 0.5)));
    }
}
