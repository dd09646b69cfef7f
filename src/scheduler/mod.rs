//! Schedulers decide which trial a free slot runs next, and whether a trial goes on after a report.
//!
//! Part of the core; uses `numeric` only. A scheduler never sees a study, a searcher or a configuration: it is told plain data,
//! and what it answers is a function of its settings and of what it was told before.

mod fifo;

use serde::{Deserialize, Serialize};

pub use fifo::FifoScheduler;

use crate::numeric::amount::TrialId;

/// Which scheduler a study uses, with its options.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SchedulerSpec {
    /// First in, first out: every trial runs to its end.
    #[default]
    Fifo,
}

/// What a free slot does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextJob {
    /// It starts a new trial.
    Start,
}

/// What becomes of a trial after a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// It goes on.
    Continue,
    /// It ends here.
    Stop,
}

/// What a scheduler needs of a report.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// The trial.
    pub trial: TrialId,
    /// The resource spent, if the report says.
    pub time: Option<u64>,
    /// The reward reached, if the report says; finite.
    pub reward: Option<f64>,
}

/// A scheduling algorithm.
pub trait Scheduler: Send {
    /// What a free slot does next. The study's own bounds (number of trials, time-out) are not the scheduler's concern.
    fn next_job(&mut self) -> NextJob;

    /// Decides on a report. Decisions are made in the order of virtual time.
    fn on_report(&mut self, progress: &Progress) -> Decision;

    /// Takes note that a trial has ended, however it did.
    fn on_trial_end(&mut self, _trial: TrialId) {}

    /// Whether an answer to a report can depend on other trials. If not, a trial need not wait for it.
    fn compares_trials(&self) -> bool;
}

impl SchedulerSpec {
    /// The scheduler with these settings, at its start.
    #[must_use]
    pub fn build(&self) -> Box<dyn Scheduler> {
        match self {
            Self::Fifo => Box::new(FifoScheduler),
        }
    }

    /// The name in study files.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Fifo => "fifo",
        }
    }
}
