//! A study's run, told to who watches it.
//!
//! Data and a trait only: the executor tells, the output listens, and neither knows the other.

use std::time::Duration;

use super::{Entry, StudyState};
use crate::numeric::amount::{Fuel, TrialId};

/// A study's run, told to who watches it. Watching never changes it.
pub trait Observer {
    /// An event was put at the end of the log; `state` includes it.
    fn on_event(&mut self, entry: &Entry, state: &StudyState);

    /// An event of an earlier run was read from the log, when a study is resumed.
    fn on_recorded(&mut self, _entry: &Entry, _state: &StudyState) {}

    /// The results of a trial came from a cache; called before the events that follow from them.
    fn on_cached(&mut self, _trial: TrialId) {}

    /// Called several times a second, also when nothing happens.
    fn on_tick(&mut self, _progress: &RunProgress, _state: &StudyState) {}
}

/// A trial that is running, as it was last heard of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunningTrial {
    /// Which.
    pub trial: TrialId,
    /// How much fuel it has used at least.
    pub fuel: Fuel,
    /// How much memory it has, if it was heard; the worker's word, which is only shown.
    pub memory_bytes: Option<u64>,
}

/// How the run of a study gets on, on this machine.
#[derive(Clone, Debug, Default)]
pub struct RunProgress {
    /// Since the run began.
    pub wall_time: Duration,
    /// Fuel used by all trials in this run, discarded work included; in steps, as workers tell.
    pub fuel: Fuel,
    /// The trials that are running.
    pub running: Vec<RunningTrial>,
    /// How many workers were lost and replaced.
    pub workers_lost: u64,
    /// The layers of confinement that this system lacks, by what people call them.
    pub layers_missing: Vec<String>,
    /// How many trials need not run, as their results came from a cache.
    pub cached_trials: u64,
    /// The fuel that they would have used.
    pub cached_fuel: Fuel,
}
