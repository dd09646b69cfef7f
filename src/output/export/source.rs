//! What is exported of a study, in two passes over its log: the first tells trials and columns, the second hands on the reports one by
//! one. Talks to the store.
//!
//! Reports are not kept in memory: there may be millions. Of a study that is running both passes see the same events.

use std::collections::BTreeSet;
use std::time::Duration;

use super::column::Columns;
use super::{ExportError, TrialsBound};
use crate::numeric::amount::{Fuel, Sequence, TrialId, VirtualTime};
use crate::numeric::digest::Digest;
use crate::scheduler::Decision;
use crate::space::Value;
use crate::store::Reader;
use crate::study::{Attribute, Chain, Event, Metrics, Report, StudySpec, StudyState, TrialRecord};

/// The end of the year 9998. Wall times are checked by nothing, and readers fail on what is no date.
const WALL_TIME_MAX: Duration = Duration::from_secs(253_370_764_799);

/// A study as it is exported.
#[derive(Debug)]
pub(super) struct Source<'a> {
    reader: &'a Reader,
    spec: StudySpec,
    state: StudyState,
    chain: Chain,
    first_digest: Digest,
    moments: Vec<Moments>,
    cached: BTreeSet<TrialId>,
    configs: Columns,
    attributes: Columns,
    searcher_info: Columns,
    chosen: Vec<bool>,
}

/// When a trial began and ended.
#[derive(Clone, Copy, Debug, Default)]
struct Moments {
    start: Sequence,
    end: Option<(Sequence, VirtualTime)>,
}

/// A trial, as it stands in a table.
#[derive(Clone, Copy, Debug)]
pub(super) struct TrialRow<'a> {
    pub(super) record: &'a TrialRecord,
    /// When it ended, if it has.
    pub(super) end: Option<VirtualTime>,
    /// Whether its results came from a cache.
    pub(super) is_cached: bool,
    start_sequence: Sequence,
    end_sequence: Option<Sequence>,
}

/// A report, as it stands in a table.
#[derive(Clone, Copy, Debug)]
pub(super) struct ReportRow<'a> {
    pub(super) trial: &'a TrialRecord,
    /// Its number in its trial, from 1.
    pub(super) report: u64,
    pub(super) sequence: Sequence,
    pub(super) time: VirtualTime,
    pub(super) fuel: Fuel,
    /// The resource: its `time_attr`, the fuel if that is the resource, or the report's number where it has none.
    pub(super) resource: u64,
    /// Its reward, if it has one: a finite number.
    pub(super) reward: Option<f64>,
    pub(super) decision: Decision,
    pub(super) bracket: Option<u32>,
    pub(super) attributes: &'a [Attribute],
    pub(super) searcher_info: &'a [Attribute],
}

/// Where a trial stands in the second pass.
#[derive(Clone, Copy, Debug, Default)]
struct Standing {
    reports: u64,
    bracket: Option<u32>,
    has_started: bool,
    is_open: bool,
}

impl<'a> Source<'a> {
    /// The first pass.
    pub(super) fn read(reader: &'a Reader, bound: TrialsBound) -> Result<Self, ExportError> {
        let spec = reader.spec()?;
        let mut configs = Columns::default();
        for parameter in spec.space.parameters() {
            configs.take_domain(&parameter.name, &parameter.domain);
        }
        let mut source = Self {
            reader,
            spec,
            state: StudyState::new(Metrics::default()),
            chain: Chain::default(),
            first_digest: Digest::of(&[]),
            moments: Vec::new(),
            cached: BTreeSet::new(),
            configs,
            attributes: Columns::default(),
            searcher_info: Columns::default(),
            chosen: Vec::new(),
        };
        for entry in reader.entries() {
            source.follow(entry?.event);
        }
        source.cached = reader.cached()?.into_keys().collect();
        source.chosen = chosen(&source.state, bound);
        Ok(source)
    }

    fn follow(&mut self, event: Event) {
        self.state.apply(&event);
        match &event {
            // A log numbers its trials in order; what contradicts that is no trial.
            Event::TrialStarted { trial, config, .. } if trial.0 == self.moments.len() as u64 => {
                self.moments.push(Moments { start: Sequence(self.chain.len()), end: None });
                config.iter().for_each(|(name, value)| self.configs.take(name, value));
            }
            Event::Reported { report, searcher_info, .. } => {
                for attribute in &report.attributes {
                    self.attributes.take(&attribute.name, &attribute.value);
                }
                for attribute in searcher_info {
                    self.searcher_info.take(&attribute.name, &attribute.value);
                }
            }
            Event::TrialEnded { trial, time, .. } => {
                let moments = usize::try_from(trial.0).ok().and_then(|index| self.moments.get_mut(index));
                if let Some(moments) = moments {
                    moments.end.get_or_insert((Sequence(self.chain.len()), *time));
                }
            }
            _ => {}
        }
        let is_first = self.chain.is_empty();
        let entry = self.chain.push(event);
        if is_first {
            self.first_digest = entry.digest;
        }
    }

    /// What the study is a function of.
    pub(super) fn spec(&self) -> &StudySpec {
        &self.spec
    }

    /// The state after all events.
    pub(super) fn state(&self) -> &StudyState {
        &self.state
    }

    /// The digest of the study as far as it is exported.
    pub(super) fn digest(&self) -> Digest {
        self.chain.head()
    }

    /// A digest that stays the same while the study goes on: that of its first event.
    pub(super) fn first_digest(&self) -> Digest {
        self.first_digest
    }

    /// The columns of configurations.
    pub(super) fn configs(&self) -> &Columns {
        &self.configs
    }

    /// The columns of reports' attributes.
    pub(super) fn attributes(&self) -> &Columns {
        &self.attributes
    }

    /// The columns of what the searcher said of its model along with reports.
    pub(super) fn searcher_info(&self) -> &Columns {
        &self.searcher_info
    }

    /// Whether the trial is exported.
    fn is_chosen(&self, trial: TrialId) -> bool {
        usize::try_from(trial.0).ok().and_then(|index| self.chosen.get(index)).is_some_and(|chosen| *chosen)
    }

    /// The trials that are exported, in order of start.
    pub(super) fn trials(&self) -> impl Iterator<Item = TrialRow<'_>> {
        self.state.trials().iter().zip(&self.moments).filter(|(record, _)| self.is_chosen(record.trial)).map(
            |(record, moments)| TrialRow {
                record,
                end: moments.end.map(|(_, time)| time),
                is_cached: self.cached.contains(&record.trial),
                start_sequence: moments.start,
                end_sequence: moments.end.map(|(sequence, _)| sequence),
            },
        )
    }

    /// When the trial began, by the clock of the machine that ran the study.
    pub(super) fn wall_start(&self, trial: &TrialRow<'_>) -> Result<Option<Duration>, ExportError> {
        self.wall_time(trial.start_sequence)
    }

    /// When the trial ended, by the clock of the machine that ran the study.
    pub(super) fn wall_end(&self, trial: &TrialRow<'_>) -> Result<Option<Duration>, ExportError> {
        trial.end_sequence.map_or(Ok(None), |sequence| self.wall_time(sequence))
    }

    /// When the event was recorded, since 1970; none if that cannot be a date.
    pub(super) fn wall_time(&self, sequence: Sequence) -> Result<Option<Duration>, ExportError> {
        Ok(self.reader.wall_time(sequence)?.filter(|time| *time <= WALL_TIME_MAX))
    }

    /// The second pass: hands on each report of the trials that are exported. Returns how many there were.
    pub(super) fn each_report(
        &self,
        mut take: impl FnMut(&ReportRow<'_>) -> Result<(), ExportError>,
    ) -> Result<u64, ExportError> {
        let mut standings = vec![Standing::default(); self.state.trials().len()];
        let mut count = 0;
        for entry in self.reader.entries() {
            let entry = entry?;
            // What came since the first pass is for the next export.
            if entry.sequence.0 >= self.chain.len() {
                break;
            }
            let Some(trial) = entry.event.trial().and_then(|trial| self.state.trial(trial)) else { continue };
            let standing = usize::try_from(trial.trial.0).ok().and_then(|index| standings.get_mut(index));
            let Some(standing) = standing else { continue };
            match &entry.event {
                Event::TrialStarted { bracket, .. } if !standing.has_started => {
                    *standing = Standing { bracket: *bracket, has_started: true, is_open: true, ..*standing };
                }
                Event::TrialResumed { bracket, .. } => standing.bracket = *bracket,
                Event::TrialEnded { .. } => standing.is_open = false,
                Event::Reported { time, fuel, report, searcher_info, decision, .. } if standing.is_open => {
                    standing.reports += 1;
                    if !self.is_chosen(trial.trial) {
                        continue;
                    }
                    count += 1;
                    take(&ReportRow {
                        trial,
                        report: standing.reports,
                        sequence: entry.sequence,
                        time: *time,
                        fuel: *fuel,
                        resource: self.resource(report, *fuel, standing.reports),
                        reward: self.reward(report),
                        decision: *decision,
                        bracket: standing.bracket,
                        attributes: &report.attributes,
                        searcher_info,
                    })?;
                }
                _ => {}
            }
        }
        Ok(count)
    }

    fn resource(&self, report: &Report, fuel: Fuel, number: u64) -> u64 {
        let metrics = &self.spec.metrics;
        if metrics.time_is_fuel() { fuel.0 } else { report.resource(&metrics.time_attr).unwrap_or(number) }
    }

    fn reward(&self, report: &Report) -> Option<f64> {
        report.get(&self.spec.metrics.reward_attr).and_then(Value::as_number).filter(|reward| reward.is_finite())
    }
}

impl<'a> ReportRow<'a> {
    /// Its attributes by name.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&'a str, &'a Value)> + use<'a> {
        named(self.attributes)
    }

    /// What the searcher said, by name.
    pub(super) fn searcher_pairs(&self) -> impl Iterator<Item = (&'a str, &'a Value)> + use<'a> {
        named(self.searcher_info)
    }
}

fn named(attributes: &[Attribute]) -> impl Iterator<Item = (&str, &Value)> {
    attributes.iter().map(|attribute| (attribute.name.as_str(), &attribute.value))
}

/// For each trial whether it is exported.
fn chosen(state: &StudyState, bound: TrialsBound) -> Vec<bool> {
    let trials = state.trials();
    let TrialsBound::Best(count) = bound else { return vec![true; trials.len()] };
    let mut order: Vec<usize> = (0..trials.len()).collect();
    // The order is stable: of equals the one that started first.
    order.sort_by(|one, two| match (trials.get(*one), trials.get(*two)) {
        (Some(one), Some(two)) => rank(two).0.cmp(&rank(one).0).then(rank(two).1.total_cmp(&rank(one).1)),
        _ => std::cmp::Ordering::Equal,
    });
    let mut chosen = vec![false; trials.len()];
    for index in order.into_iter().take(usize::try_from(count).unwrap_or(usize::MAX)) {
        if let Some(chosen) = chosen.get_mut(index) {
            *chosen = true;
        }
    }
    chosen
}

/// Feasible trials with a reward before others with one before those without; then by reward.
fn rank(trial: &TrialRecord) -> (u8, f64) {
    match trial.reward {
        Some(reward) if trial.feasible => (2, reward),
        Some(reward) => (1, reward),
        None => (0, 0.0),
    }
}
