//! Where trials run: the driver loop, and workers as processes or threads behind one message protocol.
//!
//! At the edge: threads, processes, clocks and signals live here. It joins the machine ([`crate::study`]), the sandbox and the
//! store. The process that decides never runs guest code, unless it is asked to with [`Isolation::Thread`].

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::numeric::amount::{Fuel, TrialId};
use crate::study::{ComponentId, DataId, Entry, FloatMode, Limits, StudyState};

/// Where guest code runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Isolation {
    /// In child processes.
    #[default]
    Process,
    /// In threads of this process: faster to start, but a flaw in the engine is a flaw in this process.
    Thread,
}

/// How a study is run. None of it changes the study's log.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// How many workers run at a time; at least 1.
    pub jobs: usize,
    /// Where guest code runs.
    pub isolation: Isolation,
    /// When the run is cut off, on the wall clock. The log is then a prefix of the full one, and the study can be resumed.
    pub wall_time_max: Option<Duration>,
}

/// What the trials of a study are made of.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Program {
    /// The file of the component.
    pub component: PathBuf,
    /// What it must contain.
    pub id: ComponentId,
    /// The data sets by name: the file, and what it must contain.
    pub data: BTreeMap<String, (PathBuf, DataId)>,
    /// The bounds on a trial.
    pub limits: Limits,
    /// How NaN is treated.
    pub float_mode: FloatMode,
}

/// A study's run, told to who watches it. Watching never changes it.
pub trait Observer {
    /// An event was put at the end of the log; `state` includes it.
    fn on_event(&mut self, entry: &Entry, state: &StudyState);

    /// Called several times a second, also when nothing happens.
    fn on_tick(&mut self, _progress: &RunProgress, _state: &StudyState) {}
}

/// How the run of a study gets on, on this machine.
#[derive(Clone, Debug, Default)]
pub struct RunProgress {
    /// Since the run began.
    pub wall_time: Duration,
    /// Fuel used by all trials in this run, discarded work included; in steps, as workers tell.
    pub fuel: Fuel,
    /// The trials that are running, with their fuel so far.
    pub running: Vec<(TrialId, Fuel)>,
    /// How many workers were lost and replaced.
    pub workers_lost: u64,
}

/// How a run came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunEnd {
    /// The study has ended.
    Finished,
    /// It was cut off and can be resumed.
    Interrupted(Interruption),
}

/// Why a run was cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interruption {
    /// Somebody asked for it.
    Requested,
    /// `wall_time_max` had passed.
    WallTime,
}
