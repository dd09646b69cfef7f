//! The state of a study: the fold over its events.

use super::event::{ArtifactRecord, EndReason, Event};
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
    best: Option<Best>,
    time: VirtualTime,
    ended: Option<EndReason>,
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
    /// Whether its last report that had a reward satisfied the study's constraint; true without a constraint.
    pub feasible: bool,
    /// Its fuel until its last report or, if it has ended, in all.
    pub fuel: Fuel,
    /// How it ended, if it has.
    pub outcome: Option<Outcome>,
    /// What it left behind.
    pub artifacts: Vec<ArtifactRecord>,
}

impl StudyState {
    /// A study before its first trial.
    #[must_use]
    pub fn new(metrics: Metrics) -> Self {
        Self { metrics, trials: Vec::new(), best: None, time: VirtualTime(0), ended: None }
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

    /// The best trial among those that have ended.
    #[must_use]
    pub fn best(&self) -> Option<Best> {
        self.best
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

    /// Takes in the next event of the log. Events that contradict earlier ones change nothing but the time.
    pub fn apply(&mut self, event: &Event) {
        self.time = self.time.max(event.time());
        match event {
            Event::StudyStarted { spec } => self.metrics = spec.metrics.clone(),
            Event::TrialStarted { trial, slot, time, seed, config } => {
                if trial.0 == self.trials.len() as u64 {
                    self.trials.push(TrialRecord {
                        trial: *trial,
                        slot: *slot,
                        start: *time,
                        seed: *seed,
                        config: config.clone(),
                        reports: 0,
                        reward: None,
                        time: None,
                        feasible: true,
                        fuel: Fuel(0),
                        outcome: None,
                        artifacts: Vec::new(),
                    });
                }
            }
            Event::Reported { trial, fuel, report, .. } => {
                // A log holds only reports that could be read.
                let readings = report.read(&self.metrics).unwrap_or_default();
                if let Some(record) = self.running_mut(*trial) {
                    record.reports += 1;
                    record.fuel = *fuel;
                    record.take(readings);
                }
            }
            Event::TrialEnded { trial, fuel, outcome, artifacts, .. } => {
                let Some(record) = self.running_mut(*trial) else { return };
                record.fuel = *fuel;
                record.outcome = Some(outcome.clone());
                record.artifacts.clone_from(artifacts);
                let Some(reward) = record.reward.filter(|_| record.feasible) else { return };
                let best = Best { trial: *trial, reward };
                self.best = Some(self.best.map_or(best, |earlier| earlier.or_better(best)));
            }
            Event::StudyEnded { reason, .. } => self.ended = Some(*reason),
        }
    }

    /// The trial of that number, if it is running.
    fn running_mut(&mut self, trial: TrialId) -> Option<&mut TrialRecord> {
        let record = self.trials.get_mut(usize::try_from(trial.0).ok()?)?;
        record.outcome.is_none().then_some(record)
    }
}

impl TrialRecord {
    fn take(&mut self, readings: Readings) {
        if readings.reward.is_some() {
            self.reward = readings.reward;
            self.feasible = readings.feasible;
        }
        if readings.time.is_some() {
            self.time = readings.time;
        }
    }
}
