//! Carries out what a study wants done, by looking it up.
//!
//! Every trial in a slot has its next report waiting in the machine, which consumes the earliest. So the machine's order is the
//! only one, and nothing runs ahead of a decision.

use super::table::Table;
use crate::numeric::amount::TrialId;
use crate::scheduler::Decision;
use crate::space::{Config, Value};
use crate::study::{
    Action, Attribute, Entry, Event, Input, Job, Outcome, Report, SpecError, Study, StudyError, StudySpec, StudyState,
};

/// How many improvements are noted down at most.
const IMPROVEMENTS_MAX: usize = 10_000;

/// A study that was simulated.
pub struct Simulated {
    /// The machine at the end of the study.
    pub study: Study,
    /// How many epochs were trained, one a report.
    pub epochs: u64,
    /// When a reward was the largest so far, in order; the first 10,000.
    pub improvements: Vec<Improvement>,
    /// The largest reward that a trial reported, at whatever epoch.
    pub best_seen: Option<f64>,
}

/// A reward that was the largest so far.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Improvement {
    /// The trial that reported it.
    pub trial: TrialId,
    /// How many epochs were trained by then, in all trials.
    pub epochs: u64,
    /// When it was, in virtual seconds.
    pub seconds: f64,
    /// The reward.
    pub reward: f64,
}

/// A simulation cannot go on. `E` is what can go wrong with the log.
#[derive(Debug, thiserror::Error)]
pub enum SimulationError<E> {
    /// The specification is not well formed.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// The study compares trials by a constraint, of which a table of curves says nothing.
    #[error("the study has the `constraint_attr` `{0}`, but a table of learning curves has rewards only")]
    Constraint(String),
    /// The study has several replicates of each trial, of which a table has one row.
    #[error("the study has `replicates`, but a table of learning curves has one row for each configuration")]
    Replicates,
    /// The table has no row for a configuration.
    #[error("the table has no row for trial {trial}: {config}")]
    NoRow {
        /// The trial.
        trial: TrialId,
        /// Its configuration.
        config: Config,
    },
    /// The machine refused what a trial did.
    #[error(transparent)]
    Study(#[from] StudyError),
    /// An entry of the log could not be taken.
    #[error("the log cannot be written")]
    Log(E),
}

/// A trial, as far as it has come.
struct Progress {
    row: u32,
    /// How many epochs were told of.
    epochs: u64,
    has_ended: bool,
}

struct Simulation<'a> {
    table: &'a Table,
    study: Study,
    /// By number of the trial.
    trials: Vec<Progress>,
}

/// Runs a study to its end, whose space is the table's. `log` is given each entry with the state after it.
///
/// # Errors
/// If the specification does not fit a table, the table has no row for a configuration, or `log` fails.
pub fn run<E>(
    spec: StudySpec,
    table: &Table,
    log: impl FnMut(&Entry, &StudyState) -> Result<(), E>,
) -> Result<Simulated, SimulationError<E>> {
    run_study(Study::new(spec)?, table, log)
}

/// The same with a study that was just made.
///
/// # Errors
/// As [`run`].
pub fn run_study<E>(
    study: Study,
    table: &Table,
    mut log: impl FnMut(&Entry, &StudyState) -> Result<(), E>,
) -> Result<Simulated, SimulationError<E>> {
    if let Some(constraint) = &study.spec().metrics.constraint_attr {
        return Err(SimulationError::Constraint(constraint.clone()));
    }
    if study.spec().replicates.count > 1 {
        return Err(SimulationError::Replicates);
    }
    let reward_attr = study.spec().metrics.reward_attr.clone();
    let mut simulation = Simulation { table, study, trials: Vec::new() };
    let (mut epochs, mut improvements, mut best_seen) = (0, Vec::new(), None);
    while let Some(action) = simulation.study.poll_action() {
        match action {
            Action::Append(entry) => {
                log(&entry, simulation.study.state()).map_err(SimulationError::Log)?;
                let Event::Reported { trial, time, report, decision, .. } = &entry.event else { continue };
                epochs += 1;
                let reward = report.get(&reward_attr).and_then(Value::as_number);
                if let Some(reward) = reward.filter(|reward| best_seen.is_none_or(|best| *reward > best)) {
                    best_seen = Some(reward);
                    if improvements.len() < IMPROVEMENTS_MAX {
                        improvements.push(Improvement { trial: *trial, epochs, seconds: time.seconds(), reward });
                    }
                }
                // One that may not report again has nothing left to do.
                simulation.go_on::<E>(*trial, *decision == Decision::Stop)?;
            }
            Action::Launch(job) => simulation.launch::<E>(&job)?,
            Action::Continue { .. } | Action::Pause(_) | Action::Stop(_) => {}
        }
    }
    simulation.study.check_searcher()?;
    Ok(Simulated { study: simulation.study, epochs, improvements, best_seen })
}

impl Simulation<'_> {
    fn launch<E>(&mut self, job: &Job) -> Result<(), SimulationError<E>> {
        // New trials are launched in the order of their numbers.
        if job.trial.0 == self.trials.len() as u64 {
            let no_row = || SimulationError::<E>::NoRow { trial: job.trial, config: job.config.clone() };
            let row = self.table.row(&job.config).ok_or_else(no_row)?;
            self.trials.push(Progress { row, epochs: 0, has_ended: false });
        }
        self.go_on(job.trial, false)
    }

    /// Tells the machine what a trial does next, if it runs and that is not known there yet.
    fn go_on<E>(&mut self, trial: TrialId, is_over: bool) -> Result<(), SimulationError<E>> {
        if self.study.job(trial).is_none() || self.study.bytes_waiting(trial) > 0 {
            return Ok(());
        }
        let known = usize::try_from(trial.0).ok().and_then(|index| self.trials.get_mut(index));
        let Some(known) = known.filter(|known| !known.has_ended) else { return Ok(()) };
        let epoch = known.epochs + 1;
        let is_complete = is_over || epoch > self.table.epochs();
        if !is_complete {
            known.epochs = epoch;
        }
        let fuel = self.table.fuel(known.row, known.epochs);
        let input = match self.table.reward(known.row, epoch).filter(|_| !is_complete) {
            Some(reward) => Input::Reported { trial, fuel, report: self.report(epoch, reward) },
            None => {
                known.has_ended = true;
                let message = format!("the table has no value after epoch {epoch}");
                let outcome = if is_complete { Outcome::Completed } else { Outcome::Failed { message } };
                Input::Ended { trial, fuel, outcome, artifacts: Vec::new() }
            }
        };
        Ok(self.study.handle(input)?)
    }

    fn report(&self, epoch: u64, reward: f64) -> Report {
        let metrics = &self.study.spec().metrics;
        let attribute = |name: &str, value| Attribute { name: name.to_owned(), value };
        let count = Value::Integer(i64::try_from(epoch).unwrap_or(i64::MAX));
        let time = (!metrics.time_is_fuel()).then(|| attribute(&metrics.time_attr, count));
        let reward = attribute(&metrics.reward_attr, Value::Real(reward));
        Report { attributes: time.into_iter().chain([reward]).collect() }
    }
}
