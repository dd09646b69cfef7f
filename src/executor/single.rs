//! One-off work by a worker: looking at a component, or running a single trial outside a study.

use std::path::Path;
use std::time::Duration;

use super::compiling::compiled;
use super::computing::{self, GpuAccess};
use super::confinement::Layer;
use super::hearing::{Bounds, Heard};
use super::message::{Assignment, FromWorker, Happening, Launch, Place, ToWorker};
use super::pool::{FromPool, Pool, WorkerHandle};
use super::{ExecutorError, Interrupt, Program, RunOptions};
use crate::numeric::amount::{Fuel, Slot, TrialId, VirtualTime};
use crate::numeric::digest::Digest;
use crate::sandbox::{Arguments, Artifact, Inspection, SearcherInspection};
use crate::study::{FloatMode, Limits, Outcome, Report};

const POLL: Duration = Duration::from_millis(100);

/// What a single trial does, as it happens.
#[derive(Clone, Debug, PartialEq)]
pub enum TrialProgress {
    /// It is about to run in a worker that is confined but for these layers, as people read them.
    Confined(Vec<String>),
    /// It made its next report.
    Reported(Fuel, Report),
    /// It wrote to its log.
    Logged(String),
    /// It read something of that digest back from the GPU.
    ReadBack(Fuel, Digest),
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

/// Checks and compiles a component and asks for its description, in workers.
///
/// # Errors
/// If the component is not fit, or a worker is lost.
pub fn inspect(
    component: &Path,
    limits: &Limits,
    float_mode: FloatMode,
    options: &RunOptions,
    interrupt: &Interrupt,
) -> Result<Inspection, ExecutorError> {
    let component = compiled(component, float_mode, options, interrupt)?;
    let mut only =
        Only::new(options, interrupt, Assignment::Inspect { component, limits: limits.clone(), float_mode })?;
    loop {
        if let FromWorker::Inspected(inspected) = only.next()? {
            return inspected.map_err(ExecutorError::Component);
        }
    }
}

/// Checks and compiles a component that searches, in workers.
///
/// # Errors
/// If the component is not fit, or a worker is lost.
pub fn inspect_searcher(
    component: &Path,
    float_mode: FloatMode,
    options: &RunOptions,
    interrupt: &Interrupt,
) -> Result<SearcherInspection, ExecutorError> {
    let component = compiled(component, float_mode, options, interrupt)?;
    let mut only = Only::new(options, interrupt, Assignment::InspectSearcher { component, float_mode })?;
    loop {
        if let FromWorker::InspectedSearcher(inspected) = only.next()? {
            return inspected.map_err(ExecutorError::Component);
        }
    }
}

/// What a trial that uses a GPU reads back from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadBacks {
    /// What this machine's GPU computes.
    Computed,
    /// What was recorded of an earlier run, in that order. No GPU is needed then; everything else is checked and charged as ever.
    Recorded(Vec<Vec<u8>>),
}

/// Runs a single trial in a worker, to its end.
///
/// # Errors
/// If the component or the data cannot be had, or a worker is lost.
pub fn run_trial(
    program: &Program,
    arguments: Arguments,
    read_backs: ReadBacks,
    options: &RunOptions,
    interrupt: &Interrupt,
    mut on_progress: impl FnMut(TrialProgress),
) -> Result<TrialResult, ExecutorError> {
    let code = compiled(&program.component, program.float_mode, options, interrupt)?.code;
    let gpu = GpuAccess::of(program, options).map(|access| match read_backs {
        ReadBacks::Computed => access,
        ReadBacks::Recorded(contents) => access.recorded(contents),
    });
    let assignment = Assignment::Train { program: Box::new(program.clone()), code, paused_memory_bytes_max: 0, gpu };
    let mut only = Only::new(options, interrupt, assignment)?;
    only.stall_time_max += computing::patience(program);
    let (slot, start, fuel_before) = (Slot(0), VirtualTime(0), Fuel(0));
    let place = Place { slot, start, fuel_before, milestone: None, is_early: false };
    only.worker.tell(ToWorker::Launch(Launch { trial: TrialId(0), place, arguments }));
    let Program { limits, replication, gpu, .. } = program;
    let (bounds, mut heard) = (Bounds::new(limits, &replication.replicates, gpu.as_ref()), Heard::default());
    loop {
        let happenings = match only.next()? {
            FromWorker::Confined(missing) => {
                on_progress(TrialProgress::Confined(missing.iter().map(Layer::to_string).collect()));
                continue;
            }
            FromWorker::Loaded(loaded) => {
                loaded.map_err(ExecutorError::Load)?;
                continue;
            }
            FromWorker::Happened(happenings) => happenings,
            _ => continue,
        };
        for happening in happenings {
            heard
                .take(&happening, &bounds)
                .map_err(|impossible| ExecutorError::WorkerLost { words: impossible.to_string() })?;
            match happening {
                Happening::Reported { fuel, report, .. } => on_progress(TrialProgress::Reported(fuel, report)),
                Happening::Logged { piece, .. } => on_progress(TrialProgress::Logged(piece.text)),
                Happening::ReadBack { fuel, digest, .. } => on_progress(TrialProgress::ReadBack(fuel, digest)),
                Happening::Advanced { .. } | Happening::Waiting { .. } | Happening::Dropped { .. } => {}
                Happening::Ended { fuel, outcome, artifacts, .. } => {
                    return Ok(TrialResult { fuel, outcome, artifacts });
                }
            }
        }
    }
}

/// A worker that is the only one of its pool.
pub(super) struct Only {
    pool: Pool,
    pub(super) worker: WorkerHandle,
    stall_time_max: Duration,
    interrupt: Interrupt,
}

impl Only {
    /// Starts it on its assignment. A request of `interrupt` cuts off whatever is waited for.
    pub(super) fn new(
        options: &RunOptions,
        interrupt: &Interrupt,
        assignment: Assignment,
    ) -> Result<Self, ExecutorError> {
        let mut pool = Pool::new(options);
        let worker = pool.spawn(assignment)?;
        Ok(Self { pool, worker, stall_time_max: options.stall_time_max, interrupt: interrupt.clone() })
    }

    /// The worker's next message. That it is confined as it must be, and that it is alive, is seen to here.
    pub(super) fn next(&mut self) -> Result<FromWorker, ExecutorError> {
        loop {
            if let Some(message) = self.next_until(POLL)? {
                return Ok(message);
            }
            if self.worker.silence() > self.stall_time_max {
                return Err(ExecutorError::WorkerLost { words: stalled(self.stall_time_max) });
            }
        }
    }

    /// The same, none if nothing comes for so long.
    pub(super) fn next_until(&mut self, timeout: Duration) -> Result<Option<FromWorker>, ExecutorError> {
        if self.interrupt.is_requested() {
            return Err(ExecutorError::Interrupted);
        }
        match self.pool.receive(timeout) {
            Some(FromPool::Said(_, message)) => {
                self.worker.hear();
                match message {
                    FromWorker::Broken(words) => Err(ExecutorError::WorkerLost { words }),
                    FromWorker::Alive => Ok(None),
                    message => {
                        if let FromWorker::Confined(missing) = &message {
                            self.pool.accept(missing)?;
                        }
                        Ok(Some(message))
                    }
                }
            }
            Some(FromPool::Gone(_, words)) => Err(ExecutorError::WorkerLost { words }),
            None => Ok(None),
        }
    }
}

/// What is said of a worker that was silent for so long.
pub(super) fn stalled(stall_time_max: Duration) -> String {
    format!("what it ran made no progress for {} s, which is `stall_time_max`", stall_time_max.as_secs_f64())
}
