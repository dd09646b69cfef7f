//! What was decided in a recorded study, and why: its log run through the machine, without running any trial.

use super::SessionError;
use crate::numeric::amount::TrialId;
use crate::searcher::{RecordedSearcher, SearcherSpec};
use crate::store::Reader;
use crate::study::{Event, Explainer, Explanation, Study};

/// The machine at the end of a recorded log.
///
/// # Errors
/// If the log cannot be read, or this build decides otherwise than it says.
pub fn reproduced(reader: &Reader) -> Result<Study, SessionError> {
    let mut study = begun(reader)?;
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
    let mut explainer = Explainer::of(begun(reader)?, trial);
    for entry in reader.entries() {
        explainer.follow(&entry?)?;
    }
    Ok(explainer.finish())
}

/// The machine at the beginning of a recorded log. A searcher that thinks is not run for it: what it suggested is in the log.
fn begun(reader: &Reader) -> Result<Study, SessionError> {
    let spec = reader.spec()?;
    // These two suggest in less time than it takes to read the log once more. And what a searcher said of its model is no part of
    // a suggestion, so only the searcher itself can say it again.
    let is_quick = matches!(spec.searcher, SearcherSpec::Random(_) | SearcherSpec::Grid(_));
    if is_quick || spec.training_history_searcher_info && !matches!(spec.searcher, SearcherSpec::Component(_)) {
        return Ok(Study::new(spec)?);
    }
    let (mut configs, mut failure) = (Vec::new(), None);
    for entry in reader.entries() {
        match entry?.event {
            Event::TrialStarted { config, .. } => configs.push(config),
            Event::SearcherFailed { message, .. } => failure = Some(message),
            _ => {}
        }
    }
    Ok(Study::with_searcher(spec, Box::new(RecordedSearcher::new(configs, failure)))?)
}
