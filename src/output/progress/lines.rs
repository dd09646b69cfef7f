//! One line for each trial that ends or is paused, for pipes and logs.

use std::collections::BTreeSet;
use std::io::Write;

use super::LineWriter;
use crate::numeric::amount::TrialId;
use crate::output::number;
use crate::output::sanitize::{fit, printable};
use crate::output::summary::{Counts, ending};
use crate::space::Domain;
use crate::study::Observer;
use crate::study::{Entry, Event, StudySpec, StudyState, TrialRecord};

/// How long a line may be, so that a hostile component cannot flood a log.
const LINE_COLUMNS_MAX: usize = 400;

pub(super) struct Lines<W> {
    writer: LineWriter<W>,
    /// How many digits trials' numbers may have.
    digits: usize,
    /// The names of constants, which are the same in every line.
    constants: Vec<String>,
    /// The trials whose results came from a cache, of those that run.
    cached: BTreeSet<TrialId>,
}

impl<W: Write> Lines<W> {
    pub(super) fn new(spec: &StudySpec, writer: W) -> Self {
        let is_constant = |domain: &Domain| matches!(domain, Domain::Constant(_));
        let parameters = spec.space.parameters().iter();
        Self {
            writer: LineWriter::new(writer),
            digits: spec.num_trials.map_or(1, |trials| trials.saturating_sub(1).to_string().len()),
            cached: BTreeSet::new(),
            constants: parameters.filter(|it| is_constant(&it.domain)).map(|it| it.name.clone()).collect(),
        }
    }

    /// `trial 12  0.9644    completed  1.2 virtual s  lr = 0.01  (best so far)`
    fn trial(&self, trial: &TrialRecord, is_best: bool) -> String {
        let reward = trial.reward.map_or("-".into(), number::real);
        let time = number::virtual_time(trial.fuel);
        let status = crate::output::trials::status(trial);
        let mut line =
            format!("trial {:>digits$}  {reward:<8}  {status:<10}  {time}", trial.trial.0, digits = self.digits);
        // Before the configuration, which may be cut off.
        if self.cached.contains(&trial.trial) {
            line.push_str("  (cached)");
        }
        if is_best {
            line.push_str("  (best so far)");
        }
        let config = trial.config.iter().filter(|(name, _)| !self.constants.iter().any(|constant| constant == name));
        let config: Vec<String> =
            config.map(|(name, value)| format!("{} = {}", printable(name, 40), number::value(value))).collect();
        if !config.is_empty() {
            line.push_str("  ");
            line.push_str(&config.join(", "));
        }
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
            Event::StudyStarted { .. }
            | Event::TrialStarted { .. }
            | Event::TrialResumed { .. }
            | Event::Reported { .. }
            | Event::Judged { .. } => {}
        }
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

    #[test]
    fn trials_are_told_as_they_end() {
        let mut written = Vec::new();
        fixture::replay(&mut Lines::new(&fixture::study().0, &mut written));
        let expected = "\
trial 0  0.8       completed   1.0 virtual s  (best so far)  activation = tanh, learning_rate = 0.01
trial 1  0.9644    completed   2.5 virtual s  (best so far)  activation = relu, learning_rate = 0.05
trial 2  -         out of fuel  1000.0 virtual s  activation = relu, learning_rate = 0.1  (out of fuel: went past the limit `fuel_max`)
";
        let text = String::from_utf8(written).unwrap();
        assert_eq!(text, expected);
    }
}
