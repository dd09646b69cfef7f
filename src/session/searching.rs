//! Who searches: the one place where a study gets its searcher. Those of the core make themselves; a component is run.

use std::path::Path;

use super::SessionError;
use crate::executor::{ComponentSearcher, Interrupt, RunOptions, SearcherProgram};
use crate::numeric::amount::Seed;
use crate::numeric::random::{Purpose, Stream};
use crate::searcher::{ComponentSearcherError, Searcher, SearcherSpec};
use crate::study::{Study, StudySpec};

/// The study of that specification at its start. `component` is the file of the component that searches, if one does.
///
/// # Errors
/// If the specification is not well formed, or the component cannot be had or is not fit.
pub fn study(
    spec: StudySpec,
    component: Option<&Path>,
    options: &RunOptions,
    interrupt: &Interrupt,
) -> Result<Study, SessionError> {
    // Before any worker is started for it.
    spec.check()?;
    let searcher = searcher(&spec, component, options, interrupt)?;
    Ok(Study::with_searcher(spec, searcher)?)
}

/// The searcher of that specification at its start. `component` is the file of the component that searches, if one does.
///
/// # Errors
/// If the component cannot be had or is not fit.
pub fn searcher(
    spec: &StudySpec,
    component: Option<&Path>,
    options: &RunOptions,
    interrupt: &Interrupt,
) -> Result<Box<dyn Searcher>, SessionError> {
    let SearcherSpec::Component(settings) = &spec.searcher else {
        return Ok(spec.build_searcher());
    };
    let Some(component) = component else {
        return Err(SessionError::Spec(ComponentSearcherError::NotRun.into()));
    };
    let program = SearcherProgram {
        component: component.to_owned(),
        settings: settings.clone(),
        space: spec.space.clone(),
        seed: Seed(Stream::new(spec.seed, Purpose::Searcher, 0, 0).next_u64()),
        float_mode: spec.float_mode,
    };
    match ComponentSearcher::start(program, options, interrupt) {
        Ok(searcher) => Ok(Box::new(searcher)),
        Err(error) => Err(error.into()),
    }
}
