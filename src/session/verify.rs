//! Runs a recorded study anew and compares every event.

use std::path::Path;

use super::inputs::materialize_searcher;
use super::{SessionError, materialize, study};
use crate::executor::{self, Interrupt, Reuse, RunEnd, RunOptions, VerifyingJournal};
use crate::numeric::digest::Digest;
use crate::store::Reader;
use crate::study::{Clock, GpuAdapter, Observer, StudySpec};

/// What a verification found, if it found no difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verification {
    /// How many events were found equal.
    pub events: u64,
    /// The digest of the log.
    pub digest: Digest,
    /// Whether the log holds the whole study; if not, it was found to be a prefix of it.
    pub is_whole: bool,
    /// Whether the verification itself was cut off, so that `events` are fewer than the log has.
    pub was_interrupted: bool,
}

/// A study was run on another GPU than this machine's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherGpu {
    /// What it was run on.
    pub theirs: Box<GpuAdapter>,
    /// What this machine has.
    pub ours: Box<GpuAdapter>,
}

/// The GPU on which a study was run, and this machine's, if they are two.
///
/// # Errors
/// If the study needs a GPU, and this machine has none that is fit.
pub fn other_gpu(spec: &StudySpec, options: &RunOptions) -> Result<Option<OtherGpu>, SessionError> {
    let Some(gpu) = &spec.gpu else { return Ok(None) };
    let ours = executor::gpu_adapter(&gpu.grant, options)?;
    let theirs = &gpu.adapter;
    Ok((*theirs != ours).then(|| OtherGpu { theirs: Box::new(theirs.clone()), ours: Box::new(ours) }))
}

/// Runs the study of a store anew, from the inputs that the store holds, and compares every event with the log. `folder` is
/// where the inputs are written; it must exist and may be removed afterwards.
///
/// # Errors
/// [`ExecutorError::Journal`](crate::executor::ExecutorError::Journal) with a [`Difference`](crate::executor::Difference) if
/// the runs differ; [`SessionError::WallClock`] if another run would differ anyway; else if the store is damaged, its inputs are not kept, or the run fails.
pub fn verify(
    path: &Path,
    folder: &Path,
    options: &RunOptions,
    observers: &mut [&mut dyn Observer],
    interrupt: &Interrupt,
) -> Result<Verification, SessionError> {
    let reader = Reader::open(path)?;
    let spec: StudySpec = reader.spec()?;
    if spec.clock == Clock::Wall {
        return Err(SessionError::WallClock);
    }
    let program = materialize(&reader, &spec, folder)?;
    let searcher = materialize_searcher(&reader, &spec, folder)?;
    // Reads the whole log once first: a damaged one is told as such, not as a difference.
    let chain = reader.head()?;
    let other_gpu = other_gpu(&spec, options)?;
    let mut study = study(spec, searcher.as_deref(), options, interrupt)?;
    let at_end = Interrupt::default();
    let mut journal = VerifyingJournal::new(reader.entries(), at_end.clone());
    let either = Interrupt::either(&at_end, interrupt);
    // What is compared must be what trials do, not what somebody wrote down.
    let options = RunOptions { reuse: Reuse::Never, ..options.clone() };
    let end = executor::run(&mut study, &program, &mut journal, observers, &options, &either);
    let end = end.map_err(|error| match other_gpu {
        Some(OtherGpu { theirs, ours }) => SessionError::OtherGpu { theirs, ours, difference: Box::new(error) },
        None => error.into(),
    })?;
    let events = journal.compared();
    Ok(Verification {
        events,
        digest: chain.head(),
        // A short study may have come to its end before anybody asked whether its log had.
        is_whole: end == RunEnd::Finished && events == chain.len() && !at_end.is_requested(),
        was_interrupted: events < chain.len(),
    })
}
