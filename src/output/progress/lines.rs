//! One line for each event, or for each trial that ends or is paused: for pipes, logs, and who has a screen read out.

use std::collections::BTreeSet;
use std::io::Write;

use super::{LineWriter, LinesOf};
use crate::numeric::amount::TrialId;
use crate::output::number;
use crate::output::sanitize::{fit, printable};
use crate::output::summary::{Counts, ending};
use crate::scheduler::Decision;
use crate::space::{Config, Domain};
use crate::study::Observer;
use crate::study::{Entry, Event, Report, RunProgress, StudySpec, StudyState, TrialRecord};

/// How long a line may be, so that a hostile component cannot flood a log.
const LINE_COLUMNS_MAX: usize = 400;

pub(super) struct Lines<W: Write> {
    writer: LineWriter<W>,
    of: LinesOf,
    time_attr: String,
    /// How many digits trials' numbers may have.
    digits: usize,
    /// The names of constants, which are the same in every line.
    constants: Vec<String>,
    /// The trials whose results came from a cache, of those that run.
    cached: BTreeSet<TrialId>,
}

impl<W: Write> Lines<W> {
    pub(super) fn new(spec: &StudySpec, of: LinesOf, writer: W) -> Self {
        let is_constant = |domain: &Domain| matches!(domain, Domain::Constant(_));
        let parameters = spec.space.parameters().iter();
        Self {
            writer: LineWriter::new(writer),
            of,
            time_attr: printable(&spec.metrics.time_attr, 40),
            digits: spec.num_trials.map_or(1, |trials| trials.saturating_sub(1).to_string().len()),
            cached: BTreeSet::new(),
            constants: parameters.filter(|it| is_constant(&it.domain)).map(|it| it.name.clone()).collect(),
        }
    }

    /// `trial 12`
    fn head(&self, trial: TrialId) -> String {
        format!("trial {:>digits$}", trial.0, digits = self.digits)
    }

    /// `  lr = 0.01, activation = relu`, without the constants
    fn config(&self, config: &Config) -> String {
        let varied = config.iter().filter(|(name, _)| !self.constants.iter().any(|constant| constant == name));
        let varied: Vec<String> =
            varied.map(|(name, value)| format!("{} = {}", printable(name, 40), number::value(value))).collect();
        if varied.is_empty() { String::new() } else { format!("  {}", varied.join(", ")) }
    }

    /// `trial 12  reported  epoch = 3, accuracy = 0.95`, and what became of the trial if it does not go on
    fn report(&self, trial: TrialId, report: &Report, decision: Decision) -> String {
        let attributes: Vec<String> = (report.attributes.iter())
            .map(|attribute| format!("{} = {}", printable(&attribute.name, 40), number::value(&attribute.value)))
            .collect();
        let became = match decision {
            Decision::Continue => "",
            Decision::Pause => "  (to be paused)",
            Decision::Stop => "  (to be stopped)",
        };
        format!("{}  reported  {}{became}", self.head(trial), attributes.join(", "))
    }

    /// The line of an event that is none of a trial's end.
    fn other(&self, event: &Event) -> Option<String> {
        let time = &self.time_attr;
        match event {
            Event::TrialStarted { trial, config, .. } => {
                Some(format!("{}  started{}", self.head(*trial), self.config(config)))
            }
            Event::Reported { trial, report, decision, .. } => Some(self.report(*trial, report, *decision)),
            Event::Judged { trial, fuel, .. } => Some(format!("{}  came to {time} {}", self.head(*trial), fuel.0)),
            Event::TrialResumed { trial, resume_from, .. } => {
                Some(format!("{}  promoted from {time} {resume_from}", self.head(*trial)))
            }
            _ => None,
        }
    }

    /// `trial 12  0.9644    completed  1.2 virtual s  lr = 0.01  (best so far)`
    fn trial(&self, trial: &TrialRecord, is_best: bool) -> String {
        let reward = trial.reward.map_or("-".into(), number::real);
        let time = number::virtual_time(trial.fuel);
        let status = crate::output::trials::status(trial);
        let mut line = format!("{}  {reward:<8}  {status:<10}  {time}", self.head(trial.trial));
        // Before the configuration, which may be cut off.
        if self.cached.contains(&trial.trial) {
            line.push_str("  (cached)");
        }
        if is_best {
            line.push_str("  (best so far)");
        }
        line.push_str(&self.config(&trial.config));
        let mut line = fit(&line, LINE_COLUMNS_MAX);
        if let Some(outcome) = trial.outcome().filter(|outcome| outcome.is_failure()) {
            line.push_str(&format!("  ({})", printable(&outcome.to_string(), LINE_COLUMNS_MAX / 2)));
        }
        line
    }
}

impl<W: Write> Observer for Lines<W> {
    fn on_cached(&mut self, trial: TrialId) {
        self.cached.insert(trial);
    }

    fn on_event(&mut self, entry: &Entry, state: &StudyState) {
        match &entry.event {
            Event::StudyEnded { .. } => {
                let counts = Counts::of(state);
                let paused = if counts.paused > 0 { format!(", {} paused", counts.paused) } else { String::new() };
                self.writer.write(&format!("{}; {} trials{paused}, {}", ending(state), counts.ended(), best(state)));
            }
            Event::SearcherFailed { message, .. } => {
                self.writer.write(&format!("searcher {}", printable(message, LINE_COLUMNS_MAX)));
            }
            Event::TrialEnded { trial, .. } | Event::TrialPaused { trial, .. } => {
                let Some(record) = state.trial(*trial) else { return };
                let is_best = state.best().is_some_and(|best| best.trial == *trial);
                let line = self.trial(record, is_best);
                self.writer.write(&line);
                self.cached.remove(trial);
            }
            Event::StudyStarted { .. } => {}
            event if self.of == LinesOf::Events => {
                let line = self.other(event);
                line.iter().for_each(|line| self.writer.write(&fit(line, LINE_COLUMNS_MAX)));
            }
            _ => {}
        }
    }

    fn on_tick(&mut self, _progress: &RunProgress, _state: &StudyState) {
        self.writer.flush();
    }
}

/// The best reward and its trial, in words.
pub(super) fn best(state: &StudyState) -> String {
    match state.best() {
        Some(best) => format!("best {} (trial {})", number::real(best.reward), best.trial),
        None => "no best trial".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::fixture;

    fn told(of: LinesOf) -> String {
        let mut written = Vec::new();
        fixture::replay(&mut Lines::new(&fixture::study().0, of, &mut written));
        String::from_utf8(written).unwrap()
    }

    #[test]
    fn trials_are_told_as_they_end() {
        let expected = "\
trial 0  0.8       completed   1.0 virtual s  (best so far)  activation = tanh, learning_rate = 0.01
trial 1  0.9644    completed   2.5 virtual s  (best so far)  activation = relu, learning_rate = 0.05
trial 2  -         out of fuel  1000.0 virtual s  activation = relu, learning_rate = 0.1  (out of fuel: went past the limit `fuel_max`)
";
        assert_eq!(told(LinesOf::Trials), expected);
    }

    #[test]
    fn every_event_of_a_trial_is_a_line() {
        let text = told(LinesOf::Events);
        let of_trial_0: Vec<&str> = text.lines().filter(|line| line.starts_with("trial 0")).collect();
        let expected = [
            "trial 0  started  activation = tanh, learning_rate = 0.01",
            "trial 0  reported  epoch = 10, accuracy = 0.8",
            "trial 0  0.8       completed   1.0 virtual s  (best so far)  activation = tanh, learning_rate = 0.01",
        ];
        assert_eq!(of_trial_0, expected);
        assert_eq!(text.lines().count(), fixture::events().len() - 1);
    }
}
