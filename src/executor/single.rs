//! One-off work by a worker: looking at a component, or running a single trial outside a study.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::message::{FromWorker, Happening, Launch, Place, ToWorker};
use super::pool::{FromPool, Pool, WorkerHandle};
use super::{ExecutorError, Interrupt, Isolation, Program};
use crate::numeric::amount::{Fuel, Slot, TrialId, VirtualTime};
use crate::sandbox::{Arguments, Artifact, Inspection, SearcherInspection};
use crate::study::{FloatMode, Limits, Outcome, Report};

const POLL: Duration = Duration::from_millis(100);

/// What a single trial does, as it happens.
#[derive(Clone, Debug, PartialEq)]
pub enum TrialProgress {
    /// It made its next report.
    Reported(Fuel, Report),
    /// It wrote to its log.
    Logged(String),
}

/// How a single trial ended.
#[derive(Clone, Debug, PartialEq)]
pub struct TrialResult {
    /// Its fuel in all.
    pub fuel: Fuel,
    /// How it ended.
    pub outcome: Outcome,
    /// What it left behind.
    pub artifacts: Vec<Artifact>,
}

/// Checks and compiles a component and asks for its description, in a worker.
///
/// # Errors
/// If the component is not fit, or the worker is lost.
pub fn inspect(
    component: &Path,
    limits: &Limits,
    float_mode: FloatMode,
    isolation: Isolation,
    cache: Option<PathBuf>,
    interrupt: &Interrupt,
) -> Result<Inspection, ExecutorError> {
    let mut pool = Pool::new(isolation);
    let mut worker = pool.spawn()?;
    worker.tell(ToWorker::Inspect { component: component.to_owned(), limits: limits.clone(), float_mode, cache });
    loop {
        match next(&pool, &worker, interrupt)? {
            FromWorker::Inspected(inspected) => return inspected.map_err(ExecutorError::Component),
            FromWorker::Broken(words) => return Err(ExecutorError::WorkerLost { words }),
            _ => {}
        }
    }
}

/// Checks and compiles a component that searches, in a worker.
///
/// # Errors
/// If the component is not fit, or the worker is lost.
pub fn inspect_searcher(
    component: &Path,
    float_mode: FloatMode,
    isolation: Isolation,
    cache: Option<PathBuf>,
    interrupt: &Interrupt,
) -> Result<SearcherInspection, ExecutorError> {
    let mut pool = Pool::new(isolation);
    let mut worker = pool.spawn()?;
    worker.tell(ToWorker::InspectSearcher { component: component.to_owned(), float_mode, cache });
    loop {
        match next(&pool, &worker, interrupt)? {
            FromWorker::InspectedSearcher(inspected) => return inspected.map_err(ExecutorError::Component),
            FromWorker::Broken(words) => return Err(ExecutorError::WorkerLost { words }),
            _ => {}
        }
    }
}

/// Runs a single trial in a worker, to its end.
///
/// # Errors
/// If the component or the data cannot be had, or the worker is lost.
pub fn run_trial(
    program: &Program,
    arguments: Arguments,
    isolation: Isolation,
    cache: Option<PathBuf>,
    interrupt: &Interrupt,
    mut on_progress: impl FnMut(TrialProgress),
) -> Result<TrialResult, ExecutorError> {
    let mut pool = Pool::new(isolation);
    let mut worker = pool.spawn()?;
    worker.tell(ToWorker::Load { program: program.clone(), cache, paused_memory_bytes_max: 0 });
    let (slot, start, fuel_before) = (Slot(0), VirtualTime(0), Fuel(0));
    let place = Place { slot, start, fuel_before, milestone: None, is_early: false };
    let launch = Launch { trial: TrialId(0), place, arguments };
    worker.tell(ToWorker::Launch(launch));
    loop {
        let happenings = match next(&pool, &worker, interrupt)? {
            FromWorker::Loaded(loaded) => {
                loaded.map_err(ExecutorError::Load)?;
                continue;
            }
            FromWorker::Broken(words) => return Err(ExecutorError::WorkerLost { words }),
            FromWorker::Happened(happenings) => happenings,
            _ => continue,
        };
        for happening in happenings {
            match happening {
                Happening::Reported { fuel, report, .. } => on_progress(TrialProgress::Reported(fuel, report)),
                Happening::Logged { piece, .. } => on_progress(TrialProgress::Logged(piece.text)),
                Happening::Advanced { .. } | Happening::Waiting { .. } | Happening::Dropped { .. } => {}
                Happening::Ended { fuel, outcome, artifacts, .. } => {
                    return Ok(TrialResult { fuel, outcome, artifacts });
                }
            }
        }
    }
}

/// The worker's next message.
pub(super) fn next(pool: &Pool, worker: &WorkerHandle, interrupt: &Interrupt) -> Result<FromWorker, ExecutorError> {
    loop {
        match pool.receive(POLL) {
            Some(FromPool::Said(id, message)) if id == worker.id => return Ok(message),
            Some(FromPool::Gone(id, words)) if id == worker.id => return Err(ExecutorError::WorkerLost { words }),
            _ if interrupt.is_requested() => return Err(ExecutorError::Interrupted),
            _ => {}
        }
    }
}
