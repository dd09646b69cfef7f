//! What there is to show of a study: its state, and what the state forgets, such as whole training curves and when which trial was
//! in which slot.
//!
//! Gathered from the events of a log, from a store or one by one. Plots, the report page and the live view are made from it.

use std::collections::BTreeMap;

use crate::numeric::amount::{Fuel, Sequence, Slot, TrialId, VirtualTime};
use crate::scheduler::RungSystemState;
use crate::store::{Reader, StoreError};
use crate::study::{Best, Chain, Entry, Event, Metrics, Report, StudySpec, StudyState};

/// What there is to show of a study after some of its events.
#[derive(Clone, Debug)]
pub struct Account {
    spec: StudySpec,
    state: StudyState,
    chain: Chain,
    attribute: Option<String>,
    curves: Vec<Curve>,
    jobs: Vec<Job>,
    open_jobs: BTreeMap<TrialId, usize>,
    bests: Vec<BestSince>,
    cached: BTreeMap<TrialId, Fuel>,
    rungs: Vec<RungSystemState>,
}

/// What a trial has reported of one attribute, in the order of its reports.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curve {
    /// The reports that had the attribute as a finite number.
    pub points: Vec<Point>,
    /// The last event that concerns the trial.
    pub changed: Sequence,
}

/// One report of an attribute.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// The resource at the report: its `time_attr`, the fuel if that is the resource, or the report's number where it has none.
    pub resource: u64,
    /// The attribute's value, a finite number.
    pub value: f64,
    /// When it was reported.
    pub time: VirtualTime,
}

/// A trial's time in a slot: from its start, or from a promotion, to its end or a pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Job {
    /// Whose it is.
    pub trial: TrialId,
    /// Where it ran.
    pub slot: Slot,
    /// When it began.
    pub start: VirtualTime,
    /// When it ended; none while it runs.
    pub end: Option<VirtualTime>,
    /// The level from which the trial was promoted; none for its first job.
    pub resumed_from: Option<u64>,
}

/// Since when a trial was the best.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BestSince {
    /// Since when.
    pub time: VirtualTime,
    /// Which trial.
    pub best: Best,
}

impl Account {
    /// Nothing of a study yet. Curves are of `attribute`, or of the study's `reward_attr`.
    #[must_use]
    pub fn new(spec: StudySpec, attribute: Option<String>) -> Self {
        let state = StudyState::new(Metrics::default());
        Self {
            spec,
            state,
            chain: Chain::default(),
            attribute,
            curves: Vec::new(),
            jobs: Vec::new(),
            open_jobs: BTreeMap::new(),
            bests: Vec::new(),
            cached: BTreeMap::new(),
            rungs: Vec::new(),
        }
    }

    /// All that a store has of a study, also while the study runs. Curves are of `attribute`, or of the study's `reward_attr`.
    ///
    /// # Errors
    /// If the file cannot be read, or was changed.
    pub fn read(reader: &Reader, attribute: Option<String>) -> Result<Self, StoreError> {
        let mut account = Self::new(reader.spec()?, attribute);
        account.catch_up(reader)?;
        Ok(account)
    }

    /// Takes in what has been added to the store since; says whether anything was.
    ///
    /// # Errors
    /// If the file cannot be read, or was changed.
    pub fn catch_up(&mut self, reader: &Reader) -> Result<bool, StoreError> {
        let before = self.chain.len();
        for entry in reader.entries_after(self.chain.clone()) {
            self.follow(&entry?);
        }
        self.cached = reader.cached()?;
        Ok(self.chain.len() > before)
    }

    /// Takes in the next entry of the log.
    pub fn follow(&mut self, entry: &Entry) {
        self.state.apply(&entry.event);
        self.chain = Chain::up_to(entry);
        self.take(&entry.event);
        if let Some(curve) = entry.event.trial().and_then(|trial| self.curve_mut(trial)) {
            curve.changed = entry.sequence;
        }
        let now = self.state.best();
        if now != self.bests.last().map(|since| since.best)
            && let Some(best) = now
        {
            self.bests.push(BestSince { time: self.state.time(), best });
        }
    }

    fn take(&mut self, event: &Event) {
        match event {
            Event::TrialStarted { trial, slot, time, .. } => {
                // A log numbers its trials in order; what contradicts that changes nothing.
                if trial.0 == self.curves.len() as u64 {
                    self.curves.push(Curve::default());
                    self.begin(Job { trial: *trial, slot: *slot, start: *time, end: None, resumed_from: None });
                }
            }
            Event::TrialResumed { trial, slot, time, resume_from, .. } => {
                self.begin(Job {
                    trial: *trial,
                    slot: *slot,
                    start: *time,
                    end: None,
                    resumed_from: Some(*resume_from),
                });
            }
            Event::Reported { trial, time, fuel, report, .. } => {
                let reports = self.state.trial(*trial).map_or(0, |record| record.reports);
                let Some(point) = self.point(report, *time, *fuel, reports) else { return };
                if let Some(curve) = self.curve_mut(*trial) {
                    curve.points.push(point);
                }
            }
            Event::TrialPaused { trial, time, .. } | Event::TrialEnded { trial, time, .. } => {
                if let Some(job) = self.open_jobs.remove(trial).and_then(|index| self.jobs.get_mut(index)) {
                    job.end = Some(*time);
                }
            }
            Event::StudyStarted { .. }
            | Event::StudyEnded { .. }
            | Event::Judged { .. }
            | Event::ReadBack { .. }
            | Event::SearcherFailed { .. } => {}
        }
    }

    fn begin(&mut self, job: Job) {
        self.open_jobs.insert(job.trial, self.jobs.len());
        self.jobs.push(job);
    }

    fn point(&self, report: &Report, time: VirtualTime, fuel: Fuel, reports: u64) -> Option<Point> {
        let value = report.get(self.attribute()).and_then(crate::space::Value::as_number)?;
        let metrics = &self.spec.metrics;
        let resource =
            if metrics.time_is_fuel() { fuel.0 } else { report.resource(&metrics.time_attr).unwrap_or(reports) };
        value.is_finite().then_some(Point { resource, value, time })
    }

    fn curve_mut(&mut self, trial: TrialId) -> Option<&mut Curve> {
        self.curves.get_mut(usize::try_from(trial.0).ok()?)
    }

    /// The same with the rungs of its scheduler, which no event tells.
    #[must_use]
    pub fn with_rungs(mut self, rungs: Vec<RungSystemState>) -> Self {
        self.rungs = rungs;
        self
    }

    /// What the study is a function of.
    #[must_use]
    pub fn spec(&self) -> &StudySpec {
        &self.spec
    }

    /// The state after the events so far.
    #[must_use]
    pub fn state(&self) -> &StudyState {
        &self.state
    }

    /// The chain over the events so far; its head is the digest.
    #[must_use]
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// The attribute whose curves these are.
    #[must_use]
    pub fn attribute(&self) -> &str {
        self.attribute.as_deref().unwrap_or(&self.spec.metrics.reward_attr)
    }

    /// The curve of each trial; a trial's number is its index.
    #[must_use]
    pub fn curves(&self) -> &[Curve] {
        &self.curves
    }

    /// The jobs in order of start.
    #[must_use]
    pub fn jobs(&self) -> &[Job] {
        &self.jobs
    }

    /// Which trial was the best, and since when, in order. It gets worse where a paused trial that was the best is promoted and ends
    /// worse.
    #[must_use]
    pub fn bests(&self) -> &[BestSince] {
        &self.bests
    }

    /// The trials whose results came from a cache, each up to its fuel.
    #[must_use]
    pub fn cached(&self) -> &BTreeMap<TrialId, Fuel> {
        &self.cached
    }

    /// The rungs of each bracket, the highest first; empty for a scheduler without rungs, and unless they were given.
    #[must_use]
    pub fn rungs(&self) -> &[RungSystemState] {
        &self.rungs
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::fixture;

    fn account(attribute: Option<&str>) -> Account {
        let mut account = Account::new(fixture::spec(), attribute.map(str::to_owned));
        fixture::entries().iter().for_each(|entry| account.follow(entry));
        account
    }

    #[test]
    fn an_account_has_curves_jobs_and_bests() {
        let account = account(None);
        assert_eq!(account.chain().head(), fixture::entries().last().unwrap().digest);
        let values: Vec<Vec<(u64, f64)>> = (account.curves().iter())
            .map(|curve| curve.points.iter().map(|point| (point.resource, point.value)).collect())
            .collect();
        assert_eq!(values, [vec![(10, 0.8)], vec![(10, 0.9644)], vec![], vec![(10, 0.5)]]);
        let ends: Vec<Option<u64>> = account.jobs().iter().map(|job| job.end.map(|end| end.0)).collect();
        assert_eq!(ends, [Some(1_000_000_000), Some(2_500_000_000), Some(1_000_000_000_000), None]);
        let bests: Vec<(u64, f64)> = account.bests().iter().map(|it| (it.best.trial.0, it.best.reward)).collect();
        assert_eq!(bests, [(0, 0.8), (1, 0.9644)]);
        assert_eq!(account.curves()[1].changed, Sequence(6));
    }

    #[test]
    fn curves_may_be_of_another_attribute() {
        let of_epochs = account(Some("epoch"));
        assert_eq!((of_epochs.attribute(), of_epochs.curves()[1].points[0].value), ("epoch", 10.0));
        assert!(account(Some("loss")).curves().iter().all(|curve| curve.points.is_empty()));
    }
}
