//! A study from its beginning to its end, for programs: made from a component and settings, run, resumed, verified.
//!
//! It joins the core, the sandbox, the store and the executor, and is what the command line is made of. [`StudyBuilder`] is
//! the way in for programs.

mod builder;
mod difference;
mod explain;
mod history;
mod inputs;
mod planning;
mod searching;
mod verify;

use std::path::{Path, PathBuf};

pub use builder::{StudyBuilder, StudyResult};
pub use explain::{explain, reproduced};
pub use history::TrainingHistory;
pub use inputs::{InputError, data_id, materialize};
pub use planning::{Examined, Plan, SourceError, Sources, examine_searcher};
pub use searching::{searcher, study};
pub use verify::{OtherGpu, Verification, other_gpu, verify};

use crate::executor::{self, ExecutorError, Interrupt, RunEnd, RunOptions, StoreJournal};
use crate::store::{Reader, Store, StoreError};
use crate::study::{GpuAdapter, Observer, SpecDifference, SpecError, Study, StudyError, StudySpec};

/// A study cannot be run, resumed or verified.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The specification is not well formed.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// The study file fails.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The run fails.
    #[error(transparent)]
    Executor(#[from] ExecutorError),
    /// The log cannot be reproduced.
    #[error(transparent)]
    Study(#[from] StudyError),
    /// A component or data set cannot be had.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The study in the store is another one.
    #[error("the study in `{}` is another one: its `{}` differs", path.display(), difference.part)]
    Differs {
        /// The store.
        path: PathBuf,
        /// Where it differs.
        difference: Box<SpecDifference>,
    },
    /// The study decided as things came in.
    #[error("the study ran with `clock = \"wall\"`: it decided as reports came in, which no second run repeats")]
    WallClock,
    /// The study was run on another GPU than this machine's, and a second run differs.
    #[error("the study was run on {theirs}, this machine computes on {ours}: {difference}")]
    OtherGpu {
        /// What the study was run on.
        theirs: Box<GpuAdapter>,
        /// What this machine has.
        ours: Box<GpuAdapter>,
        /// Where the second run differs.
        #[source]
        difference: Box<ExecutorError>,
    },
    /// What a builder was told does not fit together.
    #[error("{0}")]
    Builder(String),
}

impl From<SourceError> for SessionError {
    fn from(error: SourceError) -> Self {
        match error {
            SourceError::Component(error) | SourceError::Searcher(error) | SourceError::Gpu(error) => error.into(),
            error @ SourceError::NoGpuGrant { .. } => Self::Builder(error.to_string()),
            SourceError::Data { source, .. } => source.into(),
        }
    }
}

/// Begins a study in a new store and runs it.
///
/// # Errors
/// If the store exists or fails, or the run fails. What was appended until then is in the store.
pub fn begin(
    plan: &Plan,
    path: &Path,
    options: &RunOptions,
    observers: &mut [&mut dyn Observer],
    interrupt: &Interrupt,
) -> Result<RunEnd, SessionError> {
    let mut study = study_of(plan, options, interrupt)?;
    let mut store = Store::create(path)?;
    inputs::keep(&mut store, plan)?;
    let end =
        executor::run(&mut study, &plan.program, &mut StoreJournal::new(&mut store), observers, options, interrupt);
    finish(store, end)
}

/// Goes on with the study in a store, from where its log ends.
///
/// # Errors
/// If the store holds another study, another process is writing it, its log is damaged, or the run fails.
pub fn resume(
    plan: &Plan,
    path: &Path,
    options: &RunOptions,
    observers: &mut [&mut dyn Observer],
    interrupt: &Interrupt,
) -> Result<RunEnd, SessionError> {
    // A look before anything is written: the store of another study stays as it is.
    if let Ok(theirs) = Reader::open(path).and_then(|reader| reader.spec()) {
        check_same(plan, path, &theirs)?;
    }
    let mut store = Store::open(path)?;
    let mut study = study_of(plan, options, interrupt)?;
    if store.events() > 0 {
        let reader = store.reader()?;
        check_same(plan, path, &reader.spec()?)?;
        for entry in reader.entries() {
            let entry = entry?;
            study.reproduce(&entry).map_err(|error| cut_off(error, interrupt))?;
            for observer in observers.iter_mut() {
                observer.on_recorded(&entry, study.state());
            }
        }
    }
    study.resume();
    inputs::keep(&mut store, plan)?;
    let end =
        executor::run(&mut study, &plan.program, &mut StoreJournal::new(&mut store), observers, options, interrupt);
    finish(store, end)
}

fn study_of(plan: &Plan, options: &RunOptions, interrupt: &Interrupt) -> Result<Study, SessionError> {
    study(plan.spec.clone(), plan.searcher.as_deref(), options, interrupt)
}

/// The error, unless it is that somebody asked to stop while the searcher was waited for.
fn cut_off(error: StudyError, interrupt: &Interrupt) -> SessionError {
    match error {
        StudyError::SearcherLost { .. } if interrupt.is_requested() => ExecutorError::Interrupted.into(),
        error => error.into(),
    }
}

fn check_same(plan: &Plan, path: &Path, theirs: &StudySpec) -> Result<(), SessionError> {
    match difference::difference(&plan.spec, theirs) {
        None => Ok(()),
        Some(difference) => Err(SessionError::Differs { path: path.to_owned(), difference: Box::new(difference) }),
    }
}

fn finish(store: Store, end: Result<RunEnd, ExecutorError>) -> Result<RunEnd, SessionError> {
    match end {
        Ok(end) => {
            store.close()?;
            Ok(end)
        }
        Err(error) => {
            // The first failure is the one to be told.
            let _ = store.close();
            Err(error.into())
        }
    }
}
