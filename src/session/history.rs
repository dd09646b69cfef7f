//! The training history: what each trial has reported, and a callback for it at most once in a while.

use std::collections::BTreeMap;

use crate::numeric::amount::{TrialId, VirtualTime};
use crate::scheduler::Decision;
use crate::space::{Config, Value};
use crate::study::{Attribute, Entry, Event, JobBrackets, Observer, StudyState};

/// What each trial has reported, in the order of first reports; trials that never reported are in neither part.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrainingHistory {
    /// The reports of each trial, what the searcher said of its model included. Where the scheduler has brackets, each carries
    /// `bracket`, and one by which the trial was stopped or paused carries `terminated`.
    pub reports: BTreeMap<TrialId, Vec<Vec<Attribute>>>,
    /// The configuration of each.
    pub configs: BTreeMap<TrialId, Config>,
}

/// Gathers the history and tells `callback` of it when a report is added and the study's clock has entered another span of
/// `delta` virtual seconds since the last call. The first report always makes a call.
pub(super) struct HistoryObserver<F> {
    history: TrainingHistory,
    callback: F,
    delta: f64,
    /// The span of the last call.
    span: Option<u64>,
    brackets: JobBrackets,
}

impl<F: FnMut(&TrainingHistory, &StudyState)> HistoryObserver<F> {
    pub(super) fn new(delta: f64, callback: F) -> Self {
        Self { history: TrainingHistory::default(), callback, delta, span: None, brackets: JobBrackets::default() }
    }

    /// Takes in a report; says when it was made, if the event is one.
    fn take(&mut self, event: &Event, state: &StudyState) -> Option<VirtualTime> {
        self.brackets.follow(event);
        let Event::Reported { trial, time, report, searcher_info, decision, .. } = event else { return None };
        let bracket = self.brackets.of(*trial);
        // As the original's rows: `terminated` is there only where it is true.
        let terminated = bracket.filter(|_| *decision != Decision::Continue).map(|_| Value::Boolean(true));
        let bracket = bracket.map(|bracket| Value::Integer(i64::from(bracket)));
        let ours = [("bracket", bracket), ("terminated", terminated)];
        let ours =
            ours.into_iter().filter_map(|(name, value)| Some(Attribute { name: name.to_owned(), value: value? }));
        let attributes = report.attributes.iter().chain(searcher_info).cloned().chain(ours).collect();
        self.history.reports.entry(*trial).or_default().push(attributes);
        if let Some(record) = state.trial(*trial) {
            self.history.configs.entry(*trial).or_insert_with(|| record.config.clone());
        }
        Some(*time)
    }
}

impl<F: FnMut(&TrainingHistory, &StudyState)> Observer for HistoryObserver<F> {
    fn on_event(&mut self, entry: &Entry, state: &StudyState) {
        let Some(time) = self.take(&entry.event, state) else { return };
        // Not negative, and a cast from a float saturates.
        let span = (time.seconds() / self.delta).floor() as u64;
        if self.span.is_none_or(|earlier| span > earlier) {
            (self.callback)(&self.history, state);
            self.span = Some(span);
        }
    }

    fn on_recorded(&mut self, entry: &Entry, state: &StudyState) {
        self.take(&entry.event, state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::amount::{Fuel, Seed, Sequence, Slot};
    use crate::numeric::digest::Digest;
    use crate::study::{Metrics, Report};

    #[test]
    fn the_callback_comes_with_the_first_report_of_each_span() {
        let mut calls = Vec::new();
        let mut observer = HistoryObserver::new(1.0, |history: &TrainingHistory, _: &StudyState| {
            calls.push(history.reports[&TrialId(0)].len());
        });
        // As measured with the original: a span of 1 s and reports each 0.3 s make calls at 0.3, 1.2, 2.1 and 3.0 s.
        for number in 1..=10_u64 {
            let event = Event::Reported {
                trial: TrialId(0),
                time: VirtualTime(number * 300_000_000),
                fuel: Fuel(0),
                report: Report::default(),
                searcher_info: Vec::new(),
                decision: Decision::Continue,
            };
            let entry = Entry { sequence: Sequence(number), event, digest: Digest::of(b"") };
            observer.on_event(&entry, &StudyState::new(Metrics::default()));
        }
        drop(observer);
        assert_eq!(calls, [1, 4, 7, 10]);
    }

    #[test]
    fn a_row_has_the_bracket_of_its_own_job_also_where_the_state_knows_of_the_next() {
        let trial = TrialId(0);
        let job = |bracket| Event::TrialResumed {
            trial,
            slot: Slot(0),
            time: VirtualTime(0),
            resume_from: 1,
            bracket: Some(bracket),
            milestone: None,
        };
        let report = || Event::Reported {
            trial,
            time: VirtualTime(0),
            fuel: Fuel(0),
            report: Report::default(),
            searcher_info: Vec::new(),
            decision: Decision::Pause,
        };
        let paused = Event::TrialPaused { trial, time: VirtualTime(0), fuel: Fuel(0), level: 1 };
        let started = Event::TrialStarted {
            trial,
            slot: Slot(0),
            time: VirtualTime(0),
            seed: Seed(0),
            config: Config::default(),
            bracket: Some(2),
            milestone: Some(1),
        };
        let events = [started, report(), paused, job(0), report()];
        let mut ahead = StudyState::new(Metrics::default());
        events.iter().for_each(|event| ahead.apply(event));
        let mut observer = HistoryObserver::new(1.0, |_: &TrainingHistory, _: &StudyState| {});
        for (sequence, event) in (0..).zip(events) {
            observer.on_event(&Entry { sequence: Sequence(sequence), event, digest: Digest::of(b"") }, &ahead);
        }
        let brackets: Vec<&Value> = observer.history.reports[&trial].iter().map(|row| &row[0].value).collect();
        assert_eq!(brackets, [&Value::Integer(2), &Value::Integer(0)]);
    }
}
