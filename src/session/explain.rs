//! What was decided in a recorded study, and why: its log run through the machine, without running any trial.

use super::SessionError;
use crate::numeric::amount::TrialId;
use crate::store::Reader;
use crate::study::{Explainer, Explanation, Study};

/// The machine at the end of a recorded log.
///
/// # Errors
/// If the log cannot be read, or this build decides otherwise than it says.
pub fn reproduced(reader: &Reader) -> Result<Study, SessionError> {
    let mut study = Study::new(reader.spec()?)?;
    for entry in reader.entries() {
        study.reproduce(&entry?)?;
    }
    Ok(study)
}

/// What was decided on a trial, in order, each with what it rested on.
///
/// # Errors
/// As [`reproduced`].
pub fn explain(reader: &Reader, trial: TrialId) -> Result<Vec<Explanation>, SessionError> {
    let mut explainer = Explainer::new(reader.spec()?, trial)?;
    for entry in reader.entries() {
        explainer.follow(&entry?)?;
    }
    Ok(explainer.finish())
}
